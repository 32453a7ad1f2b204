// `bandwidth` with the scope `proxy`: several chains, one line, made-up time.

#include <list>
#include <numeric>
#include <thread>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kProxy = 1;

/// The links of one proxy, each with a sender that always has more.
class Crowd {
  std::list<SharedLine> lines_{1};  // First: outlives the links.

 public:
  struct Link {
    ChainDriver driver{1 << 24};
    std::uint64_t toxic = 0;
    std::size_t most_at_once = SIZE_MAX;  ///< What the sender writes in one go.
    std::size_t received = 0;
  };

  explicit Crowd(std::int64_t rate) : rate_(rate) {}

  Link& join(std::size_t most_at_once = SIZE_MAX) {
    Link& link = links.emplace_back();
    link.most_at_once = most_at_once;
    link.toxic = link.driver.add("bandwidth", {rate_, kProxy}, now, &line());
    fill(link);
    return link;
  }

  void join_many(int count) {
    for (int i = 0; i < count; ++i) join();
  }

  /// As the registry does: a new revision has a new line.
  void change_rate(std::int64_t rate) {
    rate_ = rate;
    lines_.emplace_back();
    for (Link& link : links) {
      link.driver.change(link.toxic, {rate_, kProxy}, now, &line());
    }
  }

  /// As a ramp does: each step is a revision, on the line of the one before.
  void ramp_to(std::int64_t rate) {
    rate_ = rate;
    for (Link& link : links) {
      link.driver.change(link.toxic, {rate_, kProxy}, now, &line());
    }
  }

  SharedLine& line() { return lines_.back(); }

  /// Serves each link when it has something due.
  void run_for(Duration time) {
    for (const TimePoint end = now + time;;) {
      now = std::max(now, std::min(end, next().driver.chain.next_due()));
      if (next().driver.chain.next_due() > now) break;
      serve(next());
    }
  }

  /// Serves each link only when its worker comes to look, as if that had too much to
  /// do: every `lateness[0]` for the links of the first, and so on.
  void run_late_for(Duration time, const std::vector<Duration>& lateness) {
    std::vector<TimePoint> looks(lateness.size(), now);
    for (const TimePoint end = now + time; now < end;) {
      const auto look = std::min_element(looks.begin(), looks.end());
      const auto worker = static_cast<std::size_t>(look - looks.begin());
      now = *look;
      *look += lateness[worker];
      while (next(worker, looks.size()).driver.chain.next_due() <= now) {
        serve(next(worker, looks.size()));
      }
    }
  }

  /// What each has received since the last call.
  std::vector<double> shares() {
    std::vector<double> all;
    for (Link& link : links) {
      all.push_back(static_cast<double>(std::exchange(link.received, 0)));
    }
    return all;
  }

  std::list<Link> links;
  TimePoint now = kStart;

 private:
  /// The link of `worker` that is due first; links are dealt out in turn.
  Link& next(std::size_t worker = 0, std::size_t workers = 1) {
    Link* first = nullptr;
    std::size_t index = 0;
    for (Link& link : links) {
      if (index++ % workers != worker) continue;
      if (first == nullptr || link.driver.chain.next_due() < first->driver.chain.next_due()) {
        first = &link;
      }
    }
    return *first;
  }

  void serve(Link& link) {
    link.received += link.driver.pop(now).size();
    link.driver.pieces.clear();
    fill(link);
  }

  void fill(Link& link) {
    while (const std::size_t room = std::min(link.driver.chain.room(), link.most_at_once)) {
      link.driver.push(std::string(room, 'x'), now);
    }
  }

  std::int64_t rate_;
};

double sum(const std::vector<double>& shares) {
  return std::accumulate(shares.begin(), shares.end(), 0.0);
}

void check_even(const std::vector<double>& shares, double within) {
  for (const double share : shares) {
    CHECK(share == Approx(sum(shares) / static_cast<double>(shares.size())).epsilon(within));
  }
}

TEST_CASE("B25: connections share a rate, exactly and evenly", "[shared_bandwidth]") {
  const int count = GENERATE(1, 2, 6, 50);
  const std::int64_t rate = GENERATE(10, 1000, 100'000);
  INFO(count << " links, " << rate << " KB/s");
  Crowd crowd(rate);
  crowd.join_many(count);
  const std::int64_t seconds = rate == 10 ? 100 : rate == 1000 ? 20 : 2;
  crowd.run_for(std::chrono::seconds(seconds));
  const std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(static_cast<double>(1000 * rate * seconds)).epsilon(0.01));
  check_even(shares, 0.1);
}

TEST_CASE("a ramp of a shared rate lets everybody through, and keeps the rate",
          "[shared_bandwidth]") {
  const int count = GENERATE(1, 6, 50);
  CAPTURE(count);
  Crowd crowd(1000);
  crowd.join_many(count);
  for (int step = 1; step <= 50; ++step) {
    crowd.run_for(100ms);
    crowd.ramp_to(1000 + step % 2);
  }
  const std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(5'000'000).epsilon(0.03));
  check_even(shares, 0.1);
}

TEST_CASE("shares do not depend on how a sender writes", "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join();
  crowd.join(1500);
  crowd.join(100);
  crowd.run_for(10s);
  const std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(10e6).epsilon(0.01));
  check_even(shares, 0.01);
}

TEST_CASE("a loop that is late, by less than a round, costs neither rate nor fairness",
          "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join_many(6);
  const Duration lateness = GENERATE(1ms, 7ms, 25ms, 49ms);
  SECTION("the only one") {
    crowd.run_late_for(20s, {lateness});
  }
  SECTION("one of two") {
    crowd.run_late_for(20s, {lateness, lateness + 3ms});
  }
  const std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(20e6).epsilon(0.01));
  check_even(shares, 0.1);
}

TEST_CASE("a newcomer has its share after one round, and leaves it to the others when it goes",
          "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join_many(5);
  crowd.run_for(5s);
  crowd.shares();
  const Crowd::Link& newcomer = crowd.join();
  crowd.run_for(61ms);
  CHECK(newcomer.received > 0);
  crowd.shares();
  crowd.run_for(5s);
  check_even(crowd.shares(), 0.02);

  crowd.links.pop_back();
  crowd.run_for(11ms);
  crowd.shares();
  crowd.run_for(5s);
  const std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(5e6).epsilon(0.005));
  check_even(shares, 0.02);
}

TEST_CASE("a thousand links on a thin line all get something, and hold little",
          "[shared_bandwidth]") {
  Crowd crowd(100);
  crowd.join_many(1000);
  crowd.run_for(3s);
  for (const Crowd::Link& link : crowd.links) {
    REQUIRE(link.received > 0);
    REQUIRE(link.driver.chain.held_memory() < 256 * 1024);
  }
  CHECK(sum(crowd.shares()) == Approx(300'000).epsilon(0.01));

  crowd.links.clear();  // What they had on the line is all that is lost.
  CHECK(crowd.line().links() == 0);
  const Crowd::Link& next = crowd.join();
  crowd.run_for(1500ms);
  CHECK(next.received > 0);
}

TEST_CASE("a changed rate holds from then on, with no burst and no pause", "[shared_bandwidth]") {
  Crowd crowd(1);
  crowd.join_many(6);
  crowd.run_for(10s);
  CHECK(sum(crowd.shares()) == Approx(10'000).epsilon(0.05));
  crowd.change_rate(1000);
  crowd.run_for(100ms);
  CHECK(sum(crowd.shares()) == Approx(100'000).margin(10'000));
  crowd.run_for(5s);
  std::vector<double> shares = crowd.shares();
  CHECK(sum(shares) == Approx(5e6).epsilon(0.01));
  check_even(shares, 0.1);

  crowd.change_rate(10);
  crowd.run_for(10s);
  shares = crowd.shares();
  CHECK(sum(shares) == Approx(100'000).margin(1000));
  check_even(shares, 0.1);
}

TEST_CASE("rate 0 stalls all links and loses nothing", "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join_many(3);
  crowd.run_for(1s);
  crowd.change_rate(0);
  crowd.shares();
  crowd.run_for(24h);
  CHECK(sum(crowd.shares()) == 0);
  crowd.change_rate(1000);
  crowd.run_for(1s);
  CHECK(sum(crowd.shares()) == Approx(1e6).epsilon(0.02));
}

TEST_CASE("an answer waits for one turn of each link that is busy", "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join_many(2);
  Crowd::Link& quiet = crowd.join(0);  // A sender with nothing to say...
  crowd.run_for(1s);
  const TimePoint asked = crowd.now;
  quiet.driver.push("answer", crowd.now);  // ...until now.
  while (quiet.received == 0 && crowd.now < asked + 1s) crowd.run_for(1ms);
  CHECK(crowd.now - asked <= 21ms);
  CHECK(quiet.received == 6);
}

TEST_CASE("idle time is not saved up, whoever was idle", "[shared_bandwidth]") {
  SharedLine line;
  ChainDriver one;
  ChainDriver other;
  one.add("bandwidth", {1, kProxy}, kStart, &line);  // One byte a millisecond.
  other.add("bandwidth", {1, kProxy}, kStart, &line);
  one.push("a", kStart);
  CHECK(one.pop(kStart + 10s) == "a");
  one.push(std::string(100, 'b'), kStart + 10s);
  other.push(std::string(100, 'c'), kStart + 10s);
  CHECK(one.pop(kStart + 10s + 99ms).empty());
  CHECK(one.pop(kStart + 10s + 100ms).size() == 100);
  CHECK(other.pop(kStart + 10s + 199ms).empty());
  CHECK(other.pop(kStart + 10s + 200ms).size() == 100);
  CHECK(line.links() == 0);
}

TEST_CASE("bytes and the end keep their order on a shared line, through every change",
          "[shared_bandwidth]") {
  SharedLine first;
  SharedLine second;
  ChainDriver driver;
  const auto toxic = driver.add("bandwidth", {1, kProxy}, kStart, &first);
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string part = std::to_string(i) + ",";
    driver.push(part, kStart);
    sent += part;
  }
  driver.chain.push(Finish{}, kStart);
  sent += "<fin>";
  std::string received = driver.pop(kStart + 150ms);
  CHECK(received.size() == 2 + 128);  // What came first went alone.
  SECTION("to its end") {
    received += driver.pop(kStart + 289ms);
    CHECK(received.size() == 2 + 128 + 128);
    received += driver.pop(kStart + 290ms);
  }
  SECTION("a new rate") {
    driver.change(toxic, {0, kProxy}, kStart + 150ms, &second);
    CHECK(driver.pop(kStart + 24h).empty());
    driver.change(toxic, {1000, kProxy}, kStart + 24h, &second);
    received += driver.pop(kStart + 25h);
  }
  SECTION("a new scope") {
    driver.change(toxic, {1, 0}, kStart + 150ms);
    driver.change(toxic, {1, kProxy}, kStart + 160ms, &second);
    received += driver.pop(kStart + 1h);
  }
  SECTION("removal") {
    driver.remove(toxic, kStart + 150ms);
    received += driver.pop(kStart + 150ms);
  }
  CHECK(received == sent);
  CHECK(*std::min_element(driver.pieces.begin(), driver.pieces.end()) > 0);
  CHECK(driver.chain.held_memory() == 0);
  CHECK(driver.chain.next_due() == kNever);
}

TEST_CASE("a toxic removed from a link leaves the line to the others", "[shared_bandwidth]") {
  Crowd crowd(1000);
  crowd.join_many(2);
  crowd.run_for(1s);
  Crowd::Link& spared = crowd.links.front();
  spared.driver.remove(spared.toxic, crowd.now);
  CHECK(spared.driver.pop(crowd.now).size() > 50'000);
  spared.most_at_once = 0;
  crowd.shares();
  crowd.run_for(1s);
  CHECK(crowd.shares().back() == Approx(1e6).epsilon(0.02));
}

TEST_CASE("a rate that nothing can reach is none", "[shared_bandwidth]") {
  SharedLine line;
  ChainDriver driver;
  driver.add("bandwidth", {std::numeric_limits<std::int64_t>::max(), kProxy}, kStart, &line);
  driver.push(std::string(1'000'000, 'x'), kStart);
  CHECK(driver.pop(kStart).size() == 1'000'000);
}

TEST_CASE("no reservation is lost between threads", "[shared_bandwidth]") {
  SharedLine line;
  constexpr int kEach = 50'000;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&line] {
      for (int turn = 0; turn < kEach; ++turn) line.reserve(kStart, 1ns);
    });
  }
  threads.clear();
  CHECK(line.reserve(kStart, 0ns) == kStart + Duration(4 * kEach));
}

}  // namespace
}  // namespace faultline
