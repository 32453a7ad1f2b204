#include "proxy/connection_survey.h"

#include <algorithm>

#include "proxy/connection.h"
#include "proxy/shard.h"
#include "proxy/worker.h"

namespace faultline {

void ConnectionSurvey::run(std::optional<ConnectionId> after, const Visit& visit) const {
  Place start;
  if (after) {
    const auto first = std::lower_bound(proxies_.begin(), proxies_.end(), after->proxy);
    start.proxy = static_cast<std::size_t>(first - proxies_.begin());
    if (first != proxies_.end() && *first == after->proxy) {
      if (after->ordinal == UINT64_MAX) return;
      start.next = after->ordinal + 1;
    }
  }
  std::vector<Place> places(workers_.size(), start);
  const auto is_over = [&] {
    return std::all_of(places.begin(), places.end(),
                       [](const Place& place) { return place.is_done; });
  };
  while (!is_over()) {
    workers_.run_on_all([&](Worker& worker, std::size_t index) {
      if (!places[index].is_done) go_on(worker, index, places[index], visit);
    });
  }
}

/// One turn of one worker, from `place` on.
void ConnectionSurvey::go_on(Worker& worker, std::size_t index, Place& place,
                             const Visit& visit) const {
  constexpr int kStepsPerLook = 8;
  const TimePoint until = clock_now() + kTurn;
  int steps = 0;
  const auto is_late = [&] { return ++steps % kStepsPerLook == 0 && clock_now() >= until; };
  for (; place.proxy < proxies_.size(); ++place.proxy, place.next = 0) {
    if (is_late()) return;
    const Shard* shard = worker.find_shard(proxies_[place.proxy]);
    if (shard == nullptr) continue;
    bool goes_on = true;
    shard->connections().walk(place.next, [&](const Connection& connection) {
      goes_on = !is_late();
      if (!goes_on) return false;
      place.next = connection.id().ordinal + 1;
      place.is_done = !visit(index, connection);
      goes_on = !place.is_done;
      return goes_on;
    });
    if (!goes_on) return;
  }
  place.is_done = true;
}

}  // namespace faultline
