#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/file_descriptor.h"

namespace faultline {

/// A file that is only ever added to, by one process at a time. Before it would
/// grow beyond its limit it is renamed to FILE.1, the one before to FILE.2 and so
/// on, and begun anew. Blocks for the disk.
class RotatedFile {
 public:
  /// Files besides the present one.
  static constexpr int kKept = 5;

  RotatedFile(std::string path, std::uint64_t most_bytes);

  /// Again, if it is open. Errors: kNetwork, "PATH: cannot be opened: Permission denied".
  Result<void> open();

  /// Adds all of `bytes` and waits until the disk has them, or leaves the file as
  /// it was. Opens the file anew if somebody has moved it away. Errors: kNetwork.
  Result<void> append(std::string_view bytes);

  /// How much fits before it is rotated.
  std::uint64_t room() const { return size_ < most_bytes_ ? most_bytes_ - size_ : most_bytes_; }

 private:
  bool is_in_place();
  Result<void> rotate();
  Result<void> write_all(std::string_view bytes) const;
  Fail cannot(const std::string& what) const;

  const std::string path_;
  const std::uint64_t most_bytes_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;  // Up to the end of what was added whole.
  bool is_torn_ = false;    // There may be something behind that.
};

}  // namespace faultline
