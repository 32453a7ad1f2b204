#pragma once

#include "toxics/toxic.h"

namespace faultline {

/// Resets the connection at once, and every new one as soon as it is open: both
/// peers see RST, whether they are idle or busy. (`reset_peer` waits until a new
/// client has said something.)
class ResetNow final : public Toxic {
 public:
  void on_start(TimePoint /*now*/, Outlet& out) override { out.reset(); }
  void on_data(Chunk /*chunk*/, TimePoint /*arrived*/, Outlet& /*out*/) override {}
};

}  // namespace faultline
