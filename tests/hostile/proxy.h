#pragma once
// A broker that lies: a real one, whose answers pass through hands that change them.

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "hostile/wire.h"
#include "protocol/api_table.h"

namespace klamm::hostile {

/// One answer on its way to the client.
struct Answer {
  const protocol::ApiInfo* api = nullptr;
  std::int16_t version = 0;
  Buffer header = {};  ///< as it stands in front of the body
  Buffer body = {};
  Wire* client = nullptr;
  /// Header and body behind a length.
  [[nodiscard]] Buffer frameWith(BytesView body) const;
  [[nodiscard]] Buffer frame() const { return frameWith(this->body); }
};

/// Passes an answer on, changed or not; false ends the connection.
using Tamper = std::function<bool(const Answer& answer)>;

/// Listens on a port of its own, hands every request to the broker at `brokerPort` and every answer to `tamper`. In the
/// answers it names its own port in place of the broker's, so that a client never gets past it. APIs in `forged`, which
/// the broker does not serve, it announces and answers itself, with something in every field.
///
/// Threading: a thread per direction of each connection; `tamper` is called from many.
class Proxy {
 public:
  Proxy(std::uint16_t brokerPort, std::set<protocol::ApiKey> forged, Tamper tamper);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::string bootstrap() const { return "127.0.0.1:" + std::to_string(port_.number()); }
  /// The APIs whose answers came by.
  [[nodiscard]] std::set<protocol::ApiKey> passed() const;
  [[nodiscard]] int connections() const noexcept { return connections_; }

 private:
  struct Link;
  void accept();
  void pumpRequests(Link& link);
  void pumpAnswers(Link& link);
  [[nodiscard]] Buffer rewritten(const protocol::ApiInfo& api, std::int16_t version, const Buffer& body) const;

  const std::uint16_t brokerPort_;
  const std::set<protocol::ApiKey> forged_;
  const Tamper tamper_;
  Port port_;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::set<protocol::ApiKey> passed_;
  std::list<std::unique_ptr<Link>> links_;
  bool closing_ = false;
  std::thread acceptor_;
};

}  // namespace klamm::hostile
