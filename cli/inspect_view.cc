#include "cli/inspect_view.h"

#include <array>
#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "cli/go_number.h"
#include "toxics/catalog.h"

namespace faultline {

namespace {

std::string two_decimals(double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2f", number);
  return text.data();
}

bool is_samples(const RemoteToxic& toxic, const std::string& attribute) {
  const ToxicType* type = find_toxic_type(toxic.type);
  const int index = type == nullptr ? -1 : type->attribute_index(attribute);
  return index >= 0 &&
         type->attributes[static_cast<std::size_t>(index)].quantity == Quantity::kSamples;
}

/// How many there are: nobody reads thousands of numbers in a terminal.
std::string samples_text(const std::string& samples) {
  const auto table = SampleTable::parse(samples);
  if (!table) return "(" + std::to_string(samples.size()) + " bytes)";
  return "(" + std::to_string(table->in_order().size()) + " numbers)";
}

/// The value of an attribute, a number written by `number_text`.
std::string value_text(const RemoteToxic& toxic, const std::string& attribute,
                       const std::variant<double, std::string>& value,
                       std::string (*number_text)(double)) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return number_text(std::get<double>(value));
  return is_samples(toxic, attribute) ? samples_text(*text) : printable(*text);
}

void print_plain_toxic(const Console& console, const RemoteToxic& toxic) {
  console.out << printable(toxic.name) << "\ttype=" << printable(toxic.type)
              << "\tstream=" << printable(toxic.stream)
              << "\ttoxicity=" << two_decimals(toxic.toxicity) << "\tattributes=[\t";
  for (const auto& [name, value] : toxic.attributes) {
    console.out << printable(name) << '=' << value_text(toxic, name, value, go_number) << '\t';
  }
  console.out << "]";
  if (!toxic.engine.empty()) console.out << "\tengine=" << printable(toxic.engine);
  const std::vector<std::string> conditions = in_words(toxic.conditions);
  if (!conditions.empty()) {
    console.out << "\tconditions=[\t";
    for (const std::string& condition : conditions) console.out << printable(condition) << '\t';
    console.out << "]";
  }
  console.out << '\n';
}

/// What a toxic works on.
enum class Part { kUpstream, kDownstream, kWhole };

Part part_of(const RemoteToxic& toxic) {
  const ToxicType* type = find_toxic_type(toxic.type);
  if (type != nullptr && type->usual_links() != Links::kOwn) return Part::kWhole;
  const bool is_upstream = !toxic.stream.empty() && (toxic.stream[0] | 0x20) == 'u';
  return is_upstream ? Part::kUpstream : Part::kDownstream;
}

void print_toxics(const Console& console, const RemoteProxy& proxy, Part part,
                  const std::string& title) {
  std::vector<const RemoteToxic*> shown;
  for (const RemoteToxic& toxic : proxy.toxics) {
    if (part_of(toxic) == part) shown.push_back(&toxic);
  }
  if (shown.empty() && part == Part::kWhole) return;
  console.out << console.bold(title) << '\n';
  for (const RemoteToxic* each : shown) {
    const RemoteToxic& toxic = *each;
    console.out << "  " << console.yellow(printable(toxic.name))
                << "  type=" << printable(toxic.type)
                << "  toxicity=" << two_decimals(toxic.toxicity);
    if (!toxic.engine.empty()) console.out << "  engine=" << printable(toxic.engine);
    for (const auto& [name, value] : toxic.attributes) {
      console.out << "  " << printable(name) << '=' << value_text(toxic, name, value, plain_number);
    }
    console.out << '\n';
    for (const std::string& condition : in_words(toxic.conditions)) {
      console.out << "      " << console.dim(printable(condition)) << '\n';
    }
  }
  if (shown.empty()) console.out << console.dim("  none") << '\n';
}

}  // namespace

void print_proxy(const Console& console, const RemoteProxy& proxy) {
  if (!console.is_terminal) {
    for (const RemoteToxic& toxic : proxy.toxics) print_plain_toxic(console, toxic);
    return;
  }
  console.out << "Name: " << console.bold(printable(proxy.name))
              << "  Listen: " << printable(proxy.listen)
              << "  Upstream: " << printable(proxy.upstream)
              << (proxy.enabled ? "" : "  " + console.red("disabled")) << "\n\n";
  print_toxics(console, proxy, Part::kUpstream, "Upstream toxics:");
  print_toxics(console, proxy, Part::kDownstream, "Downstream toxics:");
  print_toxics(console, proxy, Part::kWhole, "Toxics of the whole connection:");
  console.out << '\n'
              << console.dim("Hint: add a toxic with `faultline toxic add -t TYPE " +
                             printable(proxy.name) + "`\n");
}

}  // namespace faultline
