#include "base/nearest_name.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace faultline {

namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// How many insertions, deletions, replacements and swaps of neighbours make `a` into `b`.
std::size_t typing_mistakes(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view wrong, const std::vector<std::string>& names) {
  constexpr std::size_t kLongestName = 64;
  if (wrong.size() > kLongestName) return "";
  const std::string* nearest = nullptr;
  std::size_t fewest = wrong.size() / 3 + 2;
  for (const std::string& name : names) {
    const std::size_t mistakes = typing_mistakes(wrong, name);
    if (mistakes < fewest && mistakes < name.size()) {
      fewest = mistakes;
      nearest = &name;
    }
  }
  return nearest == nullptr ? "" : *nearest;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(wrong, names);
  return nearest.empty() ? "" : "; did you mean `" + nearest + "`?";
}

}  // namespace faultline
