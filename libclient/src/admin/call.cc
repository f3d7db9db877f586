#include "admin/call.h"

namespace klamm::admin {
namespace {

/// Metadata of brokers only: the admin client's Metadata has no topics of interest.
NodeId controllerIn(const client::ClusterSnapshot& snapshot) {
  return snapshot.node(snapshot.controllerId) != nullptr ? snapshot.controllerId : client::kAnyNode;
}

}  // namespace

void Router::resolve(const Route& route, TimePoint deadline, std::function<void(Result<NodeId>)> found) {
  switch (route.kind) {
    case Route::Kind::AnyNode: return found(client::kAnyNode);
    case Route::Kind::Node: return found(route.node);
    case Route::Kind::Coordinator:
      return client_.coordinators().find(client::CoordinatorType::Group, route.group, deadline, std::move(found));
    case Route::Kind::Controller: break;
  }
  const auto snapshot = client_.metadata().snapshot();
  const std::uint64_t doubted = doubted_.load();
  if (snapshot->version > doubted) return found(controllerIn(*snapshot));
  client_.metadata().await(doubted, deadline, [found = std::move(found)](Result<client::Snapshot> update) {
    if (update) found(controllerIn(**update));
    else found(fail(update.error()));
  });
}

void Router::sleep(TimePoint until, std::shared_ptr<Sleeper> sleeper) {
  if (closed_) return sleeper->giveUp(ErrorCode::Closed);
  sleeping_.insert(sleeper);
  client_.loop().schedule(until, [this, weak = std::weak_ptr(sleeper)] {
    const auto woken = weak.lock();
    if (woken && sleeping_.erase(woken) != 0) woken->wake();
  });
}

void Router::shutDown() {
  closed_ = true;
  for (const auto& sleeper : std::exchange(sleeping_, {})) sleeper->giveUp(ErrorCode::Closed);
}

void Router::doubt(const Route& route, NodeId node, const Error& error) {
  switch (route.kind) {
    case Route::Kind::AnyNode: return;
    case Route::Kind::Coordinator:
      if (error.code() == ErrorCode::CoordinatorLoadInProgress) return;
      return client_.coordinators().markUnknown(client::CoordinatorType::Group, route.group, node);
    case Route::Kind::Controller: doubted_.store(client_.metadata().version()); [[fallthrough]];
    case Route::Kind::Node: return client_.metadata().requestUpdate(error.message());
  }
}

}  // namespace klamm::admin
