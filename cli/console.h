#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace faultline {

/// Where a command writes, and how. The streams must outlive it.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool is_terminal = false;  ///< People read `out`, not a script.
  bool coloured = false;     ///< `out` shows colours: a terminal, and no $NO_COLOR.

  std::string bold(std::string_view text) const { return styled("1", text); }
  std::string red(std::string_view text) const { return styled("31", text); }
  std::string green(std::string_view text) const { return styled("32", text); }
  std::string yellow(std::string_view text) const { return styled("33", text); }
  std::string dim(std::string_view text) const { return styled("2", text); }

 private:
  std::string styled(std::string_view code, std::string_view text) const;
};

/// The process's own stdout and stderr.
Console process_console();

/// `text` with control characters as \xNN: names come from the server, and a
/// terminal would obey what they hold.
std::string printable(std::string_view text);

/// How many characters of UTF-8 `text` has.
std::size_t width_of(std::string_view text);

/// `text` filled up with spaces to `width` characters.
std::string padded(std::string_view text, std::size_t width);

/// The first `width` characters of `text`.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace faultline
