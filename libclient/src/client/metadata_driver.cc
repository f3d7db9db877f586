#include "client/metadata_driver.h"

#include <algorithm>
#include <utility>

#include "client/cause.h"

namespace klamm::client {

MetadataDriver::MetadataDriver(const ClientSettings& settings, net::Loop& loop, NetworkClient& network, Random& random, Log log)
    : settings_(settings), loop_(loop), network_(network), random_(random), log_(std::move(log)), core_(settings) {}

Snapshot MetadataDriver::snapshot() const {
  MutexLock lock(mutex_);
  return core_.snapshot();
}

// ---- Interest (any thread) -----------------------------------------------------------------------------------------

void MetadataDriver::touch(std::string_view topic) {
  MutexLock lock(mutex_);
  if (core_.touch(topic, loop_.now())) kickLocked();
}

void MetadataDriver::setTopics(std::vector<std::string> topics) {
  MutexLock lock(mutex_);
  core_.setTopics(std::move(topics));
  kickLocked();
}

void MetadataDriver::setAllTopics(bool all) {
  MutexLock lock(mutex_);
  core_.setAllTopics(all);
  kickLocked();
}

void MetadataDriver::requestUpdate(std::string_view why) {
  log_.debug("metadata: asking again: {}", why);
  MutexLock lock(mutex_);
  core_.requestUpdate();
  kickLocked();
}

void MetadataDriver::applyHints(const std::vector<LeaderHint>& hints, const std::vector<Node>& nodes) {
  network_.learn(nodes);
  {
    MutexLock lock(mutex_);
    if (!core_.applyHints(hints, nodes)) return;
    version_.store(core_.snapshot()->version, std::memory_order_release);
  }
  loop_.post([this] { publish(); });
}

std::uint64_t MetadataDriver::addListener(Listener listener) {
  MutexLock lock(mutex_);
  listeners_.emplace(++lastListener_, std::make_shared<Listener>(std::move(listener)));
  return lastListener_;
}

void MetadataDriver::removeListener(std::uint64_t id) {
  MutexLock lock(mutex_);
  listeners_.erase(id);
}

void MetadataDriver::await(std::uint64_t after, TimePoint deadline, Waiter waiter) {
  {
    MutexLock lock(mutex_);
    if (!closed_) {
      waiters_.push_back({after, deadline, std::move(waiter)});
      if (core_.snapshot()->version == 0) core_.requestUpdate();
      if (core_.snapshot()->version > after) loop_.post([this] { serveWaiters(); });
      kickLocked();
      return;
    }
  }
  waiter(fail(ErrorCode::Closed));
}

// ---- Asking (loop thread) ------------------------------------------------------------------------------------------

void MetadataDriver::kickLocked() {
  if (kicked_ || closed_) return;
  kicked_ = true;
  loop_.post([this] { run(); });
}

void MetadataDriver::run() {
  const TimePoint now = loop_.now();
  expireWaiters(now);
  std::optional<protocol::MetadataRequest> request;
  TimePoint wake;
  {
    MutexLock lock(mutex_);
    kicked_ = false;
    if (closed_) return;
    if (core_.shouldSend(now)) request = core_.request();
    wake = core_.nextAttempt();
    for (const Waiting& one : waiters_) wake = std::min(wake, one.deadline);
  }
  loop_.cancel(timer_);
  timer_ = 0;
  if (wake != TimePoint::max()) timer_ = loop_.schedule(wake, [this] { run(); });
  if (request) send(*std::move(request));
}

void MetadataDriver::send(protocol::MetadataRequest request) {
  network_.send(kAnyNode, Channel::General, std::move(request), {.timeout = settings_.requestTimeout},
                [this](Result<protocol::MetadataResponse> answer) { onAnswer(std::move(answer)); });
}

void MetadataDriver::onAnswer(Result<protocol::MetadataResponse> answer) {
  MetadataCore::Outcome outcome;
  Error failure;
  std::vector<Node> nodes;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    const TimePoint now = loop_.now();
    outcome = answer ? core_.onResponse(*answer, now, random_) : core_.onFailure(now, random_);
    if (outcome == MetadataCore::Outcome::Updated) {
      version_.store(core_.snapshot()->version, std::memory_order_release);
      for (const auto& [id, node] : core_.snapshot()->nodes) nodes.push_back(node);
    } else {
      failure = answer ? Error(answer->errorCode, "asking for metadata") : answer.error();
    }
    lastFailure_ = failure;
    kickLocked();
  }
  if (failure) {
    // A lost connection has told of itself already.
    if (answer) log_.warn("metadata: {}", failure.message());
    else log_.debug("metadata: {}", failure.message());
    if (failure.fatal()) failWaiters(failure);
    if (outcome == MetadataCore::Outcome::Rebootstrap) network_.rebootstrap();
    return;
  }
  network_.learn(nodes);
  network_.retain(nodes);
  publish();
}

/// Listeners first: what a waiter then sees is what they have seen.
void MetadataDriver::publish() {
  std::vector<std::shared_ptr<Listener>> listeners;
  Snapshot snapshot;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    snapshot = core_.snapshot();
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) (*listener)(snapshot);
  serveWaiters();
}

void MetadataDriver::serveWaiters() {
  std::vector<Waiter> ready;
  Snapshot snapshot;
  {
    MutexLock lock(mutex_);
    snapshot = core_.snapshot();
    std::erase_if(waiters_, [&](Waiting& one) {
      if (snapshot->version <= one.after) return false;
      ready.push_back(std::move(one.waiter));
      return true;
    });
  }
  for (Waiter& waiter : ready) waiter(snapshot);
}

void MetadataDriver::expireWaiters(TimePoint now) {
  std::vector<Waiter> late;
  Error cause;
  {
    MutexLock lock(mutex_);
    cause = lastFailure_;
    std::erase_if(waiters_, [&](Waiting& one) {
      if (one.deadline > now) return false;
      late.push_back(std::move(one.waiter));
      return true;
    });
  }
  if (late.empty()) return;
  if (!cause) cause = network_.status(kAnyNode, Channel::General).lastFailure;
  const Error error(ErrorCode::RequestTimedOut, cause ? "no metadata: " + causeOf(cause) : "no metadata in time");
  for (Waiter& waiter : late) waiter(fail(error));
}

void MetadataDriver::failWaiters(const Error& error) {
  std::vector<Waiting> waiters;
  {
    MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Waiting& one : waiters) one.waiter(fail(error));
}

void MetadataDriver::shutDown() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  loop_.cancel(timer_);
  failWaiters(ErrorCode::Closed);
}

}  // namespace klamm::client
