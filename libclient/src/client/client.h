#pragma once
// What every client object owns: one I/O thread with its connections, metadata and coordinators.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/result.h"
#include "client/coordinator_finder.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "net/transport.h"

namespace klamm::client {

/// Values of Kafka's configuration keys, already parsed; defaults are Kafka's.
struct ClientSettings {
  std::vector<net::Endpoint> bootstrap = {};                         ///< bootstrap.servers, by parseBootstrap()
  std::string clientId = {};                                         ///< client.id
  std::string threadName = {};                                       ///< e.g. "klamm-producer-1"; cut to 15 characters
  std::size_t maxInFlight = 100;                                     ///< max.in.flight.requests.per.connection
  Duration requestTimeout = std::chrono::seconds(30);                ///< request.timeout.ms
  Duration reconnectBackoff = std::chrono::milliseconds(50);         ///< reconnect.backoff.ms
  Duration reconnectBackoffMax = std::chrono::seconds(1);            ///< reconnect.backoff.max.ms
  Duration retryBackoff = std::chrono::milliseconds(100);            ///< retry.backoff.ms
  Duration retryBackoffMax = std::chrono::seconds(1);                ///< retry.backoff.max.ms
  Duration connectionSetupTimeout = std::chrono::seconds(10);        ///< socket.connection.setup.timeout.ms
  Duration connectionSetupTimeoutMax = std::chrono::seconds(30);     ///< socket.connection.setup.timeout.max.ms
  Duration connectionsMaxIdle = std::chrono::minutes(9);             ///< connections.max.idle.ms; zero or less: never
  Duration metadataMaxAge = std::chrono::minutes(5);                 ///< metadata.max.age.ms
  Duration metadataMaxIdle = std::chrono::minutes(5);                ///< metadata.max.idle.ms
  bool rebootstrap = true;                                           ///< metadata.recovery.strategy = rebootstrap
  Duration rebootstrapTrigger = std::chrono::minutes(5);             ///< metadata.recovery.rebootstrap.trigger.ms
  bool allowAutoTopicCreation = true;                                ///< allow.auto.create.topics, in Metadata requests
  int sendBuffer = -1;     ///< send.buffer.bytes when it is set: Kafka's default, a fixed 128 KiB, is slower than what Linux chooses
  int receiveBuffer = -1;  ///< receive.buffer.bytes when it is set; the same
  std::size_t maxResponse = std::size_t{1} << 30;                    ///< largest response accepted
  std::shared_ptr<const net::TlsContext> tls = {};                   ///< security.protocol=SSL: what ssl.* asks for
  std::string loopbackCongestion = "cubic";  ///< see net::SocketOptions; BBR, where it is the system's, halves the speed on loopback
};

/// bootstrap.servers: addresses with commas between; blanks, empty items and a scheme ("PLAINTEXT://") are tolerated, a
/// missing port is 9092, an IPv6 address stands in brackets. Fails when nothing is left or an item cannot be an address.
[[nodiscard]] Result<std::vector<net::Endpoint>> parseBootstrap(std::string_view list);

/// The parts that producer, consumer and admin client are built on, and the I/O thread that drives them.
///
/// Threading: made and closed by one thread; the parts say their own rules.
class Client {
 public:
  /// Starts the I/O thread; connects to nothing until asked.
  [[nodiscard]] static Result<std::unique_ptr<Client>> start(ClientSettings settings, Log log = {});
  /// close() without waiting for anything.
  virtual ~Client() = default;

  [[nodiscard]] virtual const ClientSettings& settings() const = 0;
  [[nodiscard]] virtual const Log& log() const = 0;
  [[nodiscard]] virtual net::Loop& loop() = 0;
  [[nodiscard]] virtual NetworkClient& network() = 0;
  [[nodiscard]] virtual Metadata& metadata() = 0;
  [[nodiscard]] virtual CoordinatorFinder& coordinators() = 0;

  /// Every request and waiter completes with Closed (on the I/O thread), connections close, the I/O thread ends and is
  /// joined; also while a name look-up gets no answer. Afterwards the parts may still be called and answer Closed,
  /// on the calling thread. Not from the I/O thread. Takes milliseconds, unless a callback blocks.
  virtual void close() = 0;
};

}  // namespace klamm::client
