#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bench/contender.h"
#include "cli/api_client.h"

namespace faultline::bench {

/// What a toxic is set to: {"rate", 1000}, {"scope", "proxy"}.
struct ToxicAttribute {
  std::string name;
  std::variant<std::int64_t, std::string> value;
};
using ToxicAttributes = std::vector<ToxicAttribute>;

/// A toxic to be added.
struct ToxicRequest {
  std::string type;
  ToxicAttributes attributes = {};
  std::string name = "";              ///< "": as its type.
  std::string stream = "downstream";  ///< "": as the type has it.
  double toxicity = 1;
  std::vector<std::string> clients = {};  ///< Prefixes that it is for; empty: all.
};

/// A running Faultline and its control API, used as any client would.
class LiveFaultline {
 public:
  /// `proxy` is a started "faultline", and outlives this. Errors: kNetwork, its
  /// log does not say where the API is.
  static Result<LiveFaultline> find(const LaunchedProxy& proxy);

  /// The same, with the toxics of another proxy. At first they are those of "bench".
  LiveFaultline on(const std::string& proxy) const;

  /// Adds a proxy to `upstream_port` of this machine, which is in `zone` if that is not "".
  /// Returns the port that it listens on.
  Result<std::uint16_t> add_proxy(const std::string& name, std::uint16_t upstream_port,
                                  const std::string& zone = "") const;
  Result<Duration> remove_proxy(const std::string& name) const;

  /// How long the call took, from before the connection to after the answer. Errors:
  /// kNetwork; kInvalid, any answer but success.
  Result<Duration> add_toxic(const ToxicRequest& toxic) const;

  Result<Duration> update_toxic(const std::string& name, const ToxicAttributes& attributes) const;
  Result<Duration> remove_toxic(const std::string& name) const;

  /// The answer to any call, and how long any call took. Errors: as above.
  Result<std::string> call(const char* method, const std::string& path,
                           const std::string& body) const;
  Result<Duration> time(const char* method, const std::string& path, const std::string& body) const;

  /// Where its control API listens on this machine.
  std::uint16_t api_port() const { return api_.url().where.port; }

 private:
  explicit LiveFaultline(ApiClient api) : api_(std::move(api)) {}

  std::string toxics_path() const;

  ApiClient api_;
  std::string proxy_ = "bench";
};

/// The number behind the first `"key":` in an answer; 0 if it is not there.
std::uint64_t number_in(const std::string& json, const std::string& key);

}  // namespace faultline::bench
