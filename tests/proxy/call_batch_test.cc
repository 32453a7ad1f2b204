#include "proxy/call_batch.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "proxy/file_descriptor.h"

namespace faultline {
namespace {

std::pair<FileDescriptor, FileDescriptor> socket_pair() {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Notes what it is told.
class Results final : public BatchWriter {
 public:
  void on_written(std::size_t tag, ssize_t result) noexcept override {
    CHECK(told == 0);  // Nobody is told of the end before all are told of their results.
    results[tag] = result;
  }
  void on_batch_written() noexcept override { ++told; }

  std::map<std::size_t, ssize_t> results;
  std::size_t told = 0;
};

/// From now on this thread may not use a ring, as in many containers.
bool forbid_rings() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

std::string text_of(const CallBatch::Read& read) {
  return {read.data, static_cast<std::size_t>(read.result)};
}

}  // namespace

TEST_CASE("a batch reads what there is: bytes, nothing yet, the end", "[call_batch]") {
  CallBatch batch;
  if (!batch.is_available()) {
    WARN("io_uring is not allowed here: calls are made one by one");
    return;
  }
  auto [full, writer] = socket_pair();
  auto [empty, silent] = socket_pair();
  auto [ended, gone] = socket_pair();
  gone = FileDescriptor();
  for (int round = 0; round < 3; ++round) {
    const std::string message = "message " + std::to_string(round);
    REQUIRE(::send(writer.get(), message.data(), message.size(), 0) > 0);
    const CallBatch::Read* first = batch.add_read(full.get());
    const CallBatch::Read* second = batch.add_read(empty.get());
    const CallBatch::Read* third = batch.add_read(ended.get());
    const CallBatch::Read* fourth = batch.add_read(-1);
    batch.read_all();
    CHECK(text_of(*first) == message);
    CHECK(second->result == -EAGAIN);
    CHECK(third->result == 0);
    CHECK(fourth->result == -EBADF);
  }
}

TEST_CASE("a batch writes what is taken, and tells each writer", "[call_batch]") {
  CallBatch batch;
  if (!batch.is_available()) {
    WARN("io_uring is not allowed here: calls are made one by one");
    return;
  }
  auto [good, reader] = socket_pair();
  auto [broken, gone] = socket_pair();
  gone = FileDescriptor();
  const std::string large(8UL << 20U, 'x');  // More than a socket takes.
  auto [full, slow] = socket_pair();
  Results results;
  batch.add_write(good.get(), "hello", results, 1);
  batch.add_write(broken.get(), "nobody", results, 2);  // And no SIGPIPE.
  batch.add_write(full.get(), large, results, 3);
  batch.add_write(full.get(), large, results, 4);
  batch.write_all();
  CHECK(results.results[1] == 5);
  CHECK(results.results[2] == -EPIPE);
  CHECK(results.results[3] > 0);
  CHECK(results.results[3] < static_cast<ssize_t>(large.size()));
  CHECK(results.results[4] == -EAGAIN);
  CHECK(results.told == 4);
  char text[8];
  CHECK(::recv(reader.get(), text, sizeof text, 0) == 5);
  batch.write_all();  // Nothing left.
  CHECK(results.told == 4);
}

TEST_CASE("a batch of as many calls as there may be, again and again", "[call_batch]") {
  CallBatch batch;
  if (!batch.is_available()) return;
  auto [left, right] = socket_pair();
  Results results;
  for (int round = 0; round < 100; ++round) {
    results = Results();
    for (std::size_t i = 0; i < CallBatch::kMost; ++i) batch.add_write(left.get(), "x", results, i);
    batch.write_all();
    REQUIRE(results.results.size() == CallBatch::kMost);
    std::size_t came = 0;
    const CallBatch::Read* read = nullptr;
    for (std::size_t i = 0; i < CallBatch::kMost; ++i) {
      const CallBatch::Read* next = batch.add_read(right.get());
      if (i == 0) read = next;
    }
    batch.read_all();
    came += static_cast<std::size_t>(read->result);
    REQUIRE(came == CallBatch::kMost);
  }
}

TEST_CASE("what the kernel refuses to do in one call is done call by call", "[call_batch]") {
  constexpr std::size_t kCalls = 40;  // Of each kind: more than a ring takes in all.
  Results results;
  std::size_t read = 0;
  bool was_available = false;
  bool is_forbidden = false;
  bool is_still_available = true;
  auto [left, right] = socket_pair();
  REQUIRE(::send(right.get(), "x", 1, 0) == 1);
  std::thread thread([&, from = left.get()] {  // The ban is for one thread.
    CallBatch batch;
    was_available = batch.is_available();
    is_forbidden = forbid_rings();
    if (!was_available || !is_forbidden) return;
    std::array<const CallBatch::Read*, kCalls> reads{};
    for (const CallBatch::Read*& each : reads) each = batch.add_read(from);
    batch.read_all();
    for (const CallBatch::Read* each : reads) read += each->result == 1 ? 1 : 0;
    for (std::size_t i = 0; i < kCalls; ++i) batch.add_write(from, "y", results, i);
    batch.write_all();
    is_still_available = batch.is_available();
  });
  thread.join();
  if (!was_available) return;
  REQUIRE(is_forbidden);
  CHECK(read == 1);
  CHECK(results.results.size() == kCalls);
  for (const auto& [tag, result] : results.results) CHECK(result == 1);
  CHECK_FALSE(is_still_available);
  std::array<char, 2 * kCalls> bytes;
  CHECK(::recv(right.get(), bytes.data(), bytes.size(), 0) == kCalls);
}

TEST_CASE("a ring that may be made and not used is none", "[call_batch]") {
  bool is_forbidden = false;
  bool is_available = true;
  std::thread thread([&] {
    is_forbidden = forbid_rings();
    is_available = CallBatch().is_available();
  });
  thread.join();
  REQUIRE(is_forbidden);
  CHECK_FALSE(is_available);
}

TEST_CASE("a batch that is turned off stays so", "[call_batch]") {
  CallBatch batch;
  batch.turn_off();
  CHECK_FALSE(batch.is_available());
}

}  // namespace faultline
