#include "control-api/halt_latch.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "control-api/durable_file.h"
#include "control-api/json_reader.h"
#include "control-api/json_writer.h"

namespace faultline {

namespace {

namespace fs = std::filesystem;

std::string halt_json(const HaltLatch::Halt& halt) {
  return R"({"since":)" + json_string(halt.since) + R"(,"owner":)" + json_string(halt.owner) +
         R"(,"reason":)" + json_string(halt.reason) + "}\n";
}

/// The halt in `text`; nothing if it is none.
std::optional<HaltLatch::Halt> parse_halt(const std::string& text) {
  const auto document = parse_strict_json(text);
  const auto* map = document ? document->as<Document::Object>() : nullptr;
  if (map == nullptr) return std::nullopt;
  HaltLatch::Halt halt;
  for (const auto& [key, value] : *map) {
    const auto* field = value.as<std::string>();
    if (field == nullptr) return std::nullopt;
    if (key == "since") halt.since = *field;
    if (key == "owner") halt.owner = *field;
    if (key == "reason") halt.reason = *field;
  }
  return halt;
}

}  // namespace

HaltLatch::HaltLatch(std::string path) : path_(std::move(path)) {
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return;
  is_on_disk_ = true;
  std::ifstream file(path_, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  halt_ = file ? parse_halt(text.str()) : std::nullopt;
  if (!halt_) halt_ = Halt{"", "", "the file of an earlier halt cannot be read: " + path_};
}

Result<void> HaltLatch::set(Halt halt) {
  halt_ = std::move(halt);
  if (path_.empty()) return {};
  const Result<void> written = write_durably(path_, halt_json(*halt_));
  is_on_disk_ = written.has_value();
  return written;
}

Result<void> HaltLatch::lift() {
  if (!path_.empty()) {
    if (auto removed = remove_durably(path_); !removed) return removed;
  }
  halt_.reset();
  is_on_disk_ = false;
  return {};
}

}  // namespace faultline
