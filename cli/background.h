#pragma once

#include <uv.h>

#include <functional>

#include "base/result.h"
#include "proxy/names.h"

namespace faultline {

/// Does one thing at a time that may block (reading a file, looking up a name)
/// without holding up its loop.
class Background {
 public:
  explicit Background(uv_loop_t& loop) : loop_(loop) {}
  ~Background();  ///< What still runs goes on, and is forgotten when it ends.
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  bool busy() const { return job_ != nullptr; }

  /// Runs `work` on another thread, then `done` on the loop. `work` may outlive
  /// this object, so it owns what it touches. REQUIRES: !busy().
  void run(std::function<void()> work, std::function<void()> done);

 private:
  struct Job;

  uv_loop_t& loop_;
  Job* job_ = nullptr;  // Owns itself until it is done.
};

/// A change to the registry, tried with the host names known so far; it fails
/// with kNeedsLookup until it has all it needs.
using Attempt = std::function<Result<void>(const Names& names)>;

/// Makes `attempt` until it needs no further lookup, looking names up in
/// between. Blocks: for start-up.
Result<void> attempt_blocking(const Attempt& attempt);

/// The same, looking up in `background`; `done` may be called before this
/// returns. REQUIRES: `background` is not busy, and outlives nothing that
/// `attempt` and `done` touch.
void attempt_with_lookups(Background& background, Attempt attempt,
                          std::function<void(const Result<void>&)> done, Names names = {});

}  // namespace faultline
