#pragma once
// A Kafka-compatible broker inside this process: for tests, and for programs that bring their own.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <klamm/logging.h>

namespace [[gnu::visibility("default")]] klamm {
namespace broker {

/// What to start. All fields have defaults.
struct EmbeddedOptions {
  /// Brokers of the cluster. One, for the time being; more are refused.
  int brokers = 1;
  /// Kafka's broker keys, e.g. {"num.partitions", "3"}. `listeners`, `log.dirs` and `node.id` are chosen unless given.
  std::map<std::string, std::string> config = {};
  /// Where the data lie. Empty: a temporary folder that is removed with the Embedded.
  std::string dataFolder = {};
  /// The port to listen on, on 127.0.0.1 and ::1. 0 picks a free one.
  std::uint16_t port = 0;
  /// Where log lines go; none by default.
  LogSink log = {};
  /// One line per request.
  bool logRequests = false;
};

/// Brokers that run on threads of their own until they are stopped or destroyed.
///
///     auto cluster = klamm::broker::Embedded::start({.brokers = 1});
///     klamm::Producer<std::string, std::string> producer({{"bootstrap.servers", cluster.bootstrapServers()}});
///
/// Any number of them may live in one process: nothing is shared, no signal handler and no global state is touched.
///
///     start() --> running --stop(), kill()--> stopped --restart()--> running          destruction stops
///
/// Threading: one thread at a time.
class Embedded {
 public:
  /// Returns when clients are served. Throws KafkaException (InvalidConfigurationException for a setting) with one sentence
  /// that says why not.
  [[nodiscard]] static Embedded start(EmbeddedOptions options = {});
  ~Embedded();
  Embedded(Embedded&&) noexcept;
  Embedded& operator=(Embedded&&) noexcept;

  /// For the client key bootstrap.servers: "127.0.0.1:41234".
  [[nodiscard]] std::string bootstrapServers() const;
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] const std::string& dataFolder() const noexcept;
  [[nodiscard]] bool isRunning() const noexcept;

  /// Stops cleanly, within some seconds: what was answered is on the disk. Does nothing when it is stopped already.
  void stop();
  /// Stops as a crash would: nothing is flushed or closed in order. The data folder stays as it is.
  void kill();
  /// Starts again on the same folder and port. Throws as start() does.
  void restart();

 private:
  struct State;
  explicit Embedded(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace broker
}  // namespace klamm
