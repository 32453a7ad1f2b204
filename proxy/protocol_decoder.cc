#include "proxy/protocol_decoder.h"

#include "base/nearest_name.h"

namespace faultline {

namespace {

std::string listed_words(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) {
    if (!list.empty()) list += &word == &words.back() ? " or " : ", ";
    list += "`" + word + "`";
  }
  return list;
}

/// The text at `key`, which is not one of `words`.
Fail no_word(const Document& place, const std::string& key, const std::string& text,
             const std::vector<std::string>& words) {
  return wrong(place, key + " must be " + listed_words(words) + ", not `" + text + "`" +
                          did_you_mean(text, words));
}

}  // namespace

const std::vector<std::string>& protocol_keys() {
  static const std::vector<std::string> kKeys = {"protocol", "accept_proxy_protocol",
                                                 "send_proxy_protocol"};
  return kKeys;
}

Result<Protocols> decode_protocols(const Fields& proxy, Dialect dialect) {
  Protocols protocols;
  if (dialect == Dialect::kToxiproxy) return protocols;
  for (const std::string& key : protocol_keys()) {
    const Document* nothing = proxy.find_null(key);
    if (nothing != nullptr) return wrong(*nothing, key + " has no value");
  }
  const auto protocol = proxy.text("protocol");
  if (!protocol) return Fail(protocol.error());
  if (*protocol) {
    const auto known = parse_protocol(**protocol);
    if (!known) {
      return no_word(*proxy.find("protocol"), "protocol", **protocol, protocol_names());
    }
    protocols.protocol = *known;
  }
  const auto accepts = proxy.truth("accept_proxy_protocol");
  if (!accepts) return Fail(accepts.error());
  protocols.accepts_header = accepts->value_or(false);
  const auto sends = proxy.text("send_proxy_protocol");
  if (!sends) return Fail(sends.error());
  if (*sends && **sends != "none") {
    protocols.sends_header = parse_header_version(**sends);
    if (!protocols.sends_header) {
      return no_word(*proxy.find("send_proxy_protocol"), "send_proxy_protocol", **sends,
                     {"v1", "v2", "none"});
    }
  }
  return protocols;
}

}  // namespace faultline
