#include "cli/background.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/verify.h"

namespace faultline {

struct Background::Job {
  uv_work_t request{};
  Background* owner = nullptr;  // Null once the owner is gone.
  std::function<void()> work;
  std::function<void()> done;
};

Background::~Background() {
  if (job_ != nullptr) job_->owner = nullptr;
}

void Background::run(std::function<void()> work, std::function<void()> done) {
  VERIFY(!busy());
  auto job = std::make_unique<Job>();
  job->request.data = job.get();
  job->owner = this;
  job->work = std::move(work);
  job->done = std::move(done);
  job_ = job.release();
  const auto on_work = [](uv_work_t* request) { static_cast<Job*>(request->data)->work(); };
  const auto on_done = [](uv_work_t* request, int /*status*/) {
    const std::unique_ptr<Job> finished(static_cast<Job*>(request->data));
    if (finished->owner == nullptr) return;
    finished->owner->job_ = nullptr;
    finished->done();
  };
  VERIFY(uv_queue_work(&loop_, &job_->request, on_work, on_done) == 0);
}

Result<void> attempt_blocking(const Attempt& attempt) {
  Names names;
  while (true) {
    Result<void> result = attempt(names);
    if (result || result.error().kind != ErrorKind::kNeedsLookup) return result;
    const std::string host = result.error().message;
    VERIFY(!names.contains(host));
    names.emplace(host, look_up_blocking(host));
  }
}

void attempt_with_lookups(Background& background, Attempt attempt,
                          std::function<void(const Result<void>&)> done, Names names) {
  const Result<void> result = attempt(names);
  if (result || result.error().kind != ErrorKind::kNeedsLookup) {
    done(result);
    return;
  }
  const std::string host = result.error().message;
  VERIFY(!names.contains(host));
  using Answer = Result<std::vector<SocketAddress>>;
  const auto answer = std::make_shared<Answer>();
  background.run([host, answer] { *answer = look_up_blocking(host); },
                 [&background, attempt = std::move(attempt), done = std::move(done),
                  names = std::move(names), host, answer]() mutable {
                   names.emplace(host, std::move(*answer));
                   attempt_with_lookups(background, std::move(attempt), std::move(done),
                                        std::move(names));
                 });
}

}  // namespace faultline
