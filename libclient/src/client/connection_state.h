#pragma once
// What one connection to a broker may do when.

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"
#include "client/backoff.h"

namespace klamm::client {

/// The life of a connection to a broker, over and over:
///
///     Disconnected --connecting--> Connecting --opened--> Negotiating --ready--> Ready
///          ^                            |                     |                    |
///          +------- disconnected -------+---------------------+--------------------+
///
/// TLS belongs to Connecting, SASL comes between Negotiating and Ready. Every disconnect starts a back-off; failures
/// before Ready make it, and the time allowed for the next set-up, longer; Ready makes both short again.
///
/// Threading: one at a time; time and chance are arguments.
class ConnectionState {
 public:
  enum class State : std::uint8_t { Disconnected, Connecting, Negotiating, Ready };
  struct Timing {
    ExponentialBackoff reconnect = {};
    ExponentialBackoff setup = {};
  };

  explicit ConnectionState(Timing timing) noexcept : timing_(timing) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool isReady() const noexcept { return state_ == State::Ready; }
  [[nodiscard]] bool mayConnect(TimePoint now) const noexcept { return state_ == State::Disconnected && now >= retryAt_; }
  /// No attempt before this.
  [[nodiscard]] TimePoint retryAt() const noexcept { return retryAt_; }
  /// Attempts in a row that did not reach Ready.
  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }

  /// Returns how long this set-up may take. Only when mayConnect().
  [[nodiscard]] Duration connecting(Random& random) noexcept {
    state_ = State::Connecting;
    return timing_.setup.after(failures_ + 1, random);
  }
  void opened() noexcept { state_ = State::Negotiating; }
  void ready() noexcept {
    state_ = State::Ready;
    failures_ = 0;
  }
  void disconnected(TimePoint now, Random& random) noexcept {
    if (state_ != State::Ready) ++failures_;
    state_ = State::Disconnected;
    retryAt_ = now + timing_.reconnect.after(failures_, random);
  }
  /// A close for idleness: no failure and no back-off.
  void retired() noexcept { state_ = State::Disconnected; }

 private:
  Timing timing_;
  State state_ = State::Disconnected;
  std::uint32_t failures_ = 0;
  TimePoint retryAt_ = {};
};

}  // namespace klamm::client
