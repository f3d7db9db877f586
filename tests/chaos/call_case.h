#pragma once
// One case of "always in time": a call that may block, weather, and what interrupts it.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace klamm::chaos {

/// How the broker is while the call runs.
enum class Weather : std::uint8_t {
  Up,
  Slow,        ///< every byte some 30 ms late
  Down,        ///< connects are refused
  Silent,      ///< it accepts and never answers
  SlowName,    ///< its name takes 10 s to be found
  GoesDown,    ///< in the middle of the call
  GoesSilent,  ///< in the middle of the call
  ComesBack,   ///< silent at first
};

enum class ClientKind : std::uint8_t { Producer, Consumer, Admin };

/// A defect put in on purpose, by which the cases themselves are tested: they must find it.
enum class Planted : std::uint8_t {
  Nothing,
  LostWakeup,  ///< wakeup() does nothing
  LateClose,   ///< close() takes as long as the calls beside it may
};

/// What a call may take beyond its limit on a machine that stands still for seconds before it counts as late.
inline constexpr Millis kCallSlack{10'000};
/// Every limit of an interrupted call, by argument and by configuration: only the interruption can end it in time.
inline constexpr Millis kPatience{40'000};

/// Threading: a value.
struct CallCase {
  std::uint64_t seed = 0;
  ClientKind client = {};
  std::size_t call = 0;  ///< which one of that client's
  Weather weather = {};
  bool prepared = false;      ///< the client was connected, and a consumer had its partitions, before the weather changed
  bool inGroup = false;       ///< a consumer that subscribes
  Millis limit{0};            ///< what the call is told, or the configuration says for it, unless it is interrupted
  bool interrupted = false;   ///< close() by another thread (producer, admin), wakeup() (consumer)
  Millis interruptAfter{0};   ///< 0: before the call, which must end at once
  Millis weatherAfter{0};     ///< when it goes down, falls silent or comes back
  Millis closeLimit{0};       ///< of the close() that interrupts or follows
  bool wakeupInClose = false; ///< a consumer's close() must not mind
  bool longRequests = false;  ///< request.timeout.ms is beyond everything: the call's own limit must end it
  Planted planted = {};       ///< only where the cases themselves are tested
  Millis patience = kPatience;
  Millis slack = kCallSlack;

  /// What the call is told.
  [[nodiscard]] Millis given() const noexcept { return interrupted ? patience : limit; }
  /// request.timeout.ms of a consumer or admin client. What is connected before must get through on a machine that
  /// stands still for seconds.
  [[nodiscard]] Millis requestTimeout() const noexcept { return interrupted || longRequests ? patience : Millis(prepared ? 5000 : 400); }
  /// After which time the call must have ended, whatever it was told.
  [[nodiscard]] Millis allowed() const noexcept;
  [[nodiscard]] std::string toString() const;
};

/// Call and weather walk through all pairs: pairCount() seeds in a row have each once. All else is drawn.
[[nodiscard]] CallCase caseOf(std::uint64_t seed);
[[nodiscard]] std::size_t pairCount();
/// Which pair it is: below pairCount().
[[nodiscard]] std::size_t pairOf(const CallCase& one);

/// Threading: a value.
struct CaseReport {
  std::vector<std::string> failures = {};
  Millis late{0};  ///< the most that anything took beyond its limit
};

/// What a case stands on. Threading: any thread.
class CallWorld {
 public:
  virtual ~CallWorld() = default;
  /// For bootstrap.servers; a slow name in that weather.
  [[nodiscard]] virtual std::string bootstrap(Weather weather) const = 0;
  /// As it is at the beginning (`changed` false) or after the change of weather.
  virtual void setWeather(Weather weather, bool changed) = 0;
};

/// Notes what one thread of a case found. Threading: one thread.
class CaseNotes {
 public:
  explicit CaseNotes(Millis slack) : slack_(slack) {}
  /// Runs `call`, which may take `limit`.
  void timed(const std::string& what, Millis limit, const std::function<void()>& call);
  void failure(std::string text) { report_.failures.push_back(std::move(text)); }
  void add(CaseReport other);
  [[nodiscard]] CaseReport& report() noexcept { return report_; }

 private:
  Millis slack_;
  CaseReport report_;
};

// Each client's calls: *_calls.cc.
[[nodiscard]] const std::vector<std::string>& producerCalls();
[[nodiscard]] const std::vector<std::string>& consumerCalls();
[[nodiscard]] const std::vector<std::string>& adminCalls();
void runProducerCase(const CallCase& one, CallWorld& world, CaseNotes& notes);
void runConsumerCase(const CallCase& one, CallWorld& world, CaseNotes& notes);
void runAdminCase(const CallCase& one, CallWorld& world, CaseNotes& notes);

/// Calls that never return are the caller's watchdog's affair.
[[nodiscard]] CaseReport runCase(const CallCase& one, CallWorld& world);

}  // namespace klamm::chaos
