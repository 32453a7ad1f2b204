#pragma once

#include "toxics/toxic.h"

namespace faultline {

/// Closes the connection at once, and every new one as soon as it is open: both
/// peers see FIN, behind the bytes that had left this toxic's place before.
class CloseNow final : public Toxic {
 public:
  void on_start(TimePoint now, Outlet& out) override { out.close(now); }
  void on_data(Chunk /*chunk*/, TimePoint /*arrived*/, Outlet& /*out*/) override {}
};

}  // namespace faultline
