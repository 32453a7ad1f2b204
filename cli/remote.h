#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/api_client.h"
#include "cli/attribute_option.h"
#include "cli/new_toxic.h"

namespace faultline {

/// A toxic as a server describes it; of Toxiproxy too, so numbers need not be whole.
struct RemoteToxic {
  std::string name;
  std::string type;
  std::string stream;
  double toxicity = 1;
  std::map<std::string, std::variant<double, std::string>> attributes;
  std::string engine;  ///< What carries it out; "" for types that only move bytes.
  ToxicConditions conditions;
  std::string json;  ///< The server's own description, indented.
};

struct RemoteProxy {
  std::string name;
  std::string listen;
  std::string upstream;
  bool enabled = false;
  std::vector<RemoteToxic> toxics;
  std::string json;  ///< The server's own description, indented.
};

struct RemoteProxies {
  std::vector<RemoteProxy> proxies;  ///< By name.
  std::string json;
};

/// The calls of Toxiproxy's API that the commands make.
///
/// Errors: kNetwork, no server answers there; kNotFound, kConflict or
/// kInvalid, it refused ("HTTP 409: proxy already exists").
class Remote {
 public:
  explicit Remote(ApiUrl url) : client_(std::move(url)) {}

  Result<RemoteProxies> list() const;
  Result<RemoteProxy> find(std::string_view proxy) const;
  Result<RemoteProxy> create(const std::string& name, const std::string& listen,
                             const std::string& upstream) const;
  Result<RemoteProxy> set_enabled(std::string_view proxy, bool enabled) const;
  Result<void> remove(std::string_view proxy) const;
  Result<void> reset() const;

  /// All of it or nothing: a server that does not know one of its conditions would
  /// have it hit everybody, or for ever, so there it is taken away again (kInvalid).
  Result<RemoteToxic> add_toxic(std::string_view proxy, const NewToxic& toxic) const;
  Result<RemoteToxic> update_toxic(std::string_view proxy, std::string_view toxic,
                                   const WrittenAttributes& attributes,
                                   std::optional<double> toxicity) const;
  Result<void> remove_toxic(std::string_view proxy, std::string_view toxic) const;

  /// "2.12.0 (faultline 0.1.0)".
  Result<std::string> version() const;

 private:
  /// The body of a response whose status is 2xx.
  Result<std::string> call(std::string_view method, const std::string& path,
                           const std::string& body = "") const;

  ApiClient client_;
};

}  // namespace faultline
