#pragma once
// Many cases of "always in time", several at a time.

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "chaos/call_case.h"

namespace klamm::chaos {

struct CallRunsOptions {
  std::uint64_t cases = 1000;
  std::uint64_t seed = 1;  ///< of the first case
  int workers = 6;         ///< cases mostly wait
  bool planted = false;    ///< every case is interrupted, has a defect planted and must find it
  std::string brokerProgram = {};
  std::string folder = {};
  std::function<void(const std::string&)> say = {};  ///< progress and what is bad, one line
};

/// Threading: a value.
struct CallRunsReport {
  std::uint64_t bad = 0;   ///< planted: that missed a defect which shows in every case
  std::size_t pairs = 0;   ///< of call and weather
  Millis latest{0};  ///< the most that anything took beyond its limit
  Millis late99{0};  ///< 99 of 100 cases took at most so much
  std::array<std::uint64_t, 3> plantedIn{};  ///< cases by ClientKind
  std::array<std::uint64_t, 3> foundIn{};
};

/// Each worker has a klamm-broker behind a fault proxy of its own. A case that never ends aborts the process after
/// three minutes, with its seed.
[[nodiscard]] CallRunsReport runCalls(const CallRunsOptions& options);

}  // namespace klamm::chaos
