#include "chaos/call_case.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"

namespace klamm::chaos {
namespace {

constexpr std::array<std::string_view, 8> kWeathers{"up", "slow", "down", "silent", "slow name", "goes down", "goes silent", "comes back"};
constexpr std::array<std::string_view, 3> kClients{"producer", "consumer", "admin"};

const std::vector<std::string>& callsOf(ClientKind client) {
  switch (client) {
    case ClientKind::Producer: return producerCalls();
    case ClientKind::Consumer: return consumerCalls();
    case ClientKind::Admin: break;
  }
  return adminCalls();
}

constexpr std::array kKinds{ClientKind::Producer, ClientKind::Consumer, ClientKind::Admin};

Millis upTo(Random& random, std::uint64_t most) { return Millis(static_cast<std::int64_t>(random.below(most + 1))); }

}  // namespace

std::size_t pairCount() { return (producerCalls().size() + consumerCalls().size() + adminCalls().size()) * kWeathers.size(); }

std::size_t pairOf(const CallCase& one) {
  std::size_t call = one.call;
  for (const ClientKind kind : kKinds) {
    if (kind == one.client) break;
    call += callsOf(kind).size();
  }
  return call * kWeathers.size() + static_cast<std::size_t>(one.weather);
}

CallCase caseOf(std::uint64_t seed) {
  const auto random = seededRandom(seed);
  CallCase one;
  one.seed = seed;
  // A step that shares no factor with the count: neighbours differ in both, and a short run meets every call.
  std::uint64_t step = 37;
  while (std::gcd(step, pairCount()) != 1) ++step;
  const auto pair = static_cast<std::size_t>(seed % pairCount() * step % pairCount());
  one.weather = static_cast<Weather>(pair % kWeathers.size());
  one.call = pair / kWeathers.size();
  for (const ClientKind kind : kKinds) {
    one.client = kind;
    if (one.call < callsOf(kind).size()) break;
    one.call -= callsOf(kind).size();
  }
  one.prepared = one.weather != Weather::SlowName && random->below(2) == 0;
  one.inGroup = random->below(2) == 0;
  one.limit = Millis(100) + upTo(*random, 1400);
  one.interrupted = random->below(3) != 0;
  one.interruptAfter = random->below(5) == 0 ? Millis(0) : upTo(*random, 600);
  one.weatherAfter = upTo(*random, 400);
  one.closeLimit = random->below(4) == 0 ? Millis(0) : upTo(*random, 800);
  one.wakeupInClose = random->below(2) == 0;
  one.longRequests = random->below(2) == 0;
  return one;
}

std::string CallCase::toString() const {
  std::string text = fmt::format("{} {} within {} ms, broker {}{}{}", kClients[static_cast<std::size_t>(client)], callsOf(client)[call], given().count(),
                                 kWeathers[static_cast<std::size_t>(weather)], prepared ? ", connected before" : "",
                                 client == ClientKind::Consumer && inGroup ? ", in a group" : "");
  if (client != ClientKind::Producer) text += fmt::format(", request.timeout.ms={}", requestTimeout().count());
  if (interrupted) text += fmt::format(", {} after {} ms", client == ClientKind::Consumer ? "wakeup" : "close", interruptAfter.count());
  if (weather >= Weather::GoesDown) text += fmt::format(", weather after {} ms", weatherAfter.count());
  return text + fmt::format(", close({}){}", closeLimit.count(), client == ClientKind::Consumer && wakeupInClose ? " with a wakeup" : "");
}

Millis CallCase::allowed() const noexcept {
  if (!interrupted) return limit;
  // A producer's close() gives what was sent its time before it ends the calls beside it.
  return client == ClientKind::Producer ? interruptAfter + closeLimit : interruptAfter;
}

void CaseNotes::timed(const std::string& what, Millis limit, const std::function<void()>& call) {
  const TimePoint start = systemClock().now();
  call();
  const auto took = std::chrono::duration_cast<Millis>(systemClock().now() - start);
  report_.late = std::max(report_.late, took - limit);
  if (took > limit + slack_) failure(fmt::format("{} took {} ms, allowed were {}", what, took.count(), limit.count()));
}

void CaseNotes::add(CaseReport other) {
  for (std::string& text : other.failures) failure(std::move(text));
  report_.late = std::max(report_.late, other.late);
}

CaseReport runCase(const CallCase& one, CallWorld& world) {
  CaseNotes notes(one.slack);
  try {
    world.setWeather(Weather::Up, false);
    switch (one.client) {
      case ClientKind::Producer: runProducerCase(one, world, notes); break;
      case ClientKind::Consumer: runConsumerCase(one, world, notes); break;
      case ClientKind::Admin: runAdminCase(one, world, notes); break;
    }
  } catch (const std::exception& error) {
    notes.failure(fmt::format("threw: {}", error.what()));
  }
  return std::move(notes.report());
}

}  // namespace klamm::chaos
