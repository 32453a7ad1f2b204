#include "tests/support/own_network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "tests/support/process.h"

namespace faultline::test {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

OwnNetwork::OwnNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (before_ < 0) refuse("cannot see the network");
  if (unshare(CLONE_NEWNET) != 0) {
    close(before_);
    refuse("cannot make a network, which needs root");
  }
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::string_view("lo").copy(loopback.ifr_name, IFNAMSIZ - 1);
  loopback.ifr_flags = IFF_UP;
  const bool is_up = ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
  close(any);
  if (is_up) return;
  setns(before_, CLONE_NEWNET);
  close(before_);
  refuse("cannot bring up the loopback");
}

OwnNetwork::~OwnNetwork() {
  setns(before_, CLONE_NEWNET);
  close(before_);
}

void OwnNetwork::run(const std::string& command) {
  const Outcome outcome =
      test::run("/bin/sh", {.arguments = {"-c", "PATH=$PATH:/usr/sbin:/sbin; " + command}});
  if (outcome.status != 0) throw std::runtime_error(command + ": " + outcome.err + outcome.out);
}

}  // namespace faultline::test
