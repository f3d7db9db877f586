#pragma once
// klamm-broker as a process of its own, that may be killed.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/fault_proxy/socket.h"

namespace klamm::test {

struct BrokerProcessOptions {
  std::string program = {};  ///< path of klamm-broker
  std::string folder = {};   ///< data; survives the process. Its log lines go to FOLDER.log
  /// What clients are told to connect to; empty: the broker's own port.
  std::string advertised = {};
  std::vector<std::pair<std::string, std::string>> config = {};
};

/// Starts stopped. The port is chosen once and kept from others between two starts.
/// Threading: one thread at a time.
class BrokerProcess {
 public:
  explicit BrokerProcess(BrokerProcessOptions options);
  /// kill()
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  /// Returns when clients are served. Throws std::runtime_error with its log's last lines when it ends or takes longer than 30 s.
  void start();
  /// SIGKILL, and waits until it is gone. Does nothing when it does not run.
  void kill();
  /// SIGTERM; returns its exit code, or 128 + the signal. SIGKILL after 30 s.
  int stop();
  [[nodiscard]] bool isRunning() const noexcept { return pid_ > 0; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  [[nodiscard]] std::vector<std::string> arguments() const;
  void waitReady(const Descriptor& output);
  [[nodiscard]] std::string lastLines() const;
  [[nodiscard]] int reap();

  const BrokerProcessOptions options_;
  const Descriptor reservation_;
  const std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace klamm::test
