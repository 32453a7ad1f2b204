#include "cli/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/verify.h"
#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

constexpr int kSignalled = 128;  // As shells say it,
constexpr int kNotRun = 127;     // both.

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The child's way from fork() to the program: other threads may have held any
/// lock, so this makes system calls only. Returns errno if there is no program.
int become(char* const* command, char** environment, const Inherited& inherited, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kSignalled + SIGKILL);  // It went before that was set.
  inherited.restore();
  environ = environment;  // Where execvp() finds PATH.
  execvp(command[0], command);
  return errno;
}

Fail not_started(const std::string& program, int error) {
  const ErrorKind kind = error == ENOENT ? ErrorKind::kNotFound : ErrorKind::kInvalid;
  const std::string reason = std::generic_category().message(error);
  return fail(kind, "cannot run `" + program + "`: " + reason);
}

}  // namespace

Result<pid_t> start_child(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& changes,
                          const Inherited& inherited) {
  VERIFY(!command.empty());
  std::vector<std::string> words = command;
  std::vector<std::string> environment = inherited.environment_with(changes);
  const std::vector<char*> word_pointers = pointers_to(words);
  std::vector<char*> environment_pointers = pointers_to(environment);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::kNetwork, std::generic_category().message(errno));
  }
  const FileDescriptor failure(ends[0]);
  FileDescriptor told(ends[1]);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    return fail(ErrorKind::kNetwork,
                "cannot make a process: " + std::generic_category().message(errno));
  }
  if (child == 0) {
    const int error = become(word_pointers.data(), environment_pointers.data(), inherited, parent);
    [[maybe_unused]] const ssize_t written = write(told.get(), &error, sizeof error);
    _exit(kNotRun);  // Nobody looks: the error says it.
  }
  told = FileDescriptor();
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(failure.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  if (count != sizeof error) return child;  // The program closed the pipe as it began.
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return not_started(command.front(), error);
}

int exit_code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? kSignalled + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace faultline
