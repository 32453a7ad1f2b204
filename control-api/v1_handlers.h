#pragma once

#include "control-api/v1_call.h"

namespace faultline {

/// What the operations of /v1 do; the table in v1_operations.cc says when.

Result<HttpResponse> v1_list_proxies(const V1Call& call);
Result<HttpResponse> v1_create_proxy(const V1Call& call);
Result<HttpResponse> v1_get_proxy(const V1Call& call);
Result<HttpResponse> v1_put_proxy(const V1Call& call);
Result<HttpResponse> v1_patch_proxy(const V1Call& call);
Result<HttpResponse> v1_delete_proxy(const V1Call& call);

Result<HttpResponse> v1_list_toxics(const V1Call& call);
Result<HttpResponse> v1_create_toxic(const V1Call& call);
Result<HttpResponse> v1_get_toxic(const V1Call& call);
Result<HttpResponse> v1_put_toxic(const V1Call& call);
Result<HttpResponse> v1_patch_toxic(const V1Call& call);
Result<HttpResponse> v1_delete_toxic(const V1Call& call);

Result<HttpResponse> v1_list_zones(const V1Call& call);
Result<HttpResponse> v1_put_zones(const V1Call& call);
Result<HttpResponse> v1_get_zone(const V1Call& call);
Result<HttpResponse> v1_put_zone(const V1Call& call);
Result<HttpResponse> v1_delete_zone(const V1Call& call);
Result<HttpResponse> v1_which_zone(const V1Call& call);
Result<HttpResponse> v1_get_matrix(const V1Call& call);

Result<HttpResponse> v1_list_partitions(const V1Call& call);
Result<HttpResponse> v1_create_partition(const V1Call& call);
Result<HttpResponse> v1_get_partition(const V1Call& call);
Result<HttpResponse> v1_put_partition(const V1Call& call);
Result<HttpResponse> v1_patch_partition(const V1Call& call);
Result<HttpResponse> v1_delete_partition(const V1Call& call);
Result<HttpResponse> v1_get_effect(const V1Call& call);
Result<HttpResponse> v1_probe_partition(const V1Call& call);
Result<HttpResponse> v1_get_recovery(const V1Call& call);

Result<HttpResponse> v1_list_timelines(const V1Call& call);
Result<HttpResponse> v1_get_timeline(const V1Call& call);
Result<HttpResponse> v1_list_runs(const V1Call& call);
Result<HttpResponse> v1_create_run(const V1Call& call);
Result<HttpResponse> v1_get_run(const V1Call& call);
Result<HttpResponse> v1_abort_run(const V1Call& call);

Result<HttpResponse> v1_list_leases(const V1Call& call);
Result<HttpResponse> v1_create_lease(const V1Call& call);
Result<HttpResponse> v1_get_lease(const V1Call& call);
Result<HttpResponse> v1_renew_lease(const V1Call& call);
Result<HttpResponse> v1_end_lease(const V1Call& call);

Result<HttpResponse> v1_get_halt(const V1Call& call);
Result<HttpResponse> v1_halt(const V1Call& call);
Result<HttpResponse> v1_lift_halt(const V1Call& call);

Result<HttpResponse> v1_list_connections(const V1Call& call);
Result<HttpResponse> v1_get_connection(const V1Call& call);
Result<HttpResponse> v1_end_connection(const V1Call& call);
Result<HttpResponse> v1_why(const V1Call& call);
Result<HttpResponse> v1_get_clean(const V1Call& call);

Result<HttpResponse> v1_get_events(const V1Call& call);

Result<HttpResponse> v1_list_toxic_types(const V1Call& call);
Result<HttpResponse> v1_get_toxic_type(const V1Call& call);
Result<HttpResponse> v1_get_capabilities(const V1Call& call);
Result<HttpResponse> v1_get_stats(const V1Call& call);
Result<HttpResponse> v1_get_config(const V1Call& call);

Result<HttpResponse> v1_get_openapi(const V1Call& call);
Result<HttpResponse> v1_get_page(const V1Call& call);

}  // namespace faultline
