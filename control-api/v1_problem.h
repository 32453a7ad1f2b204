#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control-api/http_message.h"

namespace faultline {

/// One class of refusals of /v1.
struct V1Problem {
  std::string_view code;  ///< "invalid"; its `type` is "/v1/#problem-invalid".
  int status = 0;
  std::string_view title;    ///< The same for all of the class.
  std::string_view meaning;  ///< For people: what to do about it.
};

/// Every class that there is. The page at /v1/ and the OpenAPI document list them.
const std::vector<V1Problem>& v1_problems();

/// The class of that code. REQUIRES: there is one.
const V1Problem& v1_problem(std::string_view code);
const V1Problem& v1_problem(ErrorKind kind);

/// "there is no proxy `rediss`; did you mean `redis`?" of those that there are.
Fail no_such(const std::string& noun, const std::string& name,
             const std::vector<std::string>& names);

/// Problem details (RFC 9457): type, title, status, detail, code, and the JSON pointer to
/// the part of the request's body that is meant, where it is one.
HttpResponse problem_response(const V1Problem& problem, const std::string& detail,
                              const std::string& pointer = "");
HttpResponse problem_response(const Error& error);

}  // namespace faultline
