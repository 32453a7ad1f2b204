#include "cli/assertion.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>

#include "base/nearest_name.h"
#include "cli/go_number.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// The entry of that name in a list of named ones. Errors: kNotFound.
Result<const Json*> named_entry(const Json& list, const std::string& noun,
                                const std::string& name) {
  std::vector<std::string> names;
  for (const Json& entry : list) {
    names.push_back(entry.value("name", ""));
    if (names.back() == name) return &entry;
  }
  return fail(ErrorKind::kNotFound,
              "there is no " + noun + " `" + name + "`" + did_you_mean(name, names));
}

/// "applied >= 10" at the beginning of `words`. Nothing if that is something else.
std::optional<Comparison> next_comparison(std::istream& words) {
  Comparison one;
  std::string number;
  words >> one.count >> one.comparison >> number;
  const std::vector<std::string> comparisons = {"==", "!=", "<", "<=", ">", ">="};
  const bool is_known =
      std::find(comparisons.begin(), comparisons.end(), one.comparison) != comparisons.end();
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, one.number);
  const bool is_number =
      !number.empty() && parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(one.number);
  if (!is_known || !is_number) return std::nullopt;
  return one;
}

}  // namespace

bool Comparison::holds_for(double value) const {
  if (comparison == "==") return value == number;
  if (comparison == "!=") return value != number;
  if (comparison == "<") return value < number;
  if (comparison == "<=") return value <= number;
  return comparison == ">" ? value > number : value >= number;
}

Result<Assertion> Assertion::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid, "`" + std::string(text) +
                                         "` is no claim like `toxic redis/slow applied >= 10` " +
                                         "or `partition b-cut crossed == 0 and matched > 0`");
  };
  std::istringstream words{std::string(text)};
  Assertion assertion;
  std::string noun;
  std::string name;
  words >> noun >> name;
  if (noun == "toxic") {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos) return wrong();
    assertion.proxy = name.substr(0, slash);
    assertion.toxic = name.substr(slash + 1);
  } else if (noun == "partition" && !name.empty()) {
    assertion.partition = name;
  } else {
    return wrong();
  }
  for (std::string word = "and"; word == "and";) {
    auto one = next_comparison(words);
    if (!one) return wrong();
    assertion.comparisons.push_back(*std::move(one));
    if (!(words >> word)) return assertion;
  }
  return wrong();
}

Result<Json> Assertion::counts_in(const Json& stats) const {
  const Json proxies = stats.value("proxies", Json::array());
  const auto of_proxy = named_entry(proxies, "proxy", proxy);
  if (!of_proxy) return Fail(of_proxy.error());
  const Json toxics = (*of_proxy)->value("toxics", Json::array());
  const auto of_toxic = named_entry(toxics, "toxic", toxic);
  if (!of_toxic) return Fail(of_toxic.error());
  return **of_toxic;
}

Result<std::vector<double>> Assertion::values_in(const Json& counts) const {
  std::vector<double> values;
  for (const Comparison& one : comparisons) {
    const auto found = counts.find(one.count);
    if (found != counts.end() && found->is_number()) {
      values.push_back(found->get<double>());
      continue;
    }
    std::vector<std::string> names;
    std::string list;
    for (const auto& [key, value] : counts.items()) {
      if (!value.is_number()) continue;
      names.push_back(key);
      list += (list.empty() ? "" : ", ") + key;
    }
    const std::string noun = partition.empty() ? "toxic" : "partition";
    return fail(ErrorKind::kNotFound, "a " + noun + " has no count `" + one.count + "`" +
                                          did_you_mean(one.count, names) + "; there are: " + list);
  }
  return values;
}

Assertion::Verdict Assertion::verdict_of(const Json& counts,
                                         const std::vector<double>& values) const {
  bool holds = true;
  bool speaks_of_matched = false;
  bool wants_more = true;  // Whatever does not hold asks for more than the nothing there was.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Comparison& one = comparisons[i];
    speaks_of_matched |= one.count == "matched";
    if (one.holds_for(values[i])) continue;
    holds = false;
    const bool is_leak = one.count.find("crossed") != std::string::npos;
    wants_more &= !is_leak && one.comparison.front() != '<';
  }
  const bool has_matched = partition.empty() || counts.value("matched", 1.0) > 0;
  if (holds) return has_matched || speaks_of_matched ? Verdict::kHolds : Verdict::kInconclusive;
  return !has_matched && wants_more ? Verdict::kInconclusive : Verdict::kFails;
}

std::string Assertion::objection(const std::vector<double>& values) const {
  if (comparisons.size() == 1) return "it is " + plain_number(values.front());
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (comparisons[i].holds_for(values[i])) continue;
    text += (text.empty() ? "" : " and ") + comparisons[i].count + " is " + plain_number(values[i]);
  }
  return text;
}

}  // namespace faultline
