#include "base/file_contents.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace faultline {

Result<std::string> file_contents(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  std::string text;
  std::size_t count = 0;
  char buffer[64 * 1024];
  while (file != nullptr && text.size() <= kMaxFileBytes &&
         (count = std::fread(buffer, 1, sizeof buffer, file.get())) > 0) {
    text.append(buffer, count);
  }
  if (file == nullptr || std::ferror(file.get()) != 0) {
    return fail(ErrorKind::kInvalid, std::string("cannot be read: ") + std::strerror(errno));
  }
  if (text.size() > kMaxFileBytes) return fail(ErrorKind::kInvalid, "larger than 16 MiB");
  return text;
}

}  // namespace faultline
