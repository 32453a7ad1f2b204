#include "proxy/socks5.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "proxy/compact_address.h"
#include "proxy/destination.h"

namespace faultline {

namespace {

using namespace std::literals;

using Step = Greeting::Step;
using Status = Greeting::Status;

constexpr char kSocksVersion = 5;
constexpr char kUserVersion = 1;

constexpr char kNoMethod = 0;
constexpr char kUserMethod = 2;
constexpr char kNoneWillDo = '\xFF';

constexpr char kConnectCommand = 1;

constexpr char kTypeIpv4 = 1;
constexpr char kTypeName = 3;
constexpr char kTypeIpv6 = 4;

/// Reply codes (RFC 1928, section 6).
enum class SocksReply : char {
  kSucceeded = 0,
  kFailed = 1,
  kForbidden = 2,
  kNetworkUnreachable = 3,
  kHostUnreachable = 4,
  kRefused = 5,
  kBadCommand = 7,
  kBadAddressType = 8,
};

std::size_t length_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::string socks_reply(SocksReply reply, const SocketAddress& bound) {
  const CompactAddress address(bound);
  const std::uint16_t port = address.is_ip() ? address.port() : std::uint16_t{0};
  std::string text = {kSocksVersion, static_cast<char>(reply), 0};
  const SocketAddress full = address.address();
  if (full.family() == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(full.get())->sin6_addr;
    text += kTypeIpv6;
    text.append(reinterpret_cast<const char*>(&ip), sizeof ip);
  } else {
    in_addr ip{};  // A unix socket's is no address that could be told.
    if (full.family() == AF_INET) ip = reinterpret_cast<const sockaddr_in*>(full.get())->sin_addr;
    text += kTypeIpv4;
    text.append(reinterpret_cast<const char*>(&ip), sizeof ip);
  }
  text += static_cast<char>(port >> 8U);
  text += static_cast<char>(port & 0xFFU);
  return text;
}

Step socks_refusal(std::string reason, std::string reply = "") {
  return {.status = Status::kRefused, .reply = std::move(reply), .reason = std::move(reason)};
}

std::string ip_text(int family, const char* ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, ip, text.data(), text.size());
  return text.data();
}

}  // namespace

Step Socks5::feed(std::string_view bytes, Introduction& introduction) {
  Step all;
  while (all.status == Status::kNeedsMore && all.used < bytes.size()) {
    message_ += bytes[all.used++];
    if (message_.size() == 1 && phase_ != Phase::kUser && message_[0] != kSocksVersion) {
      return socks_refusal("it does not speak SOCKS 5", std::move(all.reply));
    }
    if (message_.size() < wanted()) continue;
    Step step = take(introduction);
    all.status = step.status;
    all.reply += step.reply;
    all.reason = std::move(step.reason);
    message_.clear();
  }
  return all;
}

/// How many bytes the message has, as far as those that are there tell.
std::size_t Socks5::wanted() const {
  const std::size_t size = message_.size();
  switch (phase_) {
    case Phase::kMethods:
      return size < 2 ? 2 : 2 + length_at(message_, 1);
    case Phase::kUser: {
      const std::size_t password_at = size < 2 ? 2 : 2 + length_at(message_, 1);
      return size <= password_at ? password_at + 1
                                 : password_at + 1 + length_at(message_, password_at);
    }
    case Phase::kRequest:
      if (size < 5)
        return size < 4 || message_[3] == kTypeName || message_[3] == kTypeIpv4 ||
                       message_[3] == kTypeIpv6
                   ? 5
                   : 4;
      if (message_[3] == kTypeName) return 4 + 1 + length_at(message_, 4) + 2;
      return 4 + (message_[3] == kTypeIpv4 ? sizeof(in_addr) : sizeof(in6_addr)) + 2;
  }
  return 0;
}

/// The message is complete.
Step Socks5::take(Introduction& introduction) {
  switch (phase_) {
    case Phase::kMethods:
      return choose_method();
    case Phase::kUser:
      return take_user(introduction);
    case Phase::kRequest:
      return take_request(introduction);
  }
  return {};
}

Step Socks5::choose_method() {
  const std::string_view methods = std::string_view(message_).substr(2);
  for (const char method : {kUserMethod, kNoMethod}) {
    if (methods.find(method) == std::string_view::npos) continue;
    phase_ = method == kUserMethod ? Phase::kUser : Phase::kRequest;
    return {.reply = {kSocksVersion, method}};
  }
  return socks_refusal("it offers no method to sign in that we have", {kSocksVersion, kNoneWillDo});
}

Step Socks5::take_user(Introduction& introduction) {
  if (message_[0] != kUserVersion) return socks_refusal("its user name is not understood");
  introduction.client_name = message_.substr(2, length_at(message_, 1));
  phase_ = Phase::kRequest;
  return {.reply = {kUserVersion, 0}};
}

Step Socks5::take_request(Introduction& introduction) {
  const char type = message_[3];
  if (type != kTypeIpv4 && type != kTypeIpv6 && type != kTypeName) {
    return socks_refusal("its type of address is not known",
                         socks_reply(SocksReply::kBadAddressType, {}));
  }
  if (message_[1] != kConnectCommand) {
    return socks_refusal("it asks for something else than CONNECT",
                         socks_reply(SocksReply::kBadCommand, {}));
  }
  const std::size_t port_at = message_.size() - 2;
  const auto port = static_cast<std::uint16_t>(length_at(message_, port_at) << 8U |
                                               length_at(message_, port_at + 1));
  const std::string host = type == kTypeName
                               ? message_.substr(5, length_at(message_, 4))
                               : ip_text(type == kTypeIpv4 ? AF_INET : AF_INET6, &message_[4]);
  Result<std::string> destination = destination_text(host, port);
  if (!destination)
    return socks_refusal(destination.error().message, socks_reply(SocksReply::kFailed, {}));
  introduction.destination = *std::move(destination);
  return {.status = Status::kDone};
}

std::string Socks5::answer(const DialEnd& end) const {
  switch (end.error) {
    case 0:
      return socks_reply(SocksReply::kSucceeded, end.local);
    case ECONNREFUSED:
      return socks_reply(SocksReply::kRefused, {});
    case ENETUNREACH:
      return socks_reply(SocksReply::kNetworkUnreachable, {});
    case EHOSTUNREACH:
    case ETIMEDOUT:
      return socks_reply(SocksReply::kHostUnreachable, {});
    case EACCES:
    case EPERM:
      return socks_reply(SocksReply::kForbidden, {});
    default:
      return socks_reply(SocksReply::kFailed, {});
  }
}

}  // namespace faultline
