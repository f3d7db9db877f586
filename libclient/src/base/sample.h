#pragma once
// Count, average and largest value of something measured again and again.

#include <algorithm>
#include <cstdint>
#include <limits>

namespace klamm {

/// Threading: none of its own.
class Sample {
 public:
  void add(double value) noexcept {
    ++count_;
    sum_ += value;
    max_ = count_ == 1 ? value : std::max(max_, value);
  }
  [[nodiscard]] double count() const noexcept { return static_cast<double>(count_); }
  [[nodiscard]] double sum() const noexcept { return sum_; }
  /// NaN, as Kafka has it, when nothing was added.
  [[nodiscard]] double average() const noexcept { return count_ == 0 ? kNone : sum_ / count(); }
  [[nodiscard]] double max() const noexcept { return count_ == 0 ? kNone : max_; }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double max_ = 0;
};

}  // namespace klamm
