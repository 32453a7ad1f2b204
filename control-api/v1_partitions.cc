// The operations of /v1 on partitions.

#include <utility>

#include "control-api/partition_json.h"
#include "control-api/url_path.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_life.h"
#include "control-api/v1_patch.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/partition_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json view_of(const V1Call& call, LivePartition partition) {
  const bool is_tried = call.attempt == Registry::Attempt::kTry;
  if (!is_tried) partition.engines = call.registry.engines_of(partition);
  return Json::parse(partition_json(partition, call.registry.partitions().zones()), nullptr, false);
}

/// The partition in the path.
Result<const LivePartition*> partition_of(const V1Call& call) {
  const auto& all = call.registry.partitions().all();
  const auto found = all.find(call.captured.at(0));
  if (found != all.end()) return &found->second;
  std::vector<std::string> names;
  for (const auto& [name, partition] : all) names.push_back(name);
  return no_such("partition", call.captured.at(0), names);
}

Result<HttpResponse> put(const V1Call& call, PartitionSpec spec) {
  auto put = call.registry.put_partition(std::move(spec), call.attempt);
  if (!put) return Fail(put.error());
  return v1_json(put->created ? 201 : 200, view_of(call, std::move(put->partition)));
}

Json effect_of(const V1Call& call, LivePartition partition) {
  partition.engines = call.registry.engines_of(partition);
  const std::uint64_t dropped = call.registry.dropped_packets(partition);
  return Json::parse(partition_effect_json(partition, dropped), nullptr, false);
}

/// What is sent, with the server's ttl.
Result<PartitionSpec> partition_from(const Document& body, const V1Call& call) {
  auto spec = decode_partition(body, Dialect::kV1);
  if (!spec) return spec;
  const auto given = give_ttl(spec->fault, call.settings, call.state.leases, "");
  if (!given) return Fail(given.error());
  return spec;
}

}  // namespace

Result<HttpResponse> v1_list_partitions(const V1Call& call) {
  Json list = Json::array();
  for (const auto& [name, partition] : call.registry.partitions().all()) {
    list.push_back(view_of(call, partition));
  }
  return v1_json(200, {{"partitions", list}});
}

Result<HttpResponse> v1_create_partition(const V1Call& call) {
  auto spec = partition_from(call.body, call);
  if (!spec) return Fail(spec.error());
  const std::string path = "/v1/partitions/" + percent_encoded(spec->name);
  if (call.registry.partitions().all().count(spec->name) > 0) {
    return Fail(Error{
        ErrorKind::kConflict,
        "there is a partition `" + spec->name + "` already: PUT " + path + " would replace it",
        "/name"});
  }
  auto response = put(call, *std::move(spec));
  if (response) response->headers.emplace_back("Location", path);
  return response;
}

Result<HttpResponse> v1_get_partition(const V1Call& call) {
  const auto partition = partition_of(call);
  if (!partition) return Fail(partition.error());
  return v1_json(200, view_of(call, **partition));
}

Result<HttpResponse> v1_put_partition(const V1Call& call) {
  const std::string& name = call.captured.at(0);
  auto spec = partition_from(with_name(call.body, name), call);
  if (!spec) return Fail(spec.error());
  if (spec->name != name) {
    return Fail(Error{ErrorKind::kInvalid,
                      "name must be `" + name + "`, as in the path, not `" + spec->name + "`",
                      "/name"});
  }
  return put(call, *std::move(spec));
}

Result<HttpResponse> v1_patch_partition(const V1Call& call) {
  const auto partition = partition_of(call);
  if (!partition) return Fail(partition.error());
  const std::string shown = view_of(call, **partition).dump();
  auto spec = patched_partition((*partition)->spec, shown, call.request.body, call.settings,
                                call.state.leases);
  if (!spec) return Fail(spec.error());
  return put(call, *std::move(spec));
}

Result<HttpResponse> v1_delete_partition(const V1Call& call) {
  const auto partition = partition_of(call);
  if (!partition) return Fail(partition.error());
  if (call.attempt == Registry::Attempt::kApply) {
    const auto removed = call.registry.remove_partition(call.captured.at(0));
    if (!removed) return Fail(removed.error());
  }
  return HttpResponse{204, {}, ""};
}

Result<HttpResponse> v1_get_effect(const V1Call& call) {
  const auto partition = partition_of(call);
  if (!partition) return Fail(partition.error());
  return v1_json(200, effect_of(call, **partition));
}

Result<HttpResponse> v1_probe_partition(const V1Call& call) {
  const auto partition = partition_of(call);
  if (!partition) return Fail(partition.error());
  if (call.attempt == Registry::Attempt::kTry) return v1_json(202, effect_of(call, **partition));
  const auto probed = call.registry.probe_partition(call.captured.at(0));
  if (!probed) return Fail(probed.error());
  return v1_json(202, effect_of(call, *probed));
}

Result<HttpResponse> v1_get_recovery(const V1Call& call) {
  const std::string& name = call.captured.at(0);
  const Recovery* recovery = call.registry.recovery(name);
  if (recovery == nullptr) {
    return fail(ErrorKind::kNotFound,
                "no partition `" + name + "` has ended that had kept anything back");
  }
  return v1_json(200, Json::parse(recovery_json(*recovery), nullptr, false));
}

}  // namespace faultline
