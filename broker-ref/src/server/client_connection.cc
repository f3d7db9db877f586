#include "server/client_connection.h"

#include <fmt/format.h>

#include "protocol/18_api_versions.h"
#include "server/api_versions.h"
#include "server/server.h"

namespace klamm::broker::server {
namespace {

/// A client that does not read its answers is asked for no more requests: beyond this only the answer in hand is kept.
constexpr std::size_t kMaxUnsent = std::size_t{256} * 1024;
/// Requests that were read already are served so many at a time; then it is the turn of other connections.
constexpr int kRequestsPerTurn = 16;

}  // namespace

/// Sends one answer. Encoding happens on the thread that answers; the connection's own state is touched on the loop alone.
class ClientConnection::Target final : public ResponseTarget {
 public:
  Target(const std::shared_ptr<ClientConnection>& owner, net::Loop& loop, Log requests, RequestContext context)
      : owner_(owner), connection_(owner->connection_), loop_(loop), requests_(std::move(requests)), context_(std::move(context)) {}

  [[nodiscard]] const RequestContext& context() const noexcept { return context_; }

  void answer(protocol::ConstMessage body, std::int16_t version) override {
    auto frame = protocol::encodeResponseFrame(context_.api, body, version, context_.correlationId);
    if (!frame) return close(frame.error());
    logRequest("");
    if (const auto connection = connection_.lock()) (void)connection->send(*std::move(frame));
    finish();
  }

  void answerNothing() override {
    logRequest(" unanswered");
    finish();
  }

  void close(Error reason) override {
    logRequest(" closed");
    if (const auto connection = connection_.lock()) connection->close(std::move(reason));
  }

 private:
  void finish() {
    if (loop_.runsHere()) {
      if (const auto owner = owner_.lock()) owner->requestDone();
      return;
    }
    (void)loop_.post([owner = owner_] {
      if (const auto alive = owner.lock()) alive->requestDone();
    });
  }

  void logRequest(const char* how) const {
    if (!requests_.enabled(LogLevel::Info)) return;
    const double took = std::chrono::duration<double, std::milli>(loop_.now() - context_.received).count();
    requests_.info("request {}({}) v{} client={} from={}{} took={:.3f}ms{}", protocol::apiInfo(context_.api).name, static_cast<int>(context_.api),
                   context_.apiVersion, context_.clientId.empty() ? "-" : context_.clientId, context_.remote.toString(),
                   context_.principal == Principal() ? "" : fmt::format(" principal={}:{}", context_.principal.type, context_.principal.name), took, how);
  }

  std::weak_ptr<ClientConnection> owner_;
  std::weak_ptr<net::Connection> connection_;
  net::Loop& loop_;
  Log requests_;  // disabled unless --log-requests
  RequestContext context_;
};

ClientConnection::ClientConnection(Server& server, std::string listener, SecurityProtocol protocol,
                                   const std::shared_ptr<net::Connection>& connection)
    : server_(&server), connection_(connection), listener_(std::move(listener)), ip_(connection->remote().host), protocol_(protocol),
      opened_(server.transport_.loop().now()) {}

void ClientConnection::onFrame(net::Connection& connection, Buffer frame) {
  if (server_ == nullptr) return;
  busy_ = true;
  serving_ = true;
  serveFrame(connection, frame);
  serving_ = false;
  if (connection.isClosed() || server_ == nullptr) return;
  if (++servedInTurn_ >= kRequestsPerTurn) endTurn();
  if (!mayReadOn(connection)) {
    paused_ = true;
    connection.pauseReading();
  }
}

/// The rest of what this client has sent comes behind what others wait for.
void ClientConnection::endTurn() {
  turnEnded_ = true;
  (void)server_->transport_.loop().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->turnEnded_ = false;
    self->servedInTurn_ = 0;
    self->readOn();
  });
}

bool ClientConnection::mayReadOn(const net::Connection& connection) const {
  return !busy_ && !turnEnded_ && connection.queuedBytes() <= kMaxUnsent;
}

void ClientConnection::readOn() {
  if (serving_ || !paused_ || server_ == nullptr) return;
  const auto connection = connection_.lock();
  if (connection == nullptr || !mayReadOn(*connection)) return;
  paused_ = false;
  connection->resumeReading();
}

void ClientConnection::onDrained(net::Connection&) { readOn(); }

void ClientConnection::serveFrame(net::Connection& connection, const Buffer& frame) {
  auto request = protocol::parseRequest(frame);
  if (!request) return connection.close(request.error());
  serveRequest(connection, *std::move(request));
}

void ClientConnection::serveRequest(net::Connection& connection, protocol::RequestFrame request) {
  const HandlerEntry* handler = request.api == nullptr ? nullptr : server_->handlers_.find(request.api->key);
  if (handler == nullptr) {
    return connection.close(Error(ErrorCode::UnsupportedVersion, fmt::format("request with API key {}, which is not served", request.header.requestApiKey)));
  }
  if (!request.api->stableVersions.contains(request.version())) {
    if (request.api->key == protocol::ApiKey::ApiVersions) return answerUnknownApiVersions(connection, request);
    return connection.close(Error(ErrorCode::UnsupportedVersion,
                                  fmt::format("{} request in version {}, which is not served", request.api->name, request.version())));
  }
  const Stage next = stageAfterRequest(stage_, protocol_);
  if (next != stage_) {
    stage_ = next;
    connection.setMaxFrame(limitsOf(stage_, protocol_, server_->options_.limits).maxFrame);
  }
  if (request.api->key == protocol::ApiKey::ApiVersions) noteSoftware(request);
  auto target = std::make_shared<Target>(shared_from_this(), server_->transport_.loop(), server_->options_.logRequests ? server_->log_ : Log(),
                                         contextOf(connection, request));
  const RequestContext& context = target->context();
  ResponseSlot slot(target);
  if (const Status served = handler->serve(*server_->broker_, context, request.body, slot); !served) slot.close(served.error());
}

/// KIP-511: a client that is newer than this broker learns what it may speak.
void ClientConnection::answerUnknownApiVersions(net::Connection& connection, const protocol::RequestFrame& request) {
  const auto frame = protocol::encodeResponse(unsupportedApiVersions(server_->handlers_), 0, request.header.correlationId);
  if (!frame) return connection.close(frame.error());
  (void)connection.send(*frame);
  requestDone();
}

void ClientConnection::noteSoftware(const protocol::RequestFrame& request) {
  if (request.version() < 3) return;
  auto body = protocol::decode<protocol::ApiVersionsRequest>(request.body, request.version());
  if (!body || !isSoftwareName(body->clientSoftwareName) || !isSoftwareName(body->clientSoftwareVersion)) return;
  softwareName_ = std::move(body->clientSoftwareName);
  softwareVersion_ = std::move(body->clientSoftwareVersion);
}

RequestContext ClientConnection::contextOf(const net::Connection& connection, const protocol::RequestFrame& request) const {
  RequestContext context;
  context.listener = listener_;
  if (!connection.peerSubject().empty()) context.principal.name = connection.peerSubject();
  context.remote = connection.remote();
  context.local = connection.local();
  context.clientId = request.header.clientId.value_or("");
  context.softwareName = softwareName_;
  context.softwareVersion = softwareVersion_;
  context.api = request.api->key;
  context.apiVersion = request.version();
  context.correlationId = request.header.correlationId;
  context.received = server_->transport_.loop().now();
  context.authorizer = &allowAll();
  return context;
}

void ClientConnection::requestDone() {
  busy_ = false;
  readOn();
}

void ClientConnection::onClosed(net::Connection&, const Error& reason) {
  if (server_ == nullptr) return;
  // A client that goes away between two requests is no news, nor is our own stop.
  const bool quiet = reason.code() == ErrorCode::Cancelled || (reason.code() == ErrorCode::NetworkException && !busy_);
  if (!quiet) server_->complain(fmt::format("closed connection from {} on listener {}: {}", ip_, listener_, reason.message()));
  Server* server = server_;
  server_ = nullptr;
  server->forget(*this, ip_);
}

void ClientConnection::checkIdle(TimePoint now) {
  const auto connection = connection_.lock();
  if (connection == nullptr || busy_ || server_ == nullptr) return;
  const ConnectionLimits& limits = server_->options_.limits;
  if (now - connection->lastActive() >= limits.idle) return connection->close(Error(ErrorCode::RequestTimedOut, "idle for longer than connections.max.idle.ms"));
  if (stage_ != Stage::Ready && now - opened_ >= limitsOf(stage_, protocol_, limits).deadline) {
    connection->close(Error(ErrorCode::RequestTimedOut, "no request in time"));
  }
}

void ClientConnection::shutDown(TimePoint deadline) {
  server_ = nullptr;
  if (const auto connection = connection_.lock()) connection->closeWhenSent(Error(ErrorCode::Cancelled, "the broker stops"), deadline);
}

void ClientConnection::hold() {
  paused_ = true;
  if (const auto connection = connection_.lock()) connection->pauseReading();
}

void ClientConnection::release() { requestDone(); }

}  // namespace klamm::broker::server
