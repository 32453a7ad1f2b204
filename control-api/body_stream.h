#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace faultline {

/// The body of an answer that is not known in full when it begins. It is asked
/// for more as its client takes it: nothing piles up for a client that is slow.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  /// Once, at the beginning. `on_more` is to be called whenever next() has
  /// something after it had nothing; it only takes note, and may be called
  /// until the stream is destroyed.
  virtual void start(std::function<void()> on_more) = 0;

  /// What comes next, `most` bytes at the most; "" if there is nothing yet.
  virtual std::string next(std::size_t most) = 0;

  /// After next() has returned "": whether it always will. The body is whole then.
  virtual bool has_ended() const = 0;

  /// What is sent when nothing was for a while, so that both sides notice if
  /// the other is gone. Not within what next() has begun.
  virtual std::string keep_alive() = 0;

  /// The client has taken nothing for too long, and is let go.
  virtual void on_stalled() noexcept = 0;
};

}  // namespace faultline
