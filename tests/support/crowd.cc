#include "tests/support/crowd.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "tests/support/line.h"

namespace faultline::test {

namespace {

constexpr std::size_t kMessage = 128;

/// What a member sends at a place of its stream.
char byte_at(std::size_t member, std::uint64_t place) {
  return static_cast<char>(member * 31 + place * 7 + place / 256);
}

}  // namespace

Crowd::Crowd(const std::string& address, std::size_t idle, std::size_t busy)
    : idle_(idle), members_(idle + busy), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].socket = Socket::connect(address);
    members_[i].is_busy = i >= idle;
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, members_[i].socket.fd(), &event);
  }
  thread_ = std::thread([this] { run(); });
  for (std::size_t i = idle; i < members_.size(); ++i) {
    const std::lock_guard lock(mutex_);
    say(i);
  }
}

Crowd::~Crowd() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  thread_.join();
  ::close(epoll_);
}

void Crowd::run() {
  std::array<epoll_event, 64> ready;
  for (;;) {
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 20);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (int i = 0; i < count; ++i) read(ready[static_cast<std::size_t>(i)].data.u64);
  }
}

void Crowd::read(std::size_t index) {
  Member& member = members_[index];
  const Received some = member.socket.receive_some(kMessage, milliseconds(0));
  if (some.ending != Ending::kOpen) {
    note_end(index, some.ending);
    return;
  }
  if (some.bytes.empty()) return;
  last_byte_ = Clock::now();
  for (const char byte : some.bytes) {
    if (byte != byte_at(index, member.received++)) member.is_wrong = true;
  }
  if (member.received > member.sent) member.is_wrong = true;
  if (member.received == member.sent) say(index);
}

void Crowd::say(std::size_t index) {
  Member& member = members_[index];
  std::array<char, kMessage> message;
  for (std::size_t i = 0; i < kMessage; ++i) message[i] = byte_at(index, member.sent + i);
  const std::size_t sent = member.socket.send_some({message.data(), kMessage});
  if (sent == 0 && (errno == ECONNRESET || errno == EPIPE)) note_end(index, Ending::kReset);
  member.sent += sent;
}

void Crowd::note_end(std::size_t index, Ending ending) {
  members_[index].ending = ending;
  last_end_ = Clock::now();
  epoll_ctl(epoll_, EPOLL_CTL_DEL, members_[index].socket.fd(), nullptr);
}

void Crowd::wake_idle() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < idle_; ++i) {
    if (!std::exchange(members_[i].is_busy, true)) say(i);
  }
}

bool Crowd::all_go_on(std::uint64_t messages, milliseconds patience) {
  std::vector<std::uint64_t> goals;
  {
    const std::lock_guard lock(mutex_);
    for (const Member& member : members_) {
      goals.push_back(member.is_busy ? member.received + messages * kMessage : 0);
    }
  }
  return eventually(
      [&] {
        std::size_t index = 0;
        return count(members_.size(),
                     [&](const Member& member) { return member.received < goals[index++]; }) == 0;
      },
      patience);
}

template <class Predicate>
std::size_t Crowd::count(std::size_t most, const Predicate& predicate) {
  const std::lock_guard lock(mutex_);
  const auto end = members_.begin() + static_cast<std::ptrdiff_t>(most);
  return static_cast<std::size_t>(std::count_if(members_.begin(), end, predicate));
}

std::size_t Crowd::ended_with(Ending ending) {
  return count(size(), [&](const Member& member) { return member.ending == ending; });
}

std::size_t Crowd::idle_ended_with(Ending ending) {
  return count(idle_, [&](const Member& member) { return member.ending == ending; });
}

std::size_t Crowd::wrong() {
  return count(size(), [](const Member& member) { return member.is_wrong; });
}

std::size_t Crowd::unheard_idle() {
  return count(idle_, [](const Member& member) { return info_of(member.socket).tcpi_unacked > 0; });
}

Clock::time_point Crowd::last_byte() {
  const std::lock_guard lock(mutex_);
  return last_byte_;
}

Clock::time_point Crowd::last_end() {
  const std::lock_guard lock(mutex_);
  return last_end_;
}

}  // namespace faultline::test
