#pragma once
// What a fault proxy does to the bytes that pass it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace klamm::test {

/// Everything 0 passes bytes on as they are. Fractions lie between 0 and 1; which connections and frames they hit is
/// decided by the proxy's seed. Threading: a value.
struct FaultProfile {
  Millis delay{0};                  ///< every byte comes so much later; order is kept
  Millis jitter{0};                 ///< and by up to so much more
  std::int64_t bytesPerSecond = 0;  ///< of one direction of one connection; 0: no limit
  double sliced = 0;                ///< fraction of connections whose bytes come in tiny pieces, see FaultyPipe
  double cut = 0;                   ///< fraction of frames in the middle of which the connection ends in order (FIN)
  double reset = 0;                 ///< the same with a reset (RST)
  double blackHole = 0;             ///< fraction of frames in the middle of which all falls silent, the connection stays open

  [[nodiscard]] bool endsConnections() const noexcept { return cut > 0 || reset > 0 || blackHole > 0; }
  /// "delay=5 jitter=20 cut=0.01", the non-zero ones; "clean" if there are none. parse() reads it.
  [[nodiscard]] std::string toString() const;
  [[nodiscard]] static Result<FaultProfile> parse(std::string_view text);
};

}  // namespace klamm::test
