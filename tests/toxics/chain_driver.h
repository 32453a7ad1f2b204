#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "toxics/toxic_chain.h"

namespace faultline {

/// A chain with made-up times. Any start will do: nothing here reads a clock.
inline constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));

/// Drives a chain as its pump would, and names its toxics by numbers.
class ChainDriver {
  std::deque<SharedLine> own_lines_;  // First: outlives the chain.

 public:
  explicit ChainDriver(std::size_t window = 1 << 24) : chain(window) {}

  /// Adds a toxic at the end; returns its number. Attributes left out have their
  /// defaults. `line` is what it shares with other chains; null is one of its own.
  std::uint64_t add(const std::string& type, const Attributes& attributes, TimePoint now = kStart,
                    SharedLine* line = nullptr) {
    return add(*find_toxic_type(type), attributes, now, line);
  }

  /// The same for a type that is in no catalogue. `type` outlives the driver.
  std::uint64_t add(const ToxicType& type, const Attributes& attributes = {},
                    TimePoint now = kStart, SharedLine* line = nullptr) {
    settings_.push_back({.id = ++last_id_, .type = &type});
    set(settings_.back(), attributes, line);
    arrange(now);
    return last_id_;
  }

  void change(std::uint64_t id, const Attributes& attributes, TimePoint now,
              SharedLine* line = nullptr) {
    for (Setting& setting : settings_) {
      if (setting.id != id) continue;
      ++setting.revision;
      set(setting, attributes, line);
    }
    arrange(now);
  }

  void remove(std::uint64_t id, TimePoint now) {
    std::erase_if(settings_, [id](const Setting& setting) { return setting.id == id; });
    arrange(now);
  }

  void push(std::string_view bytes, TimePoint now, bool opens_burst = true) {
    if (opens_burst) ++burst_;
    chain.push(Chunk(bytes, {burst_, burst_}), now);
  }

  /// All that leaves by `now`: bytes as they are, and "<fin>", "<close>", "<reset>".
  std::string pop(TimePoint now) {
    std::string text;
    while (std::optional<Signal> signal = chain.pop(now)) {
      if (const Chunk* chunk = std::get_if<Chunk>(&*signal)) {
        text += chunk->bytes();
        pieces.push_back(chunk->size());
      } else if (std::holds_alternative<Finish>(*signal)) {
        text += "<fin>";
      } else if (std::holds_alternative<Close>(*signal)) {
        text += "<close>";
      } else {
        return text + "<reset>";  // A dead chain says so for ever.
      }
    }
    return text;
  }

  ToxicChain chain;
  std::vector<std::size_t> pieces;  ///< The size of each chunk that was popped.

 private:
  struct Setting {
    std::uint64_t id = 0;
    std::uint64_t revision = 0;
    const ToxicType* type = nullptr;
    Attributes attributes{};
    std::shared_ptr<const SampleTable> samples{};
    SharedLine* line = nullptr;
  };

  void set(Setting& setting, const Attributes& attributes, SharedLine* line) {
    setting.attributes = setting.type->default_attributes();
    std::copy(attributes.begin(), attributes.end(), setting.attributes.begin());
    setting.samples = setting.type->samples_of(setting.attributes).value();
    setting.line = line != nullptr ? line : &own_lines_.emplace_back();
  }

  void arrange(TimePoint now) {
    std::vector<StagePlan> plan;
    for (const Setting& setting : settings_) {
      plan.push_back({.id = setting.id,
                      .revision = setting.revision,
                      .type = setting.type,
                      .attributes = &setting.attributes,
                      .chance_key = derive_key(7, setting.id),
                      .samples = setting.samples.get(),
                      .line = setting.line});
    }
    chain.arrange(plan, now);
  }

  std::vector<Setting> settings_;
  std::uint64_t last_id_ = 0;
  std::uint32_t burst_ = 0;
};

}  // namespace faultline
