#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "proxy/change.h"

namespace faultline {

/// What has happened, before it has a number. What is empty, 0 or not there is
/// null in JSON.
struct EventDraft {
  std::string type;  ///< "toxic.started"; no blanks or line ends.
  std::string proxy{};
  std::string toxic{};
  std::string partition{};
  std::string run{};        ///< The cause's, if it is "".
  std::uint64_t fault = 0;  ///< Ties a toxic's start to its end.
  Cause cause{};
  std::optional<std::uint64_t> connections{};  ///< Open ones that it reached.
  std::optional<std::uint64_t> applied{};      ///< Connections that it ever did something to.
  std::optional<Duration> took{};              ///< Until it was in force on them.
  std::string before{};                        ///< JSON.
  std::string after{};                         ///< JSON.
  std::string effect{};                        ///< JSON.
};

/// "toxic.started" and the like, with the specs as JSON.
EventDraft event_of(const Change& change);

/// One event, made text once, for all who read it. Immutable.
class Event {
 public:
  /// It happens now.
  Event(std::uint64_t seq, const EventDraft& draft);

  std::uint64_t seq() const { return seq_; }
  const std::string& type() const { return type_; }
  const std::string& proxy() const { return proxy_; }
  const std::string& toxic() const { return toxic_; }
  const std::string& partition() const { return partition_; }
  const std::string& run() const { return run_; }

  /// The envelope, on one line without its end: {"seq":7,"time":...}.
  std::string_view json() const { return {frame_.data() + json_at_, json_bytes_}; }
  /// As server-sent events have it: "id: 7\nevent: toxic.started\ndata: {...}\n\n".
  std::string_view frame() const { return frame_; }
  /// What it takes up in memory, about.
  std::size_t bytes() const { return sizeof(Event) + frame_.size(); }

 private:
  std::uint64_t seq_;
  std::string type_;
  std::string proxy_;
  std::string toxic_;
  std::string partition_;
  std::string run_;
  std::string frame_;
  std::size_t json_at_ = 0;
  std::size_t json_bytes_ = 0;
};

/// Which events a reader wants. Nothing of it: all.
struct EventFilter {
  std::vector<std::string> types{};        ///< Those that begin with one of these: "toxic.".
  std::optional<std::string> proxy{};      ///< Those of the proxy of this name,
  std::optional<std::string> toxic{};      ///< and of toxics of this name.
  std::optional<std::string> partition{};  ///< Of partitions of this name.
  std::optional<std::string> run{};        ///< Of the run of this id, and of its faults.

  bool passes(const Event& event) const;
};

}  // namespace faultline
