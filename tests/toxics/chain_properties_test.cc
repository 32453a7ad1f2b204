// Drives a chain through a random life, in made-up time, and checks what must
// hold of every chain. A failure prints its seed; to run it again:
//   toxics_tests '[properties]' --rng-seed SEED

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

/// The lossless toxics, with settings at random.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {}

  void step() {
    now_ += Duration(pick(0, 20'000'000));
    switch (pick(0, 7)) {
      case 0:
        add();
        break;
      case 1:
        remove();
        break;
      case 2:
        change();
        break;
      default:
        push();
        break;
    }
    drain();
  }

  void end() {
    while (!toxics_.empty()) remove();
    drain();
    REQUIRE(received_ == sent_);
    REQUIRE(driver_.chain.held_memory() == 0);
    REQUIRE(driver_.chain.next_due() == kNever);
  }

 private:
  struct Toxic {
    std::uint64_t id;
    std::string type;
  };

  std::int64_t pick(std::int64_t low, std::int64_t high) { return random_.between(low, high); }

  Attributes settings(const std::string& type) {
    if (type == "latency") return {pick(0, 50), pick(0, 60)};
    if (type == "bandwidth") return {pick(0, 1000), pick(0, 1)};
    if (type == "slicer") return {pick(0, 500), pick(0, 500), pick(0, 100)};
    if (type == "reset_peer") return {3'600'000};
    if (type == "slow_close") return {pick(0, 50)};
    return {};
  }

  void add() {
    static const std::vector<std::string> kTypes = {"latency",    "bandwidth",  "slicer",
                                                    "reset_peer", "slow_close", "noop"};
    const std::string& type = kTypes[static_cast<std::size_t>(pick(0, 5))];
    toxics_.push_back({driver_.add(type, settings(type), now_), type});
  }

  std::vector<Toxic>::iterator any() {
    return toxics_.begin() + pick(0, static_cast<std::int64_t>(toxics_.size()) - 1);
  }

  void remove() {
    if (toxics_.empty()) return;
    const auto victim = any();
    driver_.remove(victim->id, now_);
    toxics_.erase(victim);
  }

  void change() {
    if (toxics_.empty()) return;
    const auto changed = any();
    driver_.change(changed->id, settings(changed->type), now_);
  }

  void push() {
    const auto room = static_cast<std::int64_t>(driver_.chain.room());
    if (room == 0) return;
    std::string bytes(static_cast<std::size_t>(pick(1, std::min<std::int64_t>(room, 2000))), '\0');
    for (char& byte : bytes) byte = static_cast<char>(pick('a', 'z'));
    sent_ += bytes;
    driver_.push(bytes, now_, pick(0, 1) == 1);
  }

  void drain() {
    received_ += driver_.pop(now_);
    // In order, nothing invented, nothing lost but what is still held.
    REQUIRE(sent_.compare(0, received_.size(), received_) == 0);
    REQUIRE(driver_.chain.held_memory() >= sent_.size() - received_.size());
    REQUIRE(driver_.chain.next_due() > now_);
  }

  Random random_;
  TimePoint now_ = kStart;
  ChainDriver driver_{64 * 1024};
  std::vector<Toxic> toxics_;
  std::string sent_, received_;
};

TEST_CASE("no chain loses, invents or reorders bytes, however its toxics change",
          "[properties][B20]") {
  Random seeds(Catch::rngSeed());
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t seed = seeds.next();
    INFO("life seed " << seed << ", suite seed " << Catch::rngSeed());
    Life life(seed);
    for (int step = 0; step < 200; ++step) life.step();
    life.end();
  }
}

}  // namespace
}  // namespace faultline
