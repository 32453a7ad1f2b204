#include "cli/read_partition.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/console.h"
#include "control-api/json_reader.h"
#include "proxy/partition_decoder.h"

namespace faultline {

using Json = nlohmann::ordered_json;

Result<PartitionSpec> read_partition(const Json& view) {
  Json said = view;
  // Answers, and no part of what was asked for.
  for (const char* key : {"links", "engine", "engines", "ends_at"}) said.erase(key);
  const auto document =
      parse_strict_json(said.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (document) {
    if (auto spec = decode_partition(*document, Dialect::kV1)) {
      PartitionShape& shape = spec->shape;
      for (std::vector<std::string>* zones : {&shape.zones, &shape.from, &shape.to}) {
        for (std::string& zone : *zones) zone = printable(zone);
      }
      return spec;
    }
  }
  return fail(ErrorKind::kNetwork,
              "the server describes a partition in a way that this command does not know");
}

}  // namespace faultline
