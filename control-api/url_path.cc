#include "control-api/url_path.h"

#include <algorithm>

namespace faultline {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The parts of `path` between its "/"s, without the empty one before the first.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Target parse_target(std::string_view target) {
  Target result;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) result.query = target.substr(question);
  std::string_view rest = target.substr(0, question);
  if (rest.empty() || rest.front() != '/') {
    const std::size_t scheme = rest.find("://");
    if (scheme == std::string_view::npos) {
      result.path = rest;
      return result;
    }
    rest.remove_prefix(scheme + 3);
    const std::size_t slash = rest.find('/');
    result.authority = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? "/" : rest.substr(slash);
  }
  result.path = rest;
  return result;
}

std::string cleaned_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> parts = split(path);
  for (const std::string_view part : parts) {
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!part.empty() && part != ".") {
      kept.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : kept) {
    out += '/';
    out += part;
  }
  if (out.empty() || parts.back().empty()) out += '/';
  return out;
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  for (const std::string_view part : split(path)) {
    std::optional<std::string> segment = percent_decoded(part);
    if (!segment) return std::nullopt;
    segments.push_back(*std::move(segment));
  }
  return segments;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    }
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> query_parameters(
    std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!query.empty() && query.front() == '?') query.remove_prefix(1);
  const auto decoded = [](std::string_view text) {
    std::string blanks(text);
    std::replace(blanks.begin(), blanks.end(), '+', ' ');
    return percent_decoded(blanks);
  };
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = decoded(part.substr(0, equals));
    auto value = decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return std::nullopt;
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

}  // namespace faultline
