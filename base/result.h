#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace faultline {

/// What went wrong, sorted by what the receiver can do about it.
enum class ErrorKind {
  kInvalid,      ///< The request or the configuration is wrong; its author must change it.
  kMalformed,    ///< It cannot even be read: no JSON, say.
  kNotFound,     ///< No proxy or toxic has that name.
  kConflict,     ///< The name is already taken.
  kHalted,       ///< Faults are halted: none is taken until the halt is lifted.
  kNetwork,      ///< The peer or the kernel refused; trying again may work.
  kNeedsLookup,  ///< `message` is a host name: look it up, then ask again with the answer.
};

/// One failure, ready to be shown to a person.
struct Error {
  ErrorKind kind;
  std::string message;  ///< One clause, no final full stop: "toxic `lag`: latency must be >= 0".
  /// Where in the document, as a JSON pointer (RFC 6901); "" is all of it, or unknown.
  std::string pointer{};
};

/// A value, or why there is none. The only file that names `tl::`: once the
/// compiler has std::expected, these three lines change and no other.
template <class T>
using Result = tl::expected<T, Error>;
using Fail = tl::unexpected<Error>;

[[nodiscard]] inline Fail fail(ErrorKind kind, std::string message) {
  return Fail(Error{kind, std::move(message), {}});
}

/// `error`, told from one level further out: "proxy `redis`: " + message.
[[nodiscard]] inline Fail within(std::string_view where, Error error) {
  error.message.insert(0, std::string(where) + ": ");
  return Fail(std::move(error));
}

}  // namespace faultline
