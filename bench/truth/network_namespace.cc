#include "bench/truth/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/verify.h"

namespace faultline::bench::truth {

namespace {

constexpr int kMostPacketBytes = 1500;
/// Packets that a device keeps until they are read: more than any window, so
/// that none is lost where nobody asked for it. (A TUN's default is 500.)
constexpr int kDeviceQueue = 20'000;

Fail refused(const std::string& what) {
  return fail(ErrorKind::kNetwork, what + ": " + std::strerror(errno));
}

FileDescriptor present_network() {
  return FileDescriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return request;
}

ifreq address_request(const std::string& name, std::uint32_t address) {
  ifreq request = request_for(name);
  sockaddr_in ip{};
  ip.sin_family = AF_INET;
  ip.sin_addr.s_addr = htonl(address);
  std::memcpy(&request.ifr_addr, &ip, sizeof ip);
  return request;
}

/// Gives the device its address and switches it on.
Result<void> configure(const std::string& name, std::uint32_t address) {
  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq ip = address_request(name, address);
  ifreq mask = address_request(name, 0xffffff00U);
  ifreq mtu = request_for(name);
  mtu.ifr_mtu = kMostPacketBytes;
  ifreq queue = request_for(name);
  queue.ifr_qlen = kDeviceQueue;
  ifreq flags = request_for(name);
  flags.ifr_flags = IFF_UP | IFF_RUNNING;
  const std::pair<unsigned long, ifreq*> steps[] = {{SIOCSIFADDR, &ip},
                                                    {SIOCSIFNETMASK, &mask},
                                                    {SIOCSIFMTU, &mtu},
                                                    {SIOCSIFTXQLEN, &queue},
                                                    {SIOCSIFFLAGS, &flags}};
  for (const auto& [step, argument] : steps) {
    if (ioctl(control.get(), step, argument) != 0) return refused("cannot set up " + name);
  }
  return {};
}

}  // namespace

Result<NetworkNamespace> NetworkNamespace::create() {
  const FileDescriptor home = present_network();
  if (!home.is_open()) return refused("cannot see /proc/thread-self/ns/net");
  // Whether there is a way back: root of a user namespace may leave a network that is not its own.
  if (setns(home.get(), CLONE_NEWNET) != 0) return refused("cannot enter a network namespace");
  if (unshare(CLONE_NEWNET) != 0) return refused("cannot make a network namespace");
  NetworkNamespace made(present_network());
  VERIFY(setns(home.get(), CLONE_NEWNET) == 0);
  if (!made.network_.is_open()) return refused("cannot see /proc/thread-self/ns/net");
  return made;
}

NetworkNamespace::Visit::Visit(const NetworkNamespace& network) : home_(present_network()) {
  VERIFY(setns(network.network_.get(), CLONE_NEWNET) == 0);
}

NetworkNamespace::Visit::~Visit() {
  VERIFY(setns(home_.get(), CLONE_NEWNET) == 0);
}

Result<FileDescriptor> NetworkNamespace::add_tun(const std::string& name,
                                                 std::uint32_t address) const {
  const Visit visit(*this);
  FileDescriptor device(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device.is_open()) return refused("cannot open /dev/net/tun");
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(device.get(), TUNSETIFF, &request) != 0) return refused("cannot make a TUN device");
  if (auto configured = configure(name, address); !configured) return Fail(configured.error());
  return device;
}

}  // namespace faultline::bench::truth
