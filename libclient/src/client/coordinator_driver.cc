#include "client/coordinator_driver.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "client/backoff.h"
#include "client/cause.h"

namespace klamm::client {

CoordinatorDriver::CoordinatorDriver(const ClientSettings& settings, net::Loop& loop, NetworkClient& network, Random& random, Log log)
    : settings_(settings), loop_(loop), network_(network), random_(random), log_(std::move(log)) {}

void CoordinatorDriver::find(CoordinatorType type, std::string_view key, TimePoint deadline, Callback callback) {
  const auto name = std::make_shared<const Key>(type, std::string(key));
  bool start = false;
  {
    MutexLock lock(mutex_);
    if (!closed_) {
      Entry& entry = entries_[*name];
      entry.waiters.push_back({deadline, std::move(callback)});
      start = !std::exchange(entry.asking, true);
      loop_.post([this, name, deadline, start] {
        // Each waiter has its own deadline, whatever the request does meanwhile.
        loop_.schedule(deadline, [this, name] { expire(*name); });
        if (!start) return;
        if (const auto node = known(name->first, name->second)) onFound(*name, network_.node(*node).value_or(Node{.id = *node}));
        else ask(*name);
      });
      return;
    }
  }
  callback(fail(ErrorCode::Closed));
}

std::optional<NodeId> CoordinatorDriver::known(CoordinatorType type, std::string_view key) const {
  MutexLock lock(mutex_);
  const auto at = entries_.find(Key(type, key));
  return at == entries_.end() ? std::nullopt : at->second.node;
}

void CoordinatorDriver::markUnknown(CoordinatorType type, std::string_view key, NodeId node) {
  MutexLock lock(mutex_);
  const auto at = entries_.find(Key(type, key));
  if (at != entries_.end() && at->second.node == node) at->second.node.reset();
}

// ---- Loop thread ---------------------------------------------------------------------------------------------------

/// Up to v3 a request names one key, from v4 on a list.
void CoordinatorDriver::ask(const Key& key) {
  const auto held = std::make_shared<const Key>(key);
  network_.sendBuilt<protocol::FindCoordinatorRequest>(
      kAnyNode, Channel::General,
      [held](std::int16_t version) -> Result<protocol::FindCoordinatorRequest> {
        protocol::FindCoordinatorRequest request;
        request.keyType = static_cast<std::int8_t>(held->first);
        if (version < 4) request.key = held->second;
        else request.coordinatorKeys = {held->second};
        return request;
      },
      {.timeout = settings_.requestTimeout},
      [this, held](Result<protocol::FindCoordinatorResponse> answer) { onAnswer(*held, std::move(answer)); });
}

void CoordinatorDriver::onAnswer(const Key& key, Result<protocol::FindCoordinatorResponse> answer) {
  if (!answer) return onFailed(key, answer.error());
  if (!answer->coordinators.empty()) {
    const auto& one = answer->coordinators.front();
    if (one.errorCode != ErrorCode::None) return onFailed(key, Error(one.errorCode, one.errorMessage.value_or("")));
    return onFound(key, {.id = one.nodeId, .host = one.host, .port = one.port});
  }
  if (answer->errorCode != ErrorCode::None) return onFailed(key, Error(answer->errorCode, answer->errorMessage.value_or("")));
  onFound(key, {.id = answer->nodeId, .host = answer->host, .port = answer->port});
}

void CoordinatorDriver::onFound(const Key& key, const Node& node) {
  if (node.isEmpty() && !network_.node(node.id)) return onFailed(key, ErrorCode::CoordinatorNotAvailable);
  if (!network_.node(node.id)) network_.learn({node});  // metadata may know more (the rack)
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    entry.node = node.id;
    entry.asking = false;
    entry.failures = 0;
    waiters.swap(entry.waiters);
  }
  log_.debug("coordinator of '{}' is node {}", key.second, node.id);
  for (Waiter& waiter : waiters) waiter.callback(node.id);
}

void CoordinatorDriver::onFailed(const Key& key, Error error) {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    entry.lastFailure = error;
    if (error.retriable() && !entry.waiters.empty() && !closed_) {
      const ExponentialBackoff backoff{settings_.retryBackoff, settings_.retryBackoffMax};
      const TimePoint again = loop_.now() + backoff.after(++entry.failures, random_);
      loop_.schedule(again, [this, held = std::make_shared<const Key>(key)] { ask(*held); });
      return;
    }
    entry.asking = false;
    entry.failures = 0;
    waiters.swap(entry.waiters);
  }
  for (Waiter& waiter : waiters) waiter.callback(fail(error));
}

void CoordinatorDriver::expire(const Key& key) {
  std::vector<Callback> late;
  Error cause;
  {
    MutexLock lock(mutex_);
    const auto at = entries_.find(key);
    if (at == entries_.end()) return;
    cause = at->second.lastFailure;
    const TimePoint now = loop_.now();
    std::erase_if(at->second.waiters, [&](Waiter& one) {
      if (one.deadline > now) return false;
      late.push_back(std::move(one.callback));
      return true;
    });
  }
  if (late.empty()) return;
  if (!cause) cause = network_.status(kAnyNode, Channel::General).lastFailure;
  const Error error(ErrorCode::RequestTimedOut, cause ? "no coordinator found: " + causeOf(cause) : "no coordinator found in time");
  for (Callback& callback : late) callback(fail(error));
}

void CoordinatorDriver::shutDown() {
  std::map<Key, Entry> entries;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    entries.swap(entries_);
  }
  for (auto& [key, entry] : entries) {
    for (Waiter& waiter : entry.waiters) waiter.callback(fail(ErrorCode::Closed));
  }
}

}  // namespace klamm::client
