#include "proxy/packet_filter.h"

#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "proxy/file_descriptor.h"
#include "proxy/names.h"

namespace faultline {

namespace {

/// "the kernel refuses packet filters: operation not permitted".
Fail refusal(int error) {
  if (error == ENOMEM) {  // sk_filter_charge(): also while the old one is still there.
    return fail(ErrorKind::kNetwork,
                "the packet filter takes more memory than a socket may have; shorten its list of "
                "sources or raise net.core.optmem_max");
  }
  std::string words = std::strerror(error);
  words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return fail(ErrorKind::kNetwork, "the kernel refuses packet filters: " + words);
}

Fail no_probe(const char* call) {
  return fail(ErrorKind::kNetwork, std::string("packet filters could not be tried: ") + call +
                                       ": " + std::strerror(errno));
}

/// A client that connects to `address` without waiting.
FileDescriptor knock(const SocketAddress& address) {
  FileDescriptor client(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (client.is_open() && connect(client.get(), address.get(), address.length) != 0 &&
      errno != EINPROGRESS) {
    return {};
  }
  return client;
}

/// Whether the client is let in, or turned away, within so many milliseconds.
bool is_answered(const FileDescriptor& client, int patience_ms) {
  pollfd poller{.fd = client.get(), .events = POLLOUT, .revents = 0};
  return poll(&poller, 1, patience_ms) > 0;
}

/// `mov r0, 0; exit`: keeps nothing. Not open where the kernel loads no such programs.
FileDescriptor load_drop_all() {
  constexpr std::array<bpf_insn, 2> kProgram = {{
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  }};
  const auto address = [](const void* what) { return reinterpret_cast<std::uint64_t>(what); };
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  load.insns = address(kProgram.data());
  load.insn_cnt = kProgram.size();
  load.license = address("");
  return FileDescriptor(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load)));
}

/// Attaches the one program that drops everything, which all sockets share: no
/// machine code is made for each. False if that is not to be had here.
bool attach_drop_all(int fd) {
  static const FileDescriptor program = load_drop_all();
  const int shared = program.get();
  return program.is_open() &&
         setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &shared, sizeof shared) == 0;
}

/// Whether `program` drops everything, whoever sent it.
bool drops_everything(const PacketProgram& program) {
  const sock_filter& first = program.instructions().front();
  return first.code == (BPF_RET | BPF_K) && first.k == 0;
}

}  // namespace

Result<void> attach_packet_filter(int fd, const PacketProgram& program) {
  if (program.is_empty()) {
    detach_packet_filter(fd);
    return {};
  }
  if (drops_everything(program) && attach_drop_all(fd)) return {};
  // The kernel only reads it; sock_fprog has no pointer to const.
  auto* const instructions = const_cast<sock_filter*>(program.instructions().data());
  const sock_fprog filter{.len = static_cast<unsigned short>(program.instructions().size()),
                          .filter = instructions};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    return refusal(errno);
  }
  return {};
}

Result<void> replace_packet_filter(int fd, const PacketProgram& program) {
  if (attach_packet_filter(fd, program)) return {};
  detach_packet_filter(fd);
  return attach_packet_filter(fd, program);
}

Result<void> try_packet_filter(const PacketProgram& program) {
  const FileDescriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.is_open() || program.is_empty()) return {};  // Nothing is known against it.
  return attach_packet_filter(probe.get(), program);
}

void detach_packet_filter(int fd) {
  const int ignored = 0;  // But it has to be there. ENOENT: there was none.
  setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
}

Result<void> probe_packet_filters() {
  // Loopback answers in some ten microseconds. A SYN that was dropped is sent
  // again after a second, so the second client has to be a new one.
  constexpr int kSilenceMs = 20;
  constexpr int kPatienceMs = 1'000;

  SocketAddress address;
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(&address.storage, &loopback, sizeof loopback);
  address.length = sizeof loopback;
  const FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.is_open()) return no_probe("socket");
  if (bind(listener.get(), address.get(), address.length) != 0) return no_probe("bind");
  if (listen(listener.get(), 2) != 0) return no_probe("listen");
  getsockname(listener.get(), address.get(), &address.length);

  const Result<PacketProgram> drop_all = PacketProgram::build({PacketRule{.drop_all = true}});
  if (!drop_all) return Fail(drop_all.error());
  if (const Result<void> attached = attach_packet_filter(listener.get(), *drop_all); !attached) {
    return Fail(attached.error());
  }
  const FileDescriptor kept_out = knock(address);
  if (!kept_out.is_open()) return no_probe("connect");
  if (is_answered(kept_out, kSilenceMs)) {
    return fail(ErrorKind::kNetwork, "the kernel takes packet filters but does not heed them");
  }
  detach_packet_filter(listener.get());
  const FileDescriptor let_in = knock(address);
  if (!let_in.is_open()) return no_probe("connect");
  if (!is_answered(let_in, kPatienceMs)) {
    return fail(ErrorKind::kNetwork, "the kernel does not let go of packet filters");
  }
  return {};
}

}  // namespace faultline
