#pragma once
// Metadata over a NetworkClient.

#include <atomic>
#include <functional>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "client/client.h"
#include "client/metadata.h"
#include "client/metadata_core.h"

namespace klamm::client {

/// Lets MetadataCore decide, sends what it asks for, and calls listeners and waiters.
/// Threading: see Metadata; shutDown() on the loop's thread, once.
class MetadataDriver final : public Metadata {
 public:
  MetadataDriver(const ClientSettings& settings, net::Loop& loop, NetworkClient& network, Random& random, Log log);

  [[nodiscard]] Snapshot snapshot() const override;
  [[nodiscard]] std::uint64_t version() const noexcept override { return version_.load(std::memory_order_acquire); }
  void touch(std::string_view topic) override;
  void setTopics(std::vector<std::string> topics) override;
  void setAllTopics(bool all) override;
  void requestUpdate(std::string_view why) override;
  void applyHints(const std::vector<LeaderHint>& hints, const std::vector<Node>& nodes) override;
  std::uint64_t addListener(Listener listener) override;
  void removeListener(std::uint64_t id) override;
  void await(std::uint64_t after, TimePoint deadline, Waiter waiter) override;

  /// Waiters end with Closed inside this call; later ones at once.
  void shutDown();

 private:
  struct Waiting {
    std::uint64_t after;
    TimePoint deadline;
    Waiter waiter;
  };

  void kickLocked() KLAMM_REQUIRES(mutex_);
  void run();
  void send(protocol::MetadataRequest request);
  void onAnswer(Result<protocol::MetadataResponse> answer);
  void publish();
  void serveWaiters();
  void expireWaiters(TimePoint now);
  void failWaiters(const Error& error);

  const ClientSettings& settings_;
  net::Loop& loop_;
  NetworkClient& network_;
  Random& random_;
  const Log log_;

  mutable Mutex mutex_;
  MetadataCore core_ KLAMM_GUARDED_BY(mutex_);
  std::vector<Waiting> waiters_ KLAMM_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::shared_ptr<Listener>> listeners_ KLAMM_GUARDED_BY(mutex_);
  std::uint64_t lastListener_ KLAMM_GUARDED_BY(mutex_) = 0;
  bool kicked_ KLAMM_GUARDED_BY(mutex_) = false;
  bool closed_ KLAMM_GUARDED_BY(mutex_) = false;
  Error lastFailure_ KLAMM_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> version_ = 0;

  net::TimerId timer_ = 0;  ///< loop thread only
};

}  // namespace klamm::client
