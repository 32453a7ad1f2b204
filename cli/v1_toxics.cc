#include "cli/v1_toxics.h"

#include <utility>

#include "cli/exit_codes.h"
#include "cli/toxic_request.h"
#include "cli/toxic_sentence.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What was done, or would be, to `toxic`: "Added" and "Would add" are such beginnings.
int tell(const Invocation& invocation, const ToxicArguments& arguments, const std::string& did,
         const Json& toxic) {
  if (wants_json(invocation)) {
    print_indented(invocation, toxic);
    return kExitOk;
  }
  invocation.console.out << did << " " << text_at(toxic, "type") << " toxic '"
                         << text_at(toxic, "name") << "' on proxy '" << printable(arguments.proxy)
                         << "': " << printable(toxic_sentence(toxic)) << '\n';
  return kExitOk;
}

}  // namespace

int add_toxic_over_v1(const Invocation& invocation, const ToxicArguments& arguments) {
  const auto body = toxic_request(arguments);
  if (!body) return usage_error(invocation, body.error().message);
  return with_v1(invocation, [&](const V1Remote& remote) {
    const std::string path = v1_proxy_path(arguments.proxy) + "/toxics";
    const auto toxic = remote.call("POST", tried(path, arguments.dry_run), *body);
    if (!toxic) {
      Error error = in_options(toxic.error(), arguments);
      if (toxic.error().pointer == "/name" && arguments.name.empty()) {
        error.message = toxic.error().message + ": give this one a --name";
      }
      return report_v1(invocation, error, "Failed to add toxic");
    }
    return tell(invocation, arguments, arguments.dry_run ? "Would add" : "Added", *toxic);
  });
}

int update_toxic_over_v1(const Invocation& invocation, const ToxicArguments& arguments) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const std::string what = "Failed to update toxic";
    const std::string path = v1_toxic_path(arguments.proxy, arguments.name);
    const auto present = remote.call("GET", path);
    if (!present) return report_v1(invocation, present.error(), what);
    const ToxicType* type = find_toxic_type(text_at(*present, "type"));
    if (type == nullptr) {
      return usage_error(invocation, "the type of `" + arguments.name + "` is unknown here");
    }
    const auto patch = toxic_patch(arguments, *type);
    if (!patch) return usage_error(invocation, patch.error().message);
    if (patch->empty()) return usage_error(invocation, "nothing to update: say what changes");
    const auto toxic = remote.call("PATCH", tried(path, arguments.dry_run), *patch);
    if (!toxic) return report_v1(invocation, in_options(toxic.error(), arguments), what);
    return tell(invocation, arguments, arguments.dry_run ? "Would update" : "Updated", *toxic);
  });
}

int try_to_remove_toxic(const Invocation& invocation, const ToxicArguments& arguments) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const std::string what = "Failed to remove toxic";
    const std::string path = v1_toxic_path(arguments.proxy, arguments.name);
    const auto present = remote.call("GET", path);
    if (!present) return report_v1(invocation, present.error(), what);
    const auto gone = remote.call("DELETE", tried(path, true));
    if (!gone) return report_v1(invocation, gone.error(), what);
    return tell(invocation, arguments, "Would remove", *present);
  });
}

}  // namespace faultline
