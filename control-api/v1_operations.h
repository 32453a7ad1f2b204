#pragma once

#include <string_view>
#include <vector>

#include "control-api/v1_call.h"

namespace faultline {

/// A parameter in an operation's query.
struct V1Query {
  std::string_view name;
  std::string_view schema;  ///< Its JSON Schema.
  std::string_view summary;
};

/// One operation of /v1. Routing, checking, the OpenAPI document and the page at /v1/ come
/// from here.
struct V1Operation {
  std::string_view method;
  std::string_view path;  ///< A segment in braces stands for any that is not empty.
  std::string_view id;    ///< "putProxy": OpenAPI's operationId.
  std::string_view group;
  std::string_view summary;  ///< One sentence for people.
  V1Handler handler;
  std::string_view answer;  ///< The schema of its JSON, by name; else a media type.
  int status = 200;         ///< Of success.
  /// What it does not take there is no word for: "" for no body.
  std::string_view body = {};     ///< The schema of what it takes, by name; "": no body.
  std::string_view example = {};  ///< A body that works, where it takes one.
  std::vector<std::string_view> problems = {};  ///< Codes beyond those that all can have.
  std::vector<V1Query> queries = {};
  bool writes = false;      ///< It changes something: it takes ?dry_run=true.
  bool only_ends = false;   ///< Nothing is there afterwards that was not; as with each DELETE.
  bool has_tag = false;     ///< What is at its path has an ETag, and If-Match is heeded.
  bool may_create = false;  ///< It may answer 201, too.
  bool streams = false;     ///< It answers with server-sent events unless JSON is asked for.

  /// Whether doing it twice is not the same as once: it takes an Idempotency-Key.
  bool takes_key() const { return method == "POST" && status == 201; }

  /// Whether something may be there afterwards that was not: not while the server stops.
  bool begins_something() const { return writes && !only_ends && method != "DELETE"; }
};

/// In the order people should read them.
const std::vector<V1Operation>& v1_operations();

}  // namespace faultline
