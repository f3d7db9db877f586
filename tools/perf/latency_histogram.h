#pragma once
// Counts of durations, exact to 0.2 %, in memory that does not grow with their number.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <vector>

namespace klamm::tools {

using Micros = std::chrono::microseconds;

/// Durations of up to about an hour in microseconds. Below 1,024 us each has a counter of its own; above, each doubling of
/// the duration shares 512 counters:
///
///     0 .. 1023 us: 1 us wide | 1024 .. 2047: 2 us | 2048 .. 4095: 4 us | ...
///
/// Threading: one thread at a time.
class LatencyHistogram {
 public:
  LatencyHistogram() : counts_(kExact + kHalf * kDoublings) {}

  void add(Micros duration) noexcept {
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
    ++counts_[std::min(slotOf(micros), counts_.size() - 1)];
    ++count_;
    sum_ += micros;
    max_ = std::max(max_, micros);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] Micros max() const noexcept { return Micros(max_); }
  [[nodiscard]] double averageMillis() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1000.0;
  }
  /// The duration that this share (0 to 1) of all does not exceed; 0 when there is none.
  [[nodiscard]] Micros percentile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
      seen += counts_[slot];
      if (seen > wanted) return Micros(std::min(lowestOf(slot), max_));
    }
    return max();
  }
  void add(const LatencyHistogram& others) noexcept {
    for (std::size_t slot = 0; slot < counts_.size(); ++slot) counts_[slot] += others.counts_[slot];
    count_ += others.count_;
    sum_ += others.sum_;
    max_ = std::max(max_, others.max_);
  }
  void clear() {
    std::fill(counts_.begin(), counts_.end(), 0);
    count_ = sum_ = max_ = 0;
  }

 private:
  static constexpr std::size_t kHalf = 512;
  static constexpr std::size_t kExact = 2 * kHalf;
  static constexpr std::size_t kDoublings = 22;  // 1,024 us << 22 is 71 minutes

  static std::size_t slotOf(std::uint64_t micros) noexcept {
    if (micros < kExact) return static_cast<std::size_t>(micros);
    const int doubling = std::bit_width(micros) - std::bit_width(kExact - 1);  // 1 for 1,024 .. 2,047
    return kExact + kHalf * static_cast<std::size_t>(doubling - 1) + static_cast<std::size_t>((micros >> doubling) - kHalf);
  }
  static std::uint64_t lowestOf(std::size_t slot) noexcept {
    if (slot < kExact) return slot;
    const std::size_t doubling = (slot - kExact) / kHalf + 1;
    return ((slot - kExact) % kHalf + kHalf) << doubling;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace klamm::tools
