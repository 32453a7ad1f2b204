#include "cli/inherited.h"

#include <unistd.h>

#include <algorithm>

#include "base/verify.h"

namespace faultline {

Inherited::Inherited() {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    environment_.emplace_back(*entry);
  }
  has_files_ = getrlimit(RLIMIT_NOFILE, &files_) == 0;
  VERIFY(pthread_sigmask(SIG_BLOCK, nullptr, &blocked_) == 0);
  VERIFY(sigaction(SIGPIPE, nullptr, &on_broken_pipe_) == 0);
  VERIFY(sigaction(SIGXFSZ, nullptr, &on_large_file_) == 0);
  VERIFY(sigaction(SIGCHLD, nullptr, &on_child_) == 0);
}

std::vector<std::string> Inherited::environment_with(
    const std::map<std::string, std::string>& changes) const {
  std::vector<std::string> all;
  std::copy_if(environment_.begin(), environment_.end(), std::back_inserter(all),
               [&](const std::string& entry) {
                 return changes.count(entry.substr(0, entry.find('='))) == 0;
               });
  for (const auto& [name, value] : changes) all.push_back(name + "=" + value);
  return all;
}

void Inherited::restore() const {
  if (has_files_) setrlimit(RLIMIT_NOFILE, &files_);
  sigaction(SIGPIPE, &on_broken_pipe_, nullptr);
  sigaction(SIGXFSZ, &on_large_file_, nullptr);
  sigaction(SIGCHLD, &on_child_, nullptr);
  sigprocmask(SIG_SETMASK, &blocked_, nullptr);
}

}  // namespace faultline
