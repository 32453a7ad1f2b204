#include "cli/assertion.h"

#include <charconv>
#include <cmath>
#include <sstream>
#include <vector>

#include "base/nearest_name.h"

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

}  // namespace

Result<Assertion> Assertion::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid,
                "`" + std::string(text) + "` is no claim like `toxic redis/slow applied >= 10`");
  };
  std::istringstream words{std::string(text)};
  Assertion assertion;
  std::string noun;
  std::string path;
  std::string number;
  std::string rest;
  words >> noun >> path >> assertion.count >> assertion.comparison >> number;
  const std::size_t slash = path.find('/');
  if (number.empty() || words >> rest || noun != "toxic" || slash == std::string::npos) {
    return wrong();
  }
  assertion.proxy = path.substr(0, slash);
  assertion.toxic = path.substr(slash + 1);
  const std::vector<std::string> comparisons = {"==", "!=", "<", "<=", ">", ">="};
  bool is_known = false;
  for (const std::string& one : comparisons) is_known |= one == assertion.comparison;
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, assertion.number);
  if (!is_known || parsed.ec != std::errc() || parsed.ptr != end ||
      !std::isfinite(assertion.number)) {
    return wrong();
  }
  return assertion;
}

Result<double> Assertion::value_in(const Json& stats) const {
  const Json proxies = stats.value("proxies", Json::array());
  const auto of_proxy = named_entry(proxies, "proxy", proxy);
  if (!of_proxy) return Fail(of_proxy.error());
  const Json toxics = (*of_proxy)->value("toxics", Json::array());
  const auto of_toxic = named_entry(toxics, "toxic", toxic);
  if (!of_toxic) return Fail(of_toxic.error());
  const auto found = (*of_toxic)->find(count);
  if (found != (*of_toxic)->end() && found->is_number()) return found->get<double>();
  std::vector<std::string> counts;
  for (const auto& [key, value] : (*of_toxic)->items()) {
    if (value.is_number()) counts.push_back(key);
  }
  std::string list;
  for (const std::string& one : counts) list += (list.empty() ? "" : ", ") + one;
  return fail(ErrorKind::kNotFound, "a toxic has no count `" + count + "`" +
                                        did_you_mean(count, counts) + "; there are: " + list);
}

bool Assertion::holds_for(double value) const {
  if (comparison == "==") return value == number;
  if (comparison == "!=") return value != number;
  if (comparison == "<") return value < number;
  if (comparison == "<=") return value <= number;
  return comparison == ">" ? value > number : value >= number;
}

}  // namespace faultline
