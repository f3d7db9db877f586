#pragma once
// The seam to chance: jitter, ids and sticky partitions take it as an argument, so that a seed repeats a run.

#include <cstdint>
#include <memory>

namespace klamm {

/// Threading: one thread, unless an implementation says more.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() noexcept = 0;
  /// Uniform in [0, bound); 0 for a bound of 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return bound == 0 ? 0 : next() % bound; }
};

/// Seeded by the operating system. Threading: any thread.
[[nodiscard]] Random& systemRandom() noexcept;
/// Repeats the same numbers for the same seed.
[[nodiscard]] std::unique_ptr<Random> seededRandom(std::uint64_t seed);

}  // namespace klamm
