#include "tests/support/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace faultline::test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string key = text.substr(0, text.find('='));
    const bool is_ours = key.rfind("FAULTLINE_", 0) == 0 || key == "TOXIPROXY_URL";
    if (!is_ours && more.count(key) == 0) all.push_back(text);
  }
  for (const auto& [key, value] : more) all.push_back(key + "=" + value);
  return all;
}

/// From now on the kernel refuses packet filters to this process, as it does where
/// a sandbox or a security module forbids them. Only system calls.
bool forbid_packet_filters() {
  constexpr auto kCall = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  // The lower half of an argument: the first four bytes of eight, little-endian.
  constexpr auto kLevel = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 1 * 8);
  constexpr auto kOption = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 2 * 8);
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  std::array<sock_filter, 10> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 7, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_setsockopt, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kLevel),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kOption),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_FILTER, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_BPF, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// From execve() on, root has no capabilities either. Only system calls.
bool forbid_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) != 0 &&
      geteuid() == 0) {
    return false;
  }
  return syscall(SYS_capset, &header, none.data()) == 0;
}

bool give_up_rights(Process::Rights rights) {
  switch (rights) {
    case Process::Rights::kOurs:
      return true;
    case Process::Rights::kNoCapabilities:
      return forbid_capabilities();
    case Process::Rights::kNoPacketFilters:
      return forbid_packet_filters();
  }
  return false;
}

}  // namespace

Process::Process(const std::string& path, const Options& options) {
  std::vector<std::string> arguments = {options.name.empty() ? path : options.name};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = environment_with(options.environment);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const std::string out = dir_.file("stdout");
  const std::string err = dir_.file("stderr");

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ > 0) return;
  // In the child only calls that are safe after a fork of many threads.
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2(open(out.c_str(), flags, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), flags, 0600), STDERR_FILENO);
  if (options.most_files > 0) {
    const auto most = static_cast<rlim_t>(options.most_files);
    const rlimit limit{.rlim_cur = most, .rlim_max = most};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (!give_up_rights(options.rights)) _exit(126);
  execve(path.c_str(), argv.data(), envp.data());
  _exit(127);
}

Process::~Process() {
  if (!is_running()) return;
  signal(SIGKILL);
  wait();
}

bool Process::is_running() {
  return wait(milliseconds(0)) == -1;
}

void Process::signal(int number) const {
  if (!ended_) kill(pid_, number);
}

int Process::wait(milliseconds patience) {
  const auto has_ended = [this] {
    int status = 0;
    if (ended_ || waitpid(pid_, &status, WNOHANG) != pid_) return ended_;
    ended_ = true;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    return true;
  };
  eventually(has_ended, patience);
  return status_;
}

Outcome run(const std::string& path, const Process::Options& options) {
  Process process(path, options);
  const int status = process.wait();
  return {status, process.standard_output(), process.standard_error()};
}

bool has_sanitizer_report(const std::string& text) {
  for (const char* mark : {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                           "runtime error:", "WARNING: ThreadSanitizer", "VERIFY failed"}) {
    if (text.find(mark) != std::string::npos) return true;
  }
  return false;
}

}  // namespace faultline::test
