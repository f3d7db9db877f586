#pragma once
// Requests that were sent and not answered.

#include <cstdint>
#include <deque>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "client/call.h"

namespace klamm::client {

/// A queue, because a broker answers one connection strictly in order. Threading: one at a time.
class InFlightRequests {
 public:
  struct Request {
    std::int32_t correlationId = 0;
    std::int16_t version = 0;
    TimePoint deadline = {};
    std::unique_ptr<Call> call = {};
  };

  void push(Request request) { requests_.push_back(std::move(request)); }
  /// The request that a response with this id answers: the oldest one, or the response is not for this connection.
  [[nodiscard]] Result<Request> answered(std::int32_t correlationId);
  /// The request that a response with this id would answer; null if it is for none.
  [[nodiscard]] const Request* awaiting(std::int32_t correlationId) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return requests_.size(); }
  [[nodiscard]] bool anyExpired(TimePoint now) const noexcept;
  /// TimePoint::max() when there is none.
  [[nodiscard]] TimePoint earliestDeadline() const noexcept;
  [[nodiscard]] std::deque<Request> takeAll() noexcept { return std::exchange(requests_, {}); }

 private:
  std::deque<Request> requests_;
};

}  // namespace klamm::client
