#pragma once
// Producer ids, given out of blocks that the controller hands to this broker.

#include <cstdint>
#include <deque>
#include <functional>

#include "base/inline_function.h"
#include "base/result.h"

namespace klamm::broker {

/// Takes ids from the present block; asks for the next one when it is used up. A block is committed before it is handed out,
/// so that no id is given twice, also not after a kill: what was left of a block is lost.
///
///     block [1000, 2000):  1000 1001 ... 1999 | take() asks for a block, waits | [2000, 3000): 2000 ...
///
/// Threading: one thread, that of the loop.
class ProducerIds {
 public:
  using Taken = InlineFunction<void(Result<std::int64_t>), 64>;
  /// Asks the controller; the answer comes as blockArrived() or blockRefused(), possibly before it returns.
  using Ask = std::function<void()>;

  /// Gives `done` an id, at once or when the next block is there.
  void take(const Ask& ask, Taken done);
  void blockArrived(std::int64_t first, std::int32_t count, const Ask& ask);
  void blockRefused(const Error& error);
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  static constexpr std::size_t kMostWaiting = 10'000;
  std::int64_t next_ = 0;
  std::int64_t end_ = 0;
  bool asked_ = false;
  std::deque<Taken> waiting_;
};

}  // namespace klamm::broker
