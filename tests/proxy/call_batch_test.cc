#include "proxy/call_batch.h"

#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <string>
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

TEST_CASE("a batch that is turned off stays so", "[call_batch]") {
  CallBatch batch;
  batch.turn_off();
  CHECK_FALSE(batch.is_available());
}

}  // namespace faultline
