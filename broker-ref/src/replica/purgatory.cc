#include "replica/purgatory.h"

namespace klamm::broker {

void Purgatory::add(std::unique_ptr<DelayedOperation> operation, std::vector<Key> keys, TimePoint deadline) {
  const Id id = nextId_++;
  for (const Key key : keys) watchers_[key].insert(id);
  byDeadline_.emplace(deadline, id);
  waiting_.emplace(id, Waiting{.operation = std::move(operation), .keys = std::move(keys), .deadline = deadline});
}

void Purgatory::wake(Key key) {
  const auto found = watchers_.find(key);
  if (found == watchers_.end()) return;
  const std::vector<Id> ids(found->second.begin(), found->second.end());
  for (const Id id : ids) tryOne(id);
}

void Purgatory::tryOne(Id id) {
  for (;;) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    if (!found->second.operation) {
      found->second.wokenAgain = true;
      return;
    }
    auto operation = std::move(found->second.operation);
    found->second.wokenAgain = false;
    const bool done = operation->tryComplete();
    found = waiting_.find(id);
    if (found == waiting_.end()) return;
    found->second.operation = std::move(operation);
    if (done) {
      (void)take(id);
      return;
    }
    if (!found->second.wokenAgain) return;
  }
}

std::unique_ptr<DelayedOperation> Purgatory::take(Id id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || !found->second.operation) return nullptr;  // gone, or answering at this moment
  for (const Key key : found->second.keys) {
    const auto watched = watchers_.find(key);
    if (watched == watchers_.end()) continue;
    watched->second.erase(id);
    if (watched->second.empty()) watchers_.erase(watched);
  }
  byDeadline_.erase({found->second.deadline, id});
  auto operation = std::move(found->second.operation);
  waiting_.erase(found);
  return operation;
}

void Purgatory::expireOne(Id id) {
  if (const auto operation = take(id)) operation->expire();
}

void Purgatory::expire(TimePoint now) {
  std::vector<Id> due;
  for (const auto& [deadline, id] : byDeadline_) {
    if (deadline > now) break;
    due.push_back(id);
  }
  for (const Id id : due) expireOne(id);
}

void Purgatory::expireAll(Key key) {
  const auto found = watchers_.find(key);
  if (found == watchers_.end()) return;
  const std::vector<Id> ids(found->second.begin(), found->second.end());
  for (const Id id : ids) expireOne(id);
}

void Purgatory::expireAll() {
  std::vector<Id> ids;
  for (const auto& [deadline, id] : byDeadline_) ids.push_back(id);
  for (const Id id : ids) expireOne(id);
}

std::optional<TimePoint> Purgatory::nextDeadline() const {
  if (byDeadline_.empty()) return std::nullopt;
  return byDeadline_.begin()->first;
}

}  // namespace klamm::broker
