#include "control-api/v1_problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/nearest_name.h"
#include "base/verify.h"

namespace faultline {

const std::vector<V1Problem>& v1_problems() {
  static const std::vector<V1Problem> kProblems = {
      {"malformed", 400, "The request cannot be read",
       "The body is no JSON, a key is there twice, or the query has a mistake."},
      {"forbidden", 403, "Not from there",
       "The request names a host that is not this server's, or comes from a web page that may not "
       "call it: see --allow-host and --allow-origin."},
      {"not-found", 404, "There is no such thing",
       "No proxy, toxic, type or operation has that name."},
      {"method-not-allowed", 405, "Not with this method",
       "The header Allow lists the methods that this address takes."},
      {"conflict", 409, "Something that is there is in the way",
       "`detail` says what: choose another name, send PUT to replace it, or end it first."},
      {"cannot-listen", 409, "The address cannot be had",
       "Somebody else listens there, or it is not one of this machine's."},
      {"not-clean", 409, "Something of a fault is left",
       "`lingering` lists it: abort the runs, remove the toxics, or wait until what they held has "
       "been taken."},
      {"precondition-failed", 412, "It is not what it was",
       "If-Match or If-None-Match does not hold: read it again, then decide anew."},
      {"invalid", 422, "The document is not valid",
       "A field is unknown, of the wrong type or out of range: `pointer` says which, `detail` what "
       "would do."},
      {"halted", 423, "Faults are halted",
       "Somebody has ended all faults: none is taken until DELETE /v1/halt."},
      {"draining", 503, "The server stops",
       "It waits for what is under way and begins nothing more: what can be removed can be removed "
       "still."},
  };
  return kProblems;
}

const V1Problem& v1_problem(std::string_view code) {
  const std::vector<V1Problem>& all = v1_problems();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const V1Problem& problem) { return problem.code == code; });
  VERIFY(found != all.end());
  return *found;
}

const V1Problem& v1_problem(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return v1_problem("invalid");
    case ErrorKind::kMalformed:
      return v1_problem("malformed");
    case ErrorKind::kNotFound:
      return v1_problem("not-found");
    case ErrorKind::kConflict:
      return v1_problem("conflict");
    case ErrorKind::kHalted:
      return v1_problem("halted");
    case ErrorKind::kNetwork:
    case ErrorKind::kNeedsLookup:  // Never shown: the call is repeated with the answer.
      return v1_problem("cannot-listen");
  }
  return v1_problem("invalid");
}

Fail no_such(const std::string& noun, const std::string& name,
             const std::vector<std::string>& names) {
  return fail(ErrorKind::kNotFound,
              "there is no " + noun + " `" + name + "`" + did_you_mean(name, names));
}

HttpResponse problem_response(const V1Problem& problem, const std::string& detail,
                              const std::string& pointer) {
  nlohmann::ordered_json body;
  body["type"] = "/v1/#problem-" + std::string(problem.code);
  body["title"] = problem.title;
  body["status"] = problem.status;
  body["code"] = problem.code;
  body["detail"] = detail;
  if (!pointer.empty()) body["pointer"] = pointer;
  return {problem.status,
          {{"Content-Type", "application/problem+json"}, {"X-Content-Type-Options", "nosniff"}},
          body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

HttpResponse problem_response(const Error& error) {
  return problem_response(v1_problem(error.kind), error.message, error.pointer);
}

}  // namespace faultline
