#include "proxy/workers.h"

#include <algorithm>
#include <latch>

#include "proxy/worker.h"

namespace faultline {

struct Workers::Thread {
  Thread(std::size_t index, const Worker::Limits& limits)
      : worker(index, limits), thread([this] { worker.loop().run(); }) {}

  Worker worker;
  std::thread thread;
};

Workers::Workers(const Options& options)
    : memory_limit_bytes_(options.memory_limit_bytes),
      may_filter_packets_(options.may_filter_packets) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t count = options.count == 0 ? cores : options.count;
  const Worker::Limits limits{.held_bytes = options.memory_limit_bytes / count,
                              .link_window_bytes = options.link_window_bytes,
                              .may_batch_calls = options.may_batch_calls};
  for (std::size_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<Thread>(i, limits));
}

Workers::~Workers() {
  run_on_all([](Worker& worker, std::size_t) { worker.loop().stop(); });
  for (const std::unique_ptr<Thread>& thread : threads_) thread->thread.join();
}

std::size_t Workers::size() const {
  return threads_.size();
}

void Workers::run_on_all(const std::function<void(Worker&, std::size_t)>& task) {
  run_to_end([&task](Worker& worker, std::size_t index, const Done& done) {
    task(worker, index);
    done();
  });
}

void Workers::run_to_end(const std::function<void(Worker&, std::size_t, const Done& done)>& task) {
  std::latch left(static_cast<std::ptrdiff_t>(threads_.size()));
  const Done done = [&left] { left.count_down(); };
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    Worker& worker = threads_[i]->worker;
    worker.loop().post([&task, &worker, &done, i] { task(worker, i, done); });
  }
  left.wait();
}

void Workers::post_to_all(const std::function<void(Worker&)>& task) {
  for (const std::unique_ptr<Thread>& thread : threads_) {
    Worker& worker = thread->worker;
    worker.loop().post([task, &worker] { task(worker); });
  }
}

std::vector<DurationHistogram::Snapshot> Workers::loop_lag() const {
  std::vector<DurationHistogram::Snapshot> lag;
  for (const std::unique_ptr<Thread>& thread : threads_) {
    lag.push_back(thread->worker.loop().alarms().lag().snapshot());
  }
  return lag;
}

Workers::Memory Workers::memory() const {
  Memory memory{.held_bytes = 0, .limit_bytes = memory_limit_bytes_, .limited_reads = 0};
  for (const std::unique_ptr<Thread>& thread : threads_) {
    memory.held_bytes += thread->worker.held_bytes();
    memory.limited_reads += thread->worker.limited_reads();
  }
  return memory;
}

}  // namespace faultline
