#pragma once

#include <string>
#include <vector>

namespace faultline::test {

/// A fresh folder that nobody else uses, removed with all it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

/// The whole file; "" if there is none.
std::string read_file(const std::string& path);

/// Its lines, without their ends. Throws std::runtime_error if the last has none.
std::vector<std::string> lines_of(const std::string& path);

}  // namespace faultline::test
