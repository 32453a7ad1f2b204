#pragma once

#include <string>

#include "cli/top_model.h"
#include "cli/v1_remote.h"

namespace faultline {

/// What `top` does, without a terminal: looks at a server, and obeys keys.
class Top {
 public:
  /// `server` is for people.
  Top(V1Remote remote, std::string server) : remote_(std::move(remote)) {
    model_.server = std::move(server);
  }

  const TopModel& model() const { return model_; }

  /// Looks again. A server that is not there is said in the model, with what it showed last.
  /// Errors: kNetwork, and none has been there yet.
  Result<void> refresh();

  /// What a key does: 'j' and 'k' select the next proxy and the one before, 'c' cuts it, 'h'
  /// heals it, 'H' heals all, partitions too. False for 'q', which ends it.
  bool press(char key);

 private:
  Result<void> look();
  void select(std::size_t index);
  void cut(const TopProxy& proxy);
  /// Whether it could be healed; if not, that is said.
  bool heal(const TopProxy& proxy);
  void heal_all();
  void say(std::string text);
  void say_trouble(const Error& error);

  V1Remote remote_;
  TopMeter meter_;
  TopModel model_;
  bool was_there_ = false;
  bool is_lost_ = false;
};

}  // namespace faultline
