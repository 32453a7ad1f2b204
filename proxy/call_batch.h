#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace faultline {

/// Is told how its write went.
class BatchWriter {
 public:
  /// `result` is what send() gives, but for an error it is minus the errno.
  virtual void on_written(std::size_t tag, ssize_t result) noexcept = 0;
  /// All writers have been told.
  virtual void on_batch_written() noexcept = 0;

 protected:
  ~BatchWriter() = default;
};

/// The small reads and writes of one turn of a loop, put to the kernel in one
/// call for all reads and one for all writes (io_uring), where each would be a
/// call of its own otherwise. Nothing waits in the kernel: what cannot be done
/// at once fails with EAGAIN, as it would there.
///
/// Many containers forbid io_uring; then is_available() is false and everybody
/// makes his own calls. Used on one thread, the one that first asks.
class CallBatch {
 public:
  static constexpr std::size_t kMost = 64;  ///< Reads, and writes, of a turn.
  static constexpr std::size_t kReadBytes = 64 * 1024;

  CallBatch();
  ~CallBatch();
  CallBatch(const CallBatch&) = delete;
  CallBatch& operator=(const CallBatch&) = delete;

  /// Never batch. REQUIRES: is_available() was not asked yet.
  void turn_off() { state_ = State::kOff; }
  bool is_available();

  /// One read: up to kReadBytes at `data`, good until the end of the turn.
  struct Read {
    int fd = -1;
    char* data = nullptr;
    ssize_t result = 0;  ///< As BatchWriter's.
  };

  /// Asks for a read of `fd`. The answer is there after read_all(), until the
  /// next turn. REQUIRES: it was available when the turn began, and fewer than
  /// kMost since the last read_all(). The same holds for add_write().
  const Read* add_read(int fd);
  void read_all();

  /// Asks for `bytes`, which must stay, to be sent on `fd`, which must stay
  /// open, by write_all().
  void add_write(int fd, std::string_view bytes, BatchWriter& writer, std::size_t tag);

  /// Writes, and tells every writer.
  void write_all();

 private:
  enum class State { kUnknown, kOn, kOff };
  struct Ring;
  struct Write {
    int fd = -1;
    std::string_view bytes;
    BatchWriter* writer = nullptr;
    std::size_t tag = 0;
    ssize_t result = 0;
  };

  void open();
  void give_up();

  State state_ = State::kUnknown;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<char, void (*)(char*)> buffers_;
  std::array<Read, kMost> reads_;
  std::size_t read_count_ = 0;
  std::array<Write, kMost> writes_;
  std::size_t write_count_ = 0;
};

}  // namespace faultline
