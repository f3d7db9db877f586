#pragma once
// Which broker coordinates a group or transactional id.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "client/network_client.h"

namespace klamm::client {

/// Kafka's CoordinatorType.
enum class CoordinatorType : std::int8_t { Group = 0, Transaction = 1, Share = 2 };

/// Finds coordinators and remembers them until somebody says that one is wrong. Look-ups of the same key share one
/// request; CoordinatorNotAvailable and lost connections are tried again with back-off until the deadline.
///
/// Threading: every method from any thread; callbacks run on the I/O thread.
class CoordinatorFinder {
 public:
  virtual ~CoordinatorFinder() = default;

  /// The node's address has been given to NetworkClient::learn before this is called. Errors: RequestTimedOut at the
  /// deadline, GroupAuthorizationFailed, TransactionalIdAuthorizationFailed, InvalidGroupId, UnsupportedVersion, Closed.
  using Callback = std::function<void(Result<NodeId>)>;
  virtual void find(CoordinatorType type, std::string_view key, TimePoint deadline, Callback callback) = 0;
  /// What is remembered, without asking.
  [[nodiscard]] virtual std::optional<NodeId> known(CoordinatorType type, std::string_view key) const = 0;
  /// Forget it if it is still `node`: NotCoordinator, CoordinatorNotAvailable or a lost connection was seen.
  virtual void markUnknown(CoordinatorType type, std::string_view key, NodeId node) = 0;
};

}  // namespace klamm::client
