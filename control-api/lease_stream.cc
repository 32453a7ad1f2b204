#include "control-api/lease_stream.h"

#include <utility>

#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

class LeaseStream final : public BodyStream {
 public:
  LeaseStream(std::unique_ptr<BodyStream> stream, Leases& leases, std::string id)
      : stream_(std::move(stream)), leases_(leases), id_(std::move(id)) {}
  ~LeaseStream() override {
    if (holds_) leases_.release(id_, clock_now());
  }
  LeaseStream(const LeaseStream&) = delete;
  LeaseStream& operator=(const LeaseStream&) = delete;

  void start(std::function<void()> on_more) override {
    leases_.hold(id_, clock_now());
    holds_ = true;
    stream_->start(std::move(on_more));
  }
  std::string next(std::size_t most) override { return is_gone() ? "" : stream_->next(most); }
  bool has_ended() const override { return is_gone() || stream_->has_ended(); }
  std::string keep_alive() override { return stream_->keep_alive(); }
  void on_stalled() noexcept override { stream_->on_stalled(); }

 private:
  /// Somebody has ended the lease.
  bool is_gone() const { return leases_.find(id_, clock_now()) == nullptr; }

  std::unique_ptr<BodyStream> stream_;
  Leases& leases_;
  const std::string id_;
  bool holds_ = false;
};

}  // namespace

std::unique_ptr<BodyStream> hold_lease(std::unique_ptr<BodyStream> stream, Leases& leases,
                                       std::string id) {
  return std::make_unique<LeaseStream>(std::move(stream), leases, std::move(id));
}

}  // namespace faultline
