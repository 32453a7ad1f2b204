#include "cli/response_reader.h"

#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 20U;

ResponseReader* owner_of(llhttp_t* parser) {
  return static_cast<ResponseReader*>(parser->data);
}

}  // namespace

ResponseReader::ResponseReader() {
  llhttp_settings_init(&settings_);
  settings_.on_body = on_body;
  settings_.on_message_complete = on_complete;
  llhttp_init(&parser_, HTTP_RESPONSE, &settings_);
  parser_.data = this;
}

Result<bool> ResponseReader::feed(std::string_view bytes) {
  return outcome(llhttp_execute(&parser_, bytes.data(), bytes.size()));
}

Result<bool> ResponseReader::feed_end() {
  return outcome(llhttp_finish(&parser_));
}

Result<bool> ResponseReader::outcome(llhttp_errno_t error) {
  if (complete_) return true;
  if (error == HPE_OK) return false;
  return fail(ErrorKind::kNetwork,
              std::string("the answer is not HTTP: ") + llhttp_get_error_reason(&parser_));
}

ApiResponse ResponseReader::take() {
  VERIFY(complete_);
  complete_ = false;
  llhttp_init(&parser_, HTTP_RESPONSE, &settings_);
  parser_.data = this;
  return std::exchange(response_, ApiResponse());
}

int ResponseReader::on_body(llhttp_t* parser, const char* bytes, std::size_t size) noexcept {
  ResponseReader& self = *owner_of(parser);
  if (self.response_.body.size() + size > kMaxBodyBytes) {
    llhttp_set_error_reason(parser, "the body is larger than 64 MiB");
    return HPE_USER;
  }
  self.response_.body.append(bytes, size);
  return HPE_OK;
}

int ResponseReader::on_complete(llhttp_t* parser) noexcept {
  ResponseReader& self = *owner_of(parser);
  if (parser->status_code == 100) return HPE_OK;  // The real one follows.
  self.response_.status = parser->status_code;
  self.keep_alive_ = llhttp_should_keep_alive(parser) != 0;
  self.complete_ = true;
  return HPE_PAUSED;
}

}  // namespace faultline
