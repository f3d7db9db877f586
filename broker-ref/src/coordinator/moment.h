#pragma once
// The time as coordinators are told it.

#include "base/clock.h"

namespace klamm::broker::coordinator {

/// One instant on both clocks: time-outs run on the monotonic one, records and offset retention on the wall. A plain value.
struct Moment {
  TimePoint at = {};
  std::int64_t wallMillis = 0;
};

}  // namespace klamm::broker::coordinator
