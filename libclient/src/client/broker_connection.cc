#include "client/broker_connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "client/cause.h"
#include "protocol/frame.h"

namespace klamm::client {
namespace {

/// Calls that may wait for one connection; a caller with more than this is out of control.
constexpr std::size_t kMaxWaiting = 10'000;
/// Until the broker has shown that it speaks the protocol.
constexpr std::size_t kMaxFrameBeforeReady = 1024 * 1024;

constexpr const char* kChannelNames[] = {"general", "fetch", "coordinator"};

ConnectionState::Timing timingOf(const ClientSettings& settings) {
  return {{settings.reconnectBackoff, settings.reconnectBackoffMax},
          {settings.connectionSetupTimeout, settings.connectionSetupTimeoutMax}};
}

}  // namespace

BrokerConnection::BrokerConnection(ConnectionOwner& owner, NodeId node, Channel channel)
    : owner_(owner), node_(node), channel_(channel), state_(timingOf(owner.settings())) {}

std::string BrokerConnection::name() const {
  const auto endpoint = owner_.endpointOf(node_);
  return fmt::format("{} ({})", endpoint ? endpoint->toString() : "unknown address",
                     node_ < 0 ? "bootstrap" : fmt::format("node {}, {}", node_, kChannelNames[static_cast<std::size_t>(channel_)]));
}

// ---- From any thread -----------------------------------------------------------------------------------------------

void BrokerConnection::submit(Submission submission) {
  Endings endings;
  {
    MutexLock lock(mutex_);
    const TimePoint now = owner_.loop().now();
    if (closed_) {
      endings.push_back({std::move(submission.call), *closed_});
    } else if (waiting_.empty() && canSendLocked(now)) {
      wakeByLocked(submission.deadline);
      sendLocked(std::move(submission), endings);
    } else if (waiting_.size() >= kMaxWaiting) {
      endings.push_back({std::move(submission.call), Error(ErrorCode::NetworkException, "too many requests wait for one broker")});
    } else {
      waiting_.push_back(std::move(submission));
      wakeByLocked(nextWakeLocked());
    }
  }
  if (endings.empty()) return;
  auto late = std::make_shared<Endings>(std::move(endings));
  if (!owner_.loop().post([self = shared_from_this(), late] { self->finish(std::move(*late)); }) && !late->empty()) {
    finish(std::move(*late));
  }
}

void BrokerConnection::connect() {
  MutexLock lock(mutex_);
  if (closed_ || state_.state() != ConnectionState::State::Disconnected) return;
  wanted_ = true;
  wakeByLocked(std::max(owner_.loop().now(), state_.retryAt()));
}

void BrokerConnection::disconnect(Error reason) {
  MutexLock lock(mutex_);
  if (socket_) socket_->close(std::move(reason));  // the rest follows in onClosed
}

ConnectionStatus BrokerConnection::status() const {
  MutexLock lock(mutex_);
  return {state_.isReady(), inFlight_.size(), waiting_.size(), state_.retryAt(), throttledUntil_, lastFailure_};
}

ConnectionState::State BrokerConnection::state() const {
  MutexLock lock(mutex_);
  return state_.state();
}

bool BrokerConnection::failing() const {
  MutexLock lock(mutex_);
  return state_.failures() > 0;
}

// ---- Sending -------------------------------------------------------------------------------------------------------

bool BrokerConnection::canSendLocked(TimePoint now) const {
  return state_.isReady() && inFlight_.size() < owner_.settings().maxInFlight && throttledUntil_ <= now;
}

/// Under the lock, so that the order in flight is the order on the wire.
void BrokerConnection::sendLocked(Submission submission, Endings& endings) {
  Call& call = *submission.call;
  const auto version = versions_->choose(call.key(), call.minVersion(), call.maxVersion());
  if (!version) return endings.push_back({std::move(submission.call), version.error()});
  const std::int32_t id = nextCorrelationId_;
  auto frame = call.encode(*version, id, owner_.settings().clientId);
  if (!frame) return endings.push_back({std::move(submission.call), frame.error()});
  nextCorrelationId_ = id == std::numeric_limits<std::int32_t>::max() ? 0 : id + 1;
  const bool answered = call.options().expectsResponse;
  auto kept = std::move(submission.call);
  if (answered) inFlight_.push({id, *version, submission.deadline, std::move(kept)});
  // When this fails the connection is closing: onClosed fails what is in flight.
  auto sent = socket_->send(*std::move(frame));
  if (!answered) endings.push_back({std::move(kept), sent ? Error() : sent.error()});
}

void BrokerConnection::flushLocked(TimePoint now, Endings& endings) {
  while (!waiting_.empty() && canSendLocked(now)) {
    Submission first = std::move(waiting_.front());
    waiting_.pop_front();
    sendLocked(std::move(first), endings);
  }
}

void BrokerConnection::finish(Endings endings) {
  for (Ended& ended : endings) {
    if (ended.error) ended.call->fail(std::move(ended.error));
    else ended.call->complete();
  }
}

// ---- Time (loop thread) --------------------------------------------------------------------------------------------

/// drive() will run at `when` at the latest. Deadlines mostly grow, so a timer that is set already mostly does.
void BrokerConnection::wakeByLocked(TimePoint when) {
  if (when >= armedFor_) return;
  armedFor_ = when;
  owner_.loop().post([self = shared_from_this()] { self->arm(); });
}

void BrokerConnection::arm() {
  TimePoint when;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    when = armedFor_;
  }
  owner_.loop().cancel(timer_);
  if (when <= owner_.loop().now()) return drive();
  if (when == TimePoint::max()) return;
  // Held by its timer: a broker that has left the cluster is forgotten by its owner, what waits for it must still end.
  timer_ = owner_.loop().schedule(when, [self = shared_from_this()] { self->drive(); });
}

void BrokerConnection::drive() {
  Endings endings;
  bool connectNow = false;
  bool late = false;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    const TimePoint now = owner_.loop().now();
    armedFor_ = TimePoint::max();
    expireWaitingLocked(now, endings);
    late = inFlight_.anyExpired(now) || negotiationDeadline_ <= now;
    if (!late) {
      flushLocked(now, endings);
      connectNow = (wanted_ || !waiting_.empty()) && state_.mayConnect(now);
    }
  }
  if (late) lost(Error(ErrorCode::RequestTimedOut, "no answer in time"));
  if (connectNow) startConnecting(endings);
  {
    MutexLock lock(mutex_);
    if (!closeIdleLocked(owner_.loop().now())) wakeByLocked(nextWakeLocked());
  }
  finish(std::move(endings));
}

void BrokerConnection::expireWaitingLocked(TimePoint now, Endings& endings) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->deadline > now) {
      ++at;
      continue;
    }
    const Error& cause = at->lastFailure ? at->lastFailure : lastFailure_;
    endings.push_back({std::move(at->call), Error(ErrorCode::RequestTimedOut, cause ? causeOf(cause) : "no connection in time")});
    at = waiting_.erase(at);
  }
}

/// True when the connection was closed because nobody has used it for connections.max.idle.ms.
bool BrokerConnection::closeIdleLocked(TimePoint now) {
  const Duration idle = owner_.settings().connectionsMaxIdle;
  if (idle <= Duration::zero() || !state_.isReady() || inFlight_.size() != 0 || !waiting_.empty()) return false;
  if (now - socket_->lastActive() < idle) return false;
  owner_.log().debug("connection to broker closed: idle");
  state_.retired();
  std::exchange(socket_, nullptr)->close(Error(ErrorCode::Cancelled, "idle"));
  return true;
}

TimePoint BrokerConnection::earliestWaitingLocked() const {
  TimePoint earliest = TimePoint::max();
  for (const Submission& one : waiting_) earliest = std::min(earliest, one.deadline);
  return earliest;
}

TimePoint BrokerConnection::nextWakeLocked() const {
  TimePoint when = std::min(inFlight_.earliestDeadline(), negotiationDeadline_);
  if (!waiting_.empty()) when = std::min(when, earliestWaitingLocked());
  const Duration idle = owner_.settings().connectionsMaxIdle;
  if (state_.isReady()) {
    if (!waiting_.empty() && inFlight_.size() < owner_.settings().maxInFlight) when = std::min(when, throttledUntil_);
    if (idle > Duration::zero()) when = std::min(when, std::max(socket_->lastActive() + idle, owner_.loop().now() + Millis(1)));
  } else if (state_.state() == ConnectionState::State::Disconnected && (wanted_ || !waiting_.empty())) {
    when = std::min(when, state_.retryAt());
  }
  return when;
}

// ---- Setting up ----------------------------------------------------------------------------------------------------

void BrokerConnection::startConnecting(Endings& endings) {
  const auto endpoint = owner_.endpointOf(node_);
  if (!endpoint) return giveUpWaiting(Error(ErrorCode::NetworkException, fmt::format("node {} is not known", node_)), endings);
  const ClientSettings& settings = owner_.settings();
  MutexLock lock(mutex_);
  if (closed_ || state_.state() != ConnectionState::State::Disconnected) return;
  wanted_ = false;
  net::ConnectionOptions options;
  options.socket = {settings.sendBuffer, settings.receiveBuffer, settings.loopbackCongestion};
  options.maxFrame = kMaxFrameBeforeReady;
  options.tls = settings.tls;
  const TimePoint deadline = owner_.loop().now() + state_.connecting(owner_.random());
  socket_ = owner_.transport().connect(*endpoint, options, deadline, shared_from_this());
}

void BrokerConnection::onOpen(net::Connection& connection) {
  {
    MutexLock lock(mutex_);
    if (socket_.get() != &connection) return;
    state_.opened();
    negotiationDeadline_ = owner_.loop().now() + owner_.settings().requestTimeout;
    wakeByLocked(negotiationDeadline_);
  }
  negotiate(protocol::ApiVersionsRequest::kVersions.last);
}

void BrokerConnection::negotiate(std::int16_t version) {
  protocol::ApiVersionsRequest request;
  if (version >= 3) {
    request.clientSoftwareName = "klamm";
    request.clientSoftwareVersion = KLAMM_VERSION;
  }
  MutexLock lock(mutex_);
  if (!socket_) return;
  negotiationVersion_ = version;
  negotiationId_ = nextCorrelationId_++;
  auto frame = protocol::encodeRequest(request, version, negotiationId_, owner_.settings().clientId);
  if (!frame) return socket_->close(frame.error());
  (void)socket_->send(*std::move(frame));  // a failure comes as onClosed
}

/// A broker that does not know our version answers error 35 in the form of v0, and from 2.4 on with the versions of
/// ApiVersions that it has (KIP-511).
void BrokerConnection::onVersions(const Buffer& frame) {
  std::int16_t version = 0;
  std::int32_t expectedId = 0;
  std::shared_ptr<net::Connection> socket;
  {
    MutexLock lock(mutex_);
    version = negotiationVersion_;
    expectedId = negotiationId_;
    socket = socket_;
  }
  constexpr std::size_t kHeader = sizeof(std::int32_t);
  ByteReader reader(frame);
  const auto id = reader.read<std::int32_t>();
  const auto code = reader.read<std::int16_t>();
  if (!id || *id != expectedId) return socket->close(Error(ErrorCode::MalformedResponse, "the first response answers no request"));
  const bool unsupported = code && errorFromWire(*code) == ErrorCode::UnsupportedVersion;
  const auto response = protocol::decode<protocol::ApiVersionsResponse>(frame.slice(kHeader), unsupported ? 0 : version);
  if (unsupported && version > 0) {
    std::int16_t next = 0;
    if (response) {
      for (const auto& api : response->apiKeys) {
        if (api.apiKey == static_cast<std::int16_t>(protocol::ApiKey::ApiVersions)) next = std::min<std::int16_t>(api.maxVersion, version - 1);
      }
    }
    return negotiate(std::max<std::int16_t>(next, 0));
  }
  if (!response) return socket->close(response.error());
  if (response->errorCode != ErrorCode::None) return socket->close(Error(response->errorCode, "negotiating versions"));
  auto versions = std::make_shared<const NodeVersions>(*response);
  owner_.versionsLearnt(node_, versions);
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (socket_ != socket) return;
    const TimePoint now = owner_.loop().now();
    versions_ = std::move(versions);
    state_.ready();
    lastFailure_ = Error();
    negotiationDeadline_ = TimePoint::max();
    if (response->throttleTimeMs > 0) throttledUntil_ = now + Millis(response->throttleTimeMs);
    socket->setMaxFrame(owner_.settings().maxResponse);
    flushLocked(now, endings);
    wakeByLocked(nextWakeLocked());
  }
  finish(std::move(endings));
}

// ---- Answers and losses (loop thread) ------------------------------------------------------------------------------

void BrokerConnection::onFrame(net::Connection& connection, Buffer frame) {
  Result<InFlightRequests::Request> request = fail(ErrorCode::None);
  {
    MutexLock lock(mutex_);
    if (socket_.get() != &connection) return;
    if (state_.isReady()) {
      const auto id = protocol::correlationIdOf(frame);
      request = id ? inFlight_.answered(*id) : Result<InFlightRequests::Request>(fail(id.error()));
      if (!request) return socket_->close(request.error());
    }
  }
  if (!request) return onVersions(frame);
  onResponse(*std::move(request), frame);
}

void BrokerConnection::onFrameBegun(net::Connection& connection, BytesView front) {
  Call* call = nullptr;
  std::int16_t version = 0;
  {
    MutexLock lock(mutex_);
    const auto id = protocol::correlationIdOf(front);
    if (socket_.get() != &connection || !state_.isReady() || !id) return;
    const InFlightRequests::Request* request = inFlight_.awaiting(*id);
    if (request == nullptr) return;
    call = request->call.get();  // this thread alone takes calls out
    version = request->version;
  }
  call->begun(front, version);
}

void BrokerConnection::onResponse(InFlightRequests::Request request, const Buffer& frame) {
  const Call::Outcome outcome = request.call->decode(frame, request.version);
  Endings endings;
  {
    MutexLock lock(mutex_);
    const TimePoint now = owner_.loop().now();
    if (outcome.throttleMs > 0) throttledUntil_ = std::max(throttledUntil_, now + Millis(outcome.throttleMs));
    if (outcome.broken && socket_) socket_->close(outcome.broken);
    else flushLocked(now, endings);
    if (!waiting_.empty() && throttledUntil_ > now) wakeByLocked(throttledUntil_);
  }
  request.call->complete();
  finish(std::move(endings));
}

void BrokerConnection::onClosed(net::Connection& connection, const Error& reason) {
  {
    MutexLock lock(mutex_);
    if (socket_.get() != &connection) return;
  }
  lost(reason);
}

void BrokerConnection::lost(const Error& reason) {
  Endings endings;
  std::vector<Submission> elsewhere;
  {
    MutexLock lock(mutex_);
    if (!socket_ || closed_) return;
    const bool wasReady = state_.isReady();
    lostLocked(reason, owner_.loop().now(), endings, elsewhere);
    lastFailure_ = wasReady ? Error() : reason;
  }
  if (reason.code() != ErrorCode::Cancelled) owner_.log().warn("broker {}: disconnected: {}", name(), reason.message());
  finish(std::move(endings));
  for (Submission& one : elsewhere) owner_.submitElsewhere(std::move(one));
}

/// What was sent fails in its order, then what waited; calls that any node may answer go elsewhere.
void BrokerConnection::lostLocked(const Error& reason, TimePoint now, Endings& endings, std::vector<Submission>& elsewhere) {
  socket_->close(reason);
  socket_.reset();
  state_.disconnected(now, owner_.random());
  negotiationDeadline_ = TimePoint::max();
  throttledUntil_ = {};
  const bool told = reason.fatal() || reason.code() == ErrorCode::NetworkException;
  const Error why = told ? reason : Error(ErrorCode::NetworkException, reason.message());
  for (auto& request : inFlight_.takeAll()) {
    const bool late = request.deadline <= now;
    endings.push_back({std::move(request.call), late ? Error(ErrorCode::RequestTimedOut, "no answer in time") : why});
  }
  endWaitingLocked(why, endings, elsewhere);
}

void BrokerConnection::endWaitingLocked(const Error& why, Endings& endings, std::vector<Submission>& elsewhere) {
  for (Submission& one : std::exchange(waiting_, {})) {
    if (one.anyNode && !why.fatal()) {
      one.lastFailure = why;
      elsewhere.push_back(std::move(one));
    } else {
      endings.push_back({std::move(one.call), why});
    }
  }
}

void BrokerConnection::giveUpWaiting(const Error& why, Endings& endings) {
  std::vector<Submission> elsewhere;
  {
    MutexLock lock(mutex_);
    wanted_ = false;
    endWaitingLocked(why, endings, elsewhere);
  }
  for (Submission& one : elsewhere) owner_.submitElsewhere(std::move(one));
}

void BrokerConnection::shutDown(const Error& reason) {
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = reason;
    for (auto& request : inFlight_.takeAll()) endings.push_back({std::move(request.call), reason});
    for (Submission& one : std::exchange(waiting_, {})) endings.push_back({std::move(one.call), reason});
    if (socket_) std::exchange(socket_, nullptr)->close(reason);
    if (state_.state() != ConnectionState::State::Disconnected) state_.retired();
  }
  owner_.loop().cancel(timer_);
  finish(std::move(endings));
}

}  // namespace klamm::client
