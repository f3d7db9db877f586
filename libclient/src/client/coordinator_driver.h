#pragma once
// CoordinatorFinder over a NetworkClient.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "client/client.h"
#include "client/coordinator_finder.h"
#include "protocol/10_find_coordinator.h"

namespace klamm::client {

/// One key goes through   unknown --find--> asking --answer--> known --markUnknown--> unknown   and back from asking to
/// asking, after a back-off, as long as somebody waits and the failure may pass.
/// Threading: see CoordinatorFinder; shutDown() on the loop's thread, once.
class CoordinatorDriver final : public CoordinatorFinder {
 public:
  CoordinatorDriver(const ClientSettings& settings, net::Loop& loop, NetworkClient& network, Random& random, Log log);

  void find(CoordinatorType type, std::string_view key, TimePoint deadline, Callback callback) override;
  [[nodiscard]] std::optional<NodeId> known(CoordinatorType type, std::string_view key) const override;
  void markUnknown(CoordinatorType type, std::string_view key, NodeId node) override;

  void shutDown();

 private:
  using Key = std::pair<CoordinatorType, std::string>;
  struct Waiter {
    TimePoint deadline;
    Callback callback;
  };
  struct Entry {
    std::optional<NodeId> node = {};
    bool asking = false;  ///< a request or a back-off is under way
    std::uint32_t failures = 0;
    std::vector<Waiter> waiters = {};
    Error lastFailure = {};
  };

  void ask(const Key& key);
  void onAnswer(const Key& key, Result<protocol::FindCoordinatorResponse> answer);
  void onFound(const Key& key, const Node& node);
  void onFailed(const Key& key, Error error);
  void expire(const Key& key);

  const ClientSettings& settings_;
  net::Loop& loop_;
  NetworkClient& network_;
  Random& random_;
  const Log log_;
  mutable Mutex mutex_;
  std::map<Key, Entry> entries_ KLAMM_GUARDED_BY(mutex_);
  bool closed_ KLAMM_GUARDED_BY(mutex_) = false;
};

}  // namespace klamm::client
