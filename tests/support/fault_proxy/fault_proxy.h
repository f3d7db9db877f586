#pragma once
// A TCP proxy that makes faults, by seed.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "support/fault_proxy/fault_profile.h"
#include "support/fault_proxy/socket.h"

namespace klamm::test {

struct FaultProxyOptions {
  std::uint16_t port = 0;  ///< to listen on, on 127.0.0.1; 0 picks one
  std::string upstreamHost = "127.0.0.1";  ///< numeric
  std::uint16_t upstreamPort = 0;
  std::uint64_t seed = 1;
  FaultProfile profile = {};
};

/// What has passed and what has been done to it. Threading: a value.
struct FaultCounts {
  std::uint64_t connections = 0;
  std::uint64_t cuts = 0;
  std::uint64_t resets = 0;
  std::uint64_t blackHoles = 0;
  std::uint64_t refusals = 0;  ///< the upstream was not there
  std::uint64_t bytes = 0;
};

/// Listens on 127.0.0.1 and passes each connection on to one upstream, through two FaultyPipes. The n-th connection's
/// pipes have seeds made of the proxy's seed and n.
///
///     Passing:  as the profile says                     (the state it begins in)
///     Silent:   accepts, takes all bytes, never answers; connections that are open fall silent
///     Refusing: nobody listens: a connect is refused; connections that are open are reset
///
/// Going from Silent to Passing resets the connections that fell silent. A broker behind it advertises this port.
/// A port keeps belonging to the proxy while it refuses.
///
/// Threading: every method from any thread; the sockets belong to one thread of its own.
class FaultProxy {
 public:
  enum class Mode : std::uint8_t { Passing, Silent, Refusing };

  /// Throws std::system_error when it cannot listen.
  explicit FaultProxy(const FaultProxyOptions& options);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void setProfile(const FaultProfile& profile);
  /// Returns when it holds.
  void setMode(Mode mode);
  /// Where connections go from now on, before the first one: a port that is known late.
  void setUpstreamPort(std::uint16_t port) { upstreamPort_.store(port); }
  /// Resets every connection, once.
  void resetAll();
  [[nodiscard]] FaultCounts counts() const;

 private:
  class Link;
  struct Orders {
    FaultProfile profile = {};
    Mode mode = Mode::Passing;
    std::uint64_t resets = 0;
    bool stop = false;
  };

  void run();
  bool takeOrders();
  void changeMode(Mode mode);
  void accept();
  /// Changes the orders and waits until they are obeyed.
  void give(const std::function<void(Orders&)>& change);

  const FaultProxyOptions options_;
  std::atomic<std::uint16_t> upstreamPort_;
  const Descriptor reservation_;  ///< bound, never listening: keeps the port while nobody listens
  const std::uint16_t port_;
  const Descriptor wake_;

  mutable Mutex mutex_;
  CondVar obeyed_;
  Orders orders_ KLAMM_GUARDED_BY(mutex_);
  std::uint64_t given_ KLAMM_GUARDED_BY(mutex_) = 0;  ///< orders so far
  std::uint64_t done_ KLAMM_GUARDED_BY(mutex_) = 0;
  FaultCounts counts_ KLAMM_GUARDED_BY(mutex_);

  // The proxy's thread only.
  Descriptor listener_;
  Orders current_;
  std::uint64_t accepted_ = 0;
  std::vector<std::unique_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace klamm::test
