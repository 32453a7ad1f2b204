#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/file_descriptor.h"

namespace faultline {

/// A kernel pipe that bytes are spliced through: they pass from one socket to
/// another without being copied into this process (splice(2)).
struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
  std::size_t capacity = 0;  ///< In bytes, as far as pages allow.
  std::size_t held = 0;      ///< Spliced in and not yet out.
};

/// The pipes of one worker. A link borrows one only while bytes are in it, so a
/// few serve thousands of links; each of those that wait for a slow peer keeps
/// one, up to a limit.
class PipePool {
 public:
  /// An empty pipe; null if there are none left, or the kernel gives none.
  std::unique_ptr<Pipe> take();

  /// Takes a pipe back. One that still holds bytes is closed, and they are lost.
  void give_back(std::unique_ptr<Pipe> pipe);

  /// Closes those that nobody has; to be called now and then.
  void trim() { free_.clear(); }

 private:
  std::vector<std::unique_ptr<Pipe>> free_;
  std::size_t taken_ = 0;
};

}  // namespace faultline
