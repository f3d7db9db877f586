#include "replica/producer_ids.h"

#include <utility>

namespace klamm::broker {

void ProducerIds::take(const Ask& ask, Taken done) {
  if (next_ < end_) {
    done(next_++);
    return;
  }
  if (waiting_.size() >= kMostWaiting) {
    done(fail(ErrorCode::CoordinatorLoadInProgress, "too many requests wait for producer ids"));
    return;
  }
  waiting_.push_back(std::move(done));
  if (!std::exchange(asked_, true)) ask();
}

void ProducerIds::blockArrived(std::int64_t first, std::int32_t count, const Ask& ask) {
  asked_ = false;
  next_ = first;
  end_ = first + count;
  while (!waiting_.empty() && next_ < end_) {
    Taken done = std::move(waiting_.front());
    waiting_.pop_front();
    done(next_++);
  }
  if (!waiting_.empty() && !std::exchange(asked_, true)) ask();
}

void ProducerIds::blockRefused(const Error& error) {
  asked_ = false;
  for (Taken& done : std::exchange(waiting_, {})) done(fail(error));
}

}  // namespace klamm::broker
