#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench::truth {

/// A network of its own, as network_namespaces(7) has it. It is gone when the
/// last process, socket or TUN device of it is: nothing is left behind, however
/// this program ends.
class NetworkNamespace {
 public:
  /// Errors: kNetwork, where it is not allowed.
  static Result<NetworkNamespace> create();

  /// While it lives, the thread is in that network: sockets it opens belong to it.
  class Visit {
   public:
    /// REQUIRES: the thread may change networks, which create() has tried.
    explicit Visit(const NetworkNamespace& network);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    const FileDescriptor home_;
  };

  /// A point-to-point device with that address, whose neighbours are the
  /// 256 addresses around it. What the network sends there can be read from the
  /// file descriptor, a packet a read, of at most 1,500 bytes; what is written
  /// arrives in the network. It is non-blocking. Errors: kNetwork.
  Result<FileDescriptor> add_tun(const std::string& name, std::uint32_t address) const;

 private:
  explicit NetworkNamespace(FileDescriptor network) : network_(std::move(network)) {}

  FileDescriptor network_;
};

}  // namespace faultline::bench::truth
