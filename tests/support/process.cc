#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
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
