#pragma once
// A Metadata that knows what the test tells it.

#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "client/metadata.h"

namespace klamm::testing {

/// The test sets topics; listeners are called at once. Threading: the test's thread.
class FakeMetadata final : public client::Metadata {
 public:
  FakeMetadata() { publish(); }

  /// Partitions 0..n-1 with these leaders; -1 is none.
  void setTopic(const std::string& name, const std::vector<client::NodeId>& leaders, std::int32_t epoch = 0, Uuid id = {}) {
    auto topic = std::make_shared<client::TopicMetadata>();
    topic->name = name;
    topic->id = id;
    for (std::size_t i = 0; i < leaders.size(); ++i) {
      topic->partitions.push_back({.partition = static_cast<std::int32_t>(i), .leader = leaders[i], .leaderEpoch = epoch});
    }
    topics_[name] = std::move(topic);
    publish();
  }
  void setError(const std::string& name, ErrorCode error) {
    auto topic = std::make_shared<client::TopicMetadata>();
    topic->name = name;
    topic->error = error;
    topics_[name] = std::move(topic);
    publish();
  }

  std::vector<std::string> touched = {};
  int updatesRequested = 0;
  std::vector<client::LeaderHint> hints = {};

  [[nodiscard]] client::Snapshot snapshot() const override { return snapshot_; }
  [[nodiscard]] std::uint64_t version() const noexcept override { return snapshot_->version; }
  void touch(std::string_view topic) override {
    const MutexLock lock(touchMutex_);  // every thread that sends to a new topic
    touched.emplace_back(topic);
  }
  void setTopics(std::vector<std::string>) override {}
  void setAllTopics(bool) override {}
  void requestUpdate(std::string_view) override { ++updatesRequested; }
  void applyHints(const std::vector<client::LeaderHint>& newer, const std::vector<Node>&) override {
    hints.insert(hints.end(), newer.begin(), newer.end());
  }
  std::uint64_t addListener(Listener listener) override {
    listeners_[++lastListener_] = std::move(listener);
    return lastListener_;
  }
  void removeListener(std::uint64_t id) override { listeners_.erase(id); }
  void await(std::uint64_t after, TimePoint, Waiter waiter) override {
    if (snapshot_->version > after) waiter(snapshot_);
    else waiter(fail(ErrorCode::RequestTimedOut));
  }

 private:
  Mutex touchMutex_;
  void publish() {
    auto next = std::make_shared<client::ClusterSnapshot>();
    next->version = ++version_;
    for (const auto& [name, topic] : topics_) {
      next->topics[name] = topic;
      next->namesById[topic->id] = name;
    }
    snapshot_ = std::move(next);
    for (const auto& [id, listener] : listeners_) listener(snapshot_);
  }
  std::uint64_t version_ = 0;
  std::uint64_t lastListener_ = 0;
  std::map<std::string, std::shared_ptr<const client::TopicMetadata>> topics_;
  std::map<std::uint64_t, Listener> listeners_;
  client::Snapshot snapshot_;
};

}  // namespace klamm::testing
