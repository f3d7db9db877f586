#pragma once
// One connection to one broker: from the wish to send to the answer.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "client/client.h"
#include "client/connection_state.h"
#include "client/in_flight.h"
#include "client/node_versions.h"
#include "net/transport.h"

namespace klamm::client {

/// A call on its way to a connection.
struct Submission {
  std::unique_ptr<Call> call = {};
  TimePoint deadline = {};
  bool anyNode = false;    ///< another broker would do as well
  Error lastFailure = {};  ///< why brokers tried before could not be reached
};

/// What connections need of their client. Called without the connection's lock. Threading: any thread.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  [[nodiscard]] virtual const ClientSettings& settings() const = 0;
  [[nodiscard]] virtual const Log& log() const = 0;
  [[nodiscard]] virtual net::Loop& loop() = 0;
  [[nodiscard]] virtual net::Transport& transport() = 0;
  [[nodiscard]] virtual Random& random() = 0;
  [[nodiscard]] virtual std::optional<net::Endpoint> endpointOf(NodeId node) const = 0;
  virtual void versionsLearnt(NodeId node, std::shared_ptr<const NodeVersions> versions) = 0;
  /// A call for any node that was never sent, because this node could not be reached.
  virtual void submitElsewhere(Submission submission) = 0;
};

/// Connects when something is to be sent, negotiates versions, sends as far as the in-flight limit and the broker's
/// quotas allow, matches answers, keeps deadlines, and starts anew after a loss.
///
///     submit --ready and free--> in flight --> response --> decode, call back
///        \-----else--> waiting --drive()--/
///
/// drive() is where time passes: it runs on the loop whenever a deadline, a back-off or a throttle ends.
///
/// Threading: submit(), connect(), disconnect(), shutDown() and status() from any thread, also from callbacks; the
/// handler's calls and drive() on the loop's thread. Calls complete on the loop's thread, without the lock.
class BrokerConnection final : public net::ConnectionHandler, public std::enable_shared_from_this<BrokerConnection> {
 public:
  BrokerConnection(ConnectionOwner& owner, NodeId node, Channel channel);

  void submit(Submission submission);
  void connect();
  void disconnect(Error reason);
  /// Loop thread. Everything completes with `reason` now; nothing is accepted any more.
  void shutDown(const Error& reason);
  [[nodiscard]] ConnectionStatus status() const;
  [[nodiscard]] ConnectionState::State state() const;
  [[nodiscard]] bool failing() const;  ///< the last attempt failed

  void onOpen(net::Connection& connection) override;
  void onFrame(net::Connection& connection, Buffer frame) override;
  void onFrameBegun(net::Connection& connection, BytesView front) override;
  void onClosed(net::Connection& connection, const Error& reason) override;

 private:
  /// Calls to complete once the lock is released.
  struct Ended {
    std::unique_ptr<Call> call;
    Error error;  ///< none: complete() with what was decoded
  };
  using Endings = std::vector<Ended>;

  [[nodiscard]] bool canSendLocked(TimePoint now) const KLAMM_REQUIRES(mutex_);
  void sendLocked(Submission submission, Endings& endings) KLAMM_REQUIRES(mutex_);
  void flushLocked(TimePoint now, Endings& endings) KLAMM_REQUIRES(mutex_);
  void wakeByLocked(TimePoint when) KLAMM_REQUIRES(mutex_);
  void arm();
  void drive();
  void startConnecting(Endings& endings);
  void expireWaitingLocked(TimePoint now, Endings& endings) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] bool closeIdleLocked(TimePoint now) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] TimePoint earliestWaitingLocked() const KLAMM_REQUIRES(mutex_);
  [[nodiscard]] TimePoint nextWakeLocked() const KLAMM_REQUIRES(mutex_);
  void lostLocked(const Error& reason, TimePoint now, Endings& endings, std::vector<Submission>& elsewhere) KLAMM_REQUIRES(mutex_);
  /// What any node may answer is to be sent elsewhere, the rest ends.
  void endWaitingLocked(const Error& why, Endings& endings, std::vector<Submission>& elsewhere) KLAMM_REQUIRES(mutex_);
  void giveUpWaiting(const Error& why, Endings& endings) KLAMM_EXCLUDES(mutex_);
  void lost(const Error& reason);
  void negotiate(std::int16_t version);
  void onVersions(const Buffer& frame);
  void onResponse(InFlightRequests::Request request, const Buffer& frame);
  void finish(Endings endings);
  [[nodiscard]] std::string name() const;

  ConnectionOwner& owner_;
  const NodeId node_;
  const Channel channel_;

  mutable Mutex mutex_;
  ConnectionState state_ KLAMM_GUARDED_BY(mutex_);
  std::shared_ptr<net::Connection> socket_ KLAMM_GUARDED_BY(mutex_);
  std::shared_ptr<const NodeVersions> versions_ KLAMM_GUARDED_BY(mutex_);
  InFlightRequests inFlight_ KLAMM_GUARDED_BY(mutex_);
  std::deque<Submission> waiting_ KLAMM_GUARDED_BY(mutex_);
  std::int32_t nextCorrelationId_ KLAMM_GUARDED_BY(mutex_) = 0;
  std::int32_t negotiationId_ KLAMM_GUARDED_BY(mutex_) = 0;
  std::int16_t negotiationVersion_ KLAMM_GUARDED_BY(mutex_) = 0;
  TimePoint negotiationDeadline_ KLAMM_GUARDED_BY(mutex_) = TimePoint::max();
  TimePoint throttledUntil_ KLAMM_GUARDED_BY(mutex_) = {};
  bool wanted_ KLAMM_GUARDED_BY(mutex_) = false;  ///< connect() was called and has not succeeded yet
  Error lastFailure_ KLAMM_GUARDED_BY(mutex_);
  std::optional<Error> closed_ KLAMM_GUARDED_BY(mutex_);
  TimePoint armedFor_ KLAMM_GUARDED_BY(mutex_) = TimePoint::max();  ///< drive() runs by then

  net::TimerId timer_ = 0;  ///< loop thread only
};

}  // namespace klamm::client
