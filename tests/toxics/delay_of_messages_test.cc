// What a message waits under each delay model, whatever its size: its first and its last byte.

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/toxics/chain_driver.h"
#include "tests/toxics/kolmogorov.h"
#include "toxics/normal.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRead = 64 << 10;      // What a link reads at a time.
constexpr Duration kBetweenReads = 20us;     // A message is not there all at once.
constexpr Duration kBetweenMessages = 100h;  // So far apart that none waits for the one before.
constexpr std::size_t kMessages = 4'000;

/// A latency, its attributes written as users do.
Attributes latency(const std::vector<std::pair<std::string, std::string>>& written) {
  const ToxicType& type = *find_toxic_type("latency");
  Attributes all = type.default_attributes();
  for (const auto& [name, text] : written) {
    const auto index = static_cast<std::size_t>(type.attribute_index(name));
    const auto value = type.attributes.at(index).parse(text);
    INFO(name << ": " << text);
    REQUIRE(value);
    all[index] = *value;
  }
  REQUIRE(type.check_together(all));
  return all;
}

double in_ms(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

/// How much later than they came the first and the last bytes of messages left, sorted.
struct Waits {
  std::vector<double> first;
  std::vector<double> last;
};

/// Takes what is due by `until` out of a chain, at the times that it is due.
class Drain {
 public:
  explicit Drain(ToxicChain& chain) : chain_(chain) {}

  void run(TimePoint until) {
    for (TimePoint due = chain_.next_due(); due <= until && due != kNever;
         due = chain_.next_due()) {
      while (const std::optional<Signal> signal = chain_.pop(due)) {
        if (bytes_ == 0) first_left_ = due;
        last_left_ = due;
        bytes_ += std::get<Chunk>(*signal).size();
      }
    }
  }

  std::size_t bytes() const { return bytes_; }
  TimePoint first_left() const { return first_left_; }
  TimePoint last_left() const { return last_left_; }

 private:
  ToxicChain& chain_;
  std::size_t bytes_ = 0;
  TimePoint first_left_{};
  TimePoint last_left_{};
};

Waits waits_of(const Attributes& attributes, std::size_t message_bytes) {
  ChainDriver driver;
  driver.add("latency", attributes);
  const std::shared_ptr<char[]> storage = std::make_shared<char[]>(kRead);
  Waits waits;
  TimePoint now = kStart;
  for (std::uint32_t message = 1; message <= kMessages; ++message) {
    Drain drain(driver.chain);
    const TimePoint first_came = now;
    TimePoint last_came = now;
    for (std::size_t pushed = 0; pushed < message_bytes; now += kBetweenReads) {
      drain.run(now);
      REQUIRE(driver.chain.room() > 0);
      const std::size_t size = std::min(kRead, message_bytes - pushed);
      driver.chain.push(Chunk(storage, size, {message, message}), now);
      last_came = now;
      pushed += size;
    }
    now += kBetweenMessages;
    drain.run(now);
    REQUIRE(drain.bytes() == message_bytes);
    waits.first.push_back(in_ms(drain.first_left() - first_came));
    waits.last.push_back(in_ms(drain.last_left() - last_came));
  }
  std::sort(waits.first.begin(), waits.first.end());
  std::sort(waits.last.begin(), waits.last.end());
  return waits;
}

void check_sizes(const Attributes& attributes, const Share& share) {
  const double bound = kKolmogorovBound / std::sqrt(static_cast<double>(kMessages));
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64} << 10, std::size_t{10'000'000}}) {
    const Waits waits = waits_of(attributes, bytes);
    CAPTURE(bytes);
    CHECK(ks_distance(waits.first, share) < bound);
    CHECK(ks_distance(waits.last, share) < bound);
  }
}

double clamped(double share) {
  return std::clamp(share, 0.0, 1.0);
}

}  // namespace

TEST_CASE("a byte, 64 KiB and 10 MB wait as long, and as the model says", "[delay_model]") {
  SECTION("uniform") {
    check_sizes(latency({{"latency", "50"}, {"jitter", "20"}}),
                [](double ms) { return clamped((ms - 30) / 40); });
  }
  SECTION("normal") {
    check_sizes(latency({{"latency", "100"}, {"jitter", "10"}, {"distribution", "normal"}}),
                [](double ms) { return normal_cdf((ms - 100) / 10); });
  }
  SECTION("lognormal") {
    check_sizes(latency({{"latency", "80"}, {"sigma", "0.7"}, {"distribution", "lognormal"}}),
                [](double ms) { return normal_cdf(std::log(ms / 80) / 0.7); });
  }
  SECTION("lognormal with a max") {
    const auto uncut = [](double ms) { return normal_cdf(std::log(ms / 80) / 0.7); };
    check_sizes(
        latency(
            {{"latency", "80"}, {"sigma", "0.7"}, {"max", "300"}, {"distribution", "lognormal"}}),
        [&](double ms) { return clamped(uncut(ms) / uncut(300)); });
  }
  SECTION("pareto") {
    check_sizes(latency({{"latency", "10"}, {"shape", "1.2"}, {"distribution", "pareto"}}),
                [](double ms) { return clamped(1 - std::pow(10 / ms, 1.2)); });
  }
  SECTION("netem_pareto") {
    check_sizes(latency({{"latency", "100"}, {"jitter", "20"}, {"distribution", "netem_pareto"}}),
                [](double ms) {
                  const double units = (ms - 100) / 20;
                  if (units >= 32767.0 / 8192) return 1.0;
                  return clamped(1 - std::pow(std::max(units * 0.75 + 1.5, 1.0), -3));
                });
  }
  SECTION("exponential") {
    check_sizes(latency({{"latency", "30"}, {"distribution", "exponential"}}),
                [](double ms) { return 1 - std::exp(-ms / 30); });
  }
  SECTION("empirical") {
    check_sizes(latency({{"distribution", "empirical"}, {"samples", "0 10 40"}}), [](double ms) {
      return ms < 10 ? clamped(ms / 20) : clamped(0.5 + (ms - 10) / 60);
    });
  }
  SECTION("netem_table") {
    check_sizes(latency({{"latency", "50"},
                         {"jitter", "10"},
                         {"distribution", "netem_table"},
                         {"samples", "-8192 -8192 0 16384"}}),
                [](double ms) {
                  return ms < 40 ? 0.0 : ms < 50 ? 0.5 : ms < 70 ? 0.75 : 1.0;
                });
  }
  SECTION("correlated") {
    // Each delay is worth fewer independent ones, so the bound of the test alone would be wrong;
    // what is drawn once a message is the same for all sizes.
    const Attributes correlated = latency(
        {{"latency", "100"}, {"jitter", "10"}, {"distribution", "normal"}, {"correlation", "0.5"}});
    const Waits one = waits_of(correlated, 1);
    CHECK(one.first == one.last);
    CHECK(waits_of(correlated, 64 << 10).last == one.last);
    CHECK(waits_of(correlated, 10'000'000).last == one.last);
  }
}

}  // namespace faultline
