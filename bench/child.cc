#include "bench/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/verify.h"

namespace faultline::bench {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 1s;
constexpr auto kLook = 5ms;
constexpr unsigned long kDefaultTimerSlackNanoseconds = 50'000;

/// The environment without our own settings, as execve() wants it.
std::vector<char*> environment() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "FAULTLINE_", 10) != 0) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments,
                         const std::string& log_path) {
  // Ours is finer, and would be passed on: see prctl(2).
  prctl(PR_SET_TIMERSLACK, kDefaultTimerSlackNanoseconds);
  const int null = open("/dev/null", O_RDWR);
  const int log = open(log_path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  dup2(null, STDIN_FILENO);
  dup2(log < 0 ? null : log, STDOUT_FILENO);
  dup2(log < 0 ? null : log, STDERR_FILENO);
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(path.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execve(path.c_str(), argv.data(), environment().data());
  _exit(127);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string path = (fs::temp_directory_path() / "faultline-bench-XXXXXX").string();
  VERIFY(mkdtemp(path.data()) != nullptr);
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  wait_for_end(kPatience);
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

siginfo_t Child::wait_for_end(std::chrono::milliseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLook);
  }
  return ended;
}

std::optional<int> Child::end(std::chrono::milliseconds patience) {
  kill(pid_, SIGTERM);
  const siginfo_t ended = wait_for_end(patience);
  if (ended.si_pid == 0 || ended.si_code != CLD_EXITED) return std::nullopt;
  return ended.si_status;
}

Result<Child> Child::split() {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return fail(ErrorKind::kNetwork, std::string("cannot start a process: ") + strerror(errno));
  }
  if (pid > 0) {
    setpgid(pid, pid);  // Here and there: whoever comes first.
    return Child(pid);
  }
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // It died before we could ask to be told.
  return Child(0);
}

void Child::end_copy(int status) {
  _exit(status);
}

Result<Child> Child::run(const std::string& program, const std::vector<std::string>& arguments,
                         const std::string& log_path) {
  const std::string path = find_program(program);
  if (path.empty()) return fail(ErrorKind::kNotFound, program + " is not installed");
  auto child = split();
  if (child && child->pid_ == 0) become(path, arguments, log_path);
  return child;
}

bool Child::is_running() {
  siginfo_t ended{};
  return pid_ > 0 &&
         waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

std::string find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return access(program.c_str(), X_OK) == 0 ? program : "";
  }
  const char* path = std::getenv("PATH");
  // Debian keeps servers where only root looks.
  std::istringstream folders((path == nullptr ? std::string() : path) + std::string(":/usr/sbin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + program;
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // Unlike an iterator it does not throw when a process of /proc is gone.
  return text.str();
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file.good();
}

}  // namespace faultline::bench
