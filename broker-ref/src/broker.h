#pragma once
// A broker: everything that serves, wired together on one loop.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/random.h"
#include "config/broker_config.h"
#include "net/transport.h"

namespace klamm::broker {

struct BrokerOptions {
  config::BrokerConfig config = {};
  Log log = {};
  bool logRequests = false;
  /// False for a folder that is removed at exit: nothing is synced.
  bool durable = true;
  /// Called once, on the broker's thread, when it cannot go on (its metadata cannot be written): its owner should stop it.
  std::function<void(Error)> failed = {};
};

/// One broker and controller of a quorum of one, on a thread of its own.
///
///     start(): folders locked -> metadata replayed -> epoch + 1, registered -> partitions opened -> listening
///     stop():  no new connection -> waiting requests answered -> connections closed -> logs closed, marked clean
///     abandon(): threads end, files are left as they are
///
/// Threading: start, stop, abandon and destruction by the owner's thread; the rest happens on the broker's own.
class Broker {
 public:
  /// Returns when clients are served, or with one sentence that says why not.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(BrokerOptions options);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Where a client on this machine finds it.
  [[nodiscard]] const net::Endpoint& address() const noexcept { return address_; }
  /// Stops cleanly; takes at most a few seconds besides the disk. Fails when a file could not be closed.
  [[nodiscard]] Status stop();
  void abandon();

 private:
  struct Parts;
  explicit Broker(BrokerOptions options);
  [[nodiscard]] Status open();
  void endLoop();

  BrokerOptions options_;
  std::unique_ptr<Parts> parts_;
  std::thread thread_;
  net::Endpoint address_ = {};
};

}  // namespace klamm::broker
