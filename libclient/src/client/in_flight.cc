#include "client/in_flight.h"

#include <algorithm>

#include <fmt/format.h>

namespace klamm::client {

Result<InFlightRequests::Request> InFlightRequests::answered(std::int32_t correlationId) {
  if (requests_.empty()) {
    return fail(ErrorCode::MalformedResponse, fmt::format("a response with correlation id {} came unasked", correlationId));
  }
  if (requests_.front().correlationId != correlationId) {
    return fail(ErrorCode::MalformedResponse, fmt::format("a response has correlation id {}, expected was {}", correlationId,
                                                          requests_.front().correlationId));
  }
  Request first = std::move(requests_.front());
  requests_.pop_front();
  return first;
}

const InFlightRequests::Request* InFlightRequests::awaiting(std::int32_t correlationId) const noexcept {
  return requests_.empty() || requests_.front().correlationId != correlationId ? nullptr : &requests_.front();
}

bool InFlightRequests::anyExpired(TimePoint now) const noexcept { return earliestDeadline() <= now; }

TimePoint InFlightRequests::earliestDeadline() const noexcept {
  TimePoint earliest = TimePoint::max();
  for (const Request& request : requests_) earliest = std::min(earliest, request.deadline);
  return earliest;
}

}  // namespace klamm::client
