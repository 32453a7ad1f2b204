#include "proxy/yaml_document.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline {

namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 1'000'000;
constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20U;

/// From 1, as editors count.
struct Place {
  int line = 1;
  int column = 1;
};

/// What parsing throws to stop the parser from inside one of its callbacks.
/// Never leaves this file.
struct Refused {
  Place place;
  std::string why;
};

std::string to_text(Place place) {
  return std::to_string(place.line) + ":" + std::to_string(place.column) + ": ";
}

// ---- Surrogate pairs -------------------------------------------------------

/// The code unit of the \uHHHH that begins at `at`, or -1.
int escaped_unit(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return -1;
  int unit = 0;
  const char* const end = text.data() + at + 6;
  const auto parsed = std::from_chars(text.data() + at + 2, end, unit, 16);
  return parsed.ec == std::errc() && parsed.ptr == end ? unit : -1;
}

/// JSON writes characters past U+FFFF as two escapes, \ud83d\ude00; YAML's one
/// escape for them is \U0001f600. Rewrites them in a text that looks like JSON, and
/// remembers where it made a line shorter, so that the columns it reports are
/// those of the original.
class JoinedSurrogates {
 public:
  explicit JoinedSurrogates(const std::string& text) {
    const std::size_t start = text.find_first_not_of("\xef\xbb\xbf \t\r\n");  // After the BOM, too.
    if (start == std::string::npos || (text[start] != '[' && text[start] != '{')) {
      text_ = text;
      return;
    }
    text_.reserve(text.size());
    Place place;
    for (std::size_t i = 0; i < text.size();) {
      const int high = escaped_unit(text, i);
      const int low = high >= 0xd800 && high < 0xdc00 ? escaped_unit(text, i + 6) : -1;
      std::size_t taken = 1;
      if (low >= 0xdc00 && low < 0xe000) {
        append_joined(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        cuts_.push_back(place);
        taken = kPairLength;
        place.column += static_cast<int>(kJoinedLength);
      } else {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n') taken = 2;
        text_.append(text, i, taken);
        place.column += static_cast<int>(taken);
        if (text[i] == '\n') place = {place.line + 1, 1};
      }
      i += taken;
    }
  }

  const std::string& text() const { return text_; }

  /// The place in the original of a place in text().
  Place original(Place place) const {
    int shift = 0;
    for (auto cut = std::lower_bound(cuts_.begin(), cuts_.end(), place.line,
                                     [](Place one, int line) { return one.line < line; });
         cut != cuts_.end() && cut->line == place.line && cut->column < place.column; ++cut) {
      shift += static_cast<int>(kPairLength - kJoinedLength);
    }
    return {place.line, place.column + shift};
  }

 private:
  static constexpr std::size_t kPairLength = 12;    // \ud83d\ude00
  static constexpr std::size_t kJoinedLength = 10;  // \U0001f600

  void append_joined(int code_point) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text_ += "\\U";
    for (int shift = 28; shift >= 0; shift -= 4) text_ += kHex[(code_point >> shift) & 15];
  }

  std::string text_;
  std::vector<Place> cuts_;  // In text(), in order.
};

// ---- Scalars ---------------------------------------------------------------

bool is_name(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// What ${`reference`} stands for.
std::string resolve(std::string_view reference, const Environment& environment, Place place) {
  const std::size_t separator = reference.find(":-");
  const std::string name(reference.substr(0, separator));
  if (!is_name(name)) throw Refused{place, "`${" + std::string(reference) + "}` names no variable"};
  const std::optional<std::string> value = environment(name);
  if (separator == std::string_view::npos) {
    if (value) return *value;
    throw Refused{place, "the environment variable `" + name + "` is not set (${" + name +
                             ":-default} gives it a default)"};
  }
  return value && !value->empty() ? *value : std::string(reference.substr(separator + 2));
}

std::string substitute(std::string_view text, const Environment& environment, Place place) {
  std::string out;
  while (true) {
    const std::size_t start = text.find("${");
    out += text.substr(0, start);
    if (start == std::string_view::npos) return out;
    const std::size_t end = text.find('}', start);
    if (end == std::string_view::npos) throw Refused{place, "`${` without a `}`"};
    out += resolve(text.substr(start + 2, end - start - 2), environment, place);
    text.remove_prefix(end + 1);
    if (out.size() > kMaxTextBytes) throw Refused{place, "the value is too long"};
  }
}

/// A number in C++'s notation of a base, all of it, or nothing.
std::optional<std::int64_t> whole_number(std::string_view digits, int base) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool is_float(std::string_view text) {
  // [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)?
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0) ++i;
    return i - start;
  };
  const auto one_of = [&](std::string_view set) {
    const bool found = i < text.size() && set.find(text[i]) != std::string_view::npos;
    if (found) ++i;
    return found;
  };
  one_of("+-");
  const std::size_t whole = digits();
  const std::size_t fraction = one_of(".") ? digits() : 0;
  if (whole + fraction == 0) return false;
  if (one_of("eE")) {
    one_of("+-");
    if (digits() == 0) return false;
  }
  return i == text.size();
}

using Scalar = decltype(Document::value);

/// A plain scalar, by the core schema.
Scalar typed(const std::string& text) {
  using Limits = std::numeric_limits<double>;
  static const std::map<std::string_view, Scalar> kWords = {{"", std::monostate()},
                                                            {"~", std::monostate()},
                                                            {"null", std::monostate()},
                                                            {"Null", std::monostate()},
                                                            {"NULL", std::monostate()},
                                                            {"true", true},
                                                            {"True", true},
                                                            {"TRUE", true},
                                                            {"false", false},
                                                            {"False", false},
                                                            {"FALSE", false},
                                                            {".nan", Limits::quiet_NaN()},
                                                            {".NaN", Limits::quiet_NaN()},
                                                            {".NAN", Limits::quiet_NaN()},
                                                            {".inf", Limits::infinity()},
                                                            {".Inf", Limits::infinity()},
                                                            {".INF", Limits::infinity()},
                                                            {"+.inf", Limits::infinity()},
                                                            {"-.inf", -Limits::infinity()}};
  if (const auto word = kWords.find(text); word != kWords.end()) return word->second;
  const std::string_view rest = std::string_view(text).substr(text.front() == '+' ? 1 : 0);
  if (rest.starts_with("0x") && rest.size() == text.size()) {
    if (const auto number = whole_number(rest.substr(2), 16); number && *number >= 0)
      return *number;
  }
  if (rest.starts_with("0o") && rest.size() == text.size()) {
    if (const auto number = whole_number(rest.substr(2), 8); number && *number >= 0) return *number;
  }
  if (!is_float(text)) return text;
  if (const auto number = whole_number(rest, 10)) return *number;
  double number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (parsed.ec == std::errc::result_out_of_range) return text;
  return number;
}

// ---- Events to a tree ------------------------------------------------------

/// What a value costs once its aliases are copied out.
struct Cost {
  std::size_t values = 0;
  std::size_t text_bytes = 0;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const JoinedSurrogates& source, const Environment& environment)
      : source_(source), environment_(environment) {}

  /// The finished tree. REQUIRES: one document has been handled.
  Document take_root() { return std::move(root_); }

  Place place_of(const YAML::Mark& mark) const {
    return source_.original({mark.line + 1, mark.column + 1});
  }

 private:
  /// A list or map that is not complete yet.
  struct Open {
    Document container;
    YAML::anchor_t anchor;
    Cost cost_before;
    std::set<std::string> keys;      // Those seen in a map.
    std::optional<std::string> key;  // In a map: what the next value belongs to,
    Place key_place;                 // and where it stands.
  };

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    take_scalar(mark, anchor, "", Typing::kPlain);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!is_text) refuse_tag(mark, tag);
    take_scalar(mark, anchor, text, is_text ? Typing::kText : Typing::kPlain);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Refused{place_of(mark), "an alias inside what it names"};
    const auto& [value, cost] = known->second;
    pay(mark, cost);
    if (awaits_key()) {
      const auto* text = value.as<std::string>();
      if (text == nullptr) throw Refused{place_of(mark), "a key must be text"};
      take_key(mark, *text);
    } else {
      take(Document(value));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    refuse_tag(mark, tag);
    open(mark, anchor, Document::Array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    refuse_tag(mark, tag);
    open(mark, anchor, Document::Object());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  enum class Typing { kPlain, kText };

  bool awaits_key() const {
    return !open_.empty() && open_.back().container.as<Document::Object>() != nullptr &&
           !open_.back().key;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{place_of(mark), "the tag `" + tag + "` is not supported"};
    }
  }

  void pay(const YAML::Mark& mark, Cost cost) {
    cost_.values += cost.values;
    cost_.text_bytes += cost.text_bytes;
    if (cost_.values > kMaxValues || cost_.text_bytes > kMaxTextBytes) {
      throw Refused{place_of(mark), "too many values, once aliases are written out"};
    }
  }

  void take_scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text,
                   Typing typing) {
    const Place place = place_of(mark);
    const Cost before = cost_;
    pay(mark, {1, text.size()});
    if (awaits_key()) {
      if (anchor != 0) remember(anchor, {text, place.line, place.column}, before);
      take_key(mark, text);
      return;
    }
    std::string value = environment_ ? substitute(text, environment_, place) : text;
    pay(mark, {0, value.size()});
    Document scalar{typing == Typing::kPlain ? typed(value) : Scalar(std::move(value)), place.line,
                    place.column};
    if (anchor != 0) remember(anchor, scalar, before);
    take(std::move(scalar));
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    if (!open_.back().keys.insert(key).second) {
      throw Refused{place_of(mark), "the key `" + key + "` appears twice"};
    }
    open_.back().key = key;
    open_.back().key_place = place_of(mark);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Scalar empty) {
    const Place place = place_of(mark);
    if (awaits_key()) throw Refused{place, "a key must be text"};
    if (open_.size() >= kMaxDepth) throw Refused{place, "nested too deeply"};
    const Cost before = cost_;
    pay(mark, {1, 0});
    open_.push_back({{std::move(empty), place.line, place.column}, anchor, before, {}, {}, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) remember(done.anchor, done.container, done.cost_before);
    take(std::move(done.container));
  }

  /// `value` is what the alias stands for, counted since `before`.
  void remember(YAML::anchor_t anchor, const Document& value, Cost before) {
    const Cost cost{cost_.values - before.values, cost_.text_bytes - before.text_bytes};
    pay(YAML::Mark(), cost);  // The copy kept here.
    anchors_[anchor] = {value, cost};
  }

  void take(Document value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* list = std::get_if<Document::Array>(&open_.back().container.value)) {
      list->push_back(std::move(value));
    } else {
      auto& map = std::get<Document::Object>(open_.back().container.value);
      value.line = open_.back().key_place.line;
      value.column = open_.back().key_place.column;
      map.emplace_back(*std::exchange(open_.back().key, std::nullopt), std::move(value));
    }
  }

  const JoinedSurrogates& source_;
  const Environment& environment_;
  Document root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::pair<Document, Cost>> anchors_;
  Cost cost_;
};

/// YAML's own complaint, or the likelier cause: a tab that indents the line.
std::string explain(const std::string& text, const YAML::Exception& error) {
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i <= error.mark.line && std::getline(lines, line);) ++i;
  const std::string_view blank =
      std::string_view(line).substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
  if (blank.find('\t') != std::string_view::npos) return "a tab cannot indent YAML, use spaces";
  return error.msg;
}

}  // namespace

Result<Document> parse_yaml(const std::string& text, const Environment& environment) {
  const JoinedSurrogates source(text);
  TreeBuilder builder(source, environment);
  try {
    std::istringstream stream(source.text());
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return Document{{}, 1, 1};
    Document root = builder.take_root();
    if (parser.HandleNextDocument(builder)) {
      const Document second = builder.take_root();
      throw Refused{{second.line, second.column}, "more than one document"};
    }
    return root;
  } catch (const Refused& refused) {
    return fail(ErrorKind::kInvalid, to_text(refused.place) + refused.why);
  } catch (const YAML::DeepRecursion& error) {
    return fail(ErrorKind::kInvalid, to_text(builder.place_of(error.mark)) + "nested too deeply");
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::kInvalid,
                to_text(builder.place_of(error.mark)) + explain(source.text(), error));
  }
}

}  // namespace faultline
