#include "chaos/call_runs.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <klamm/admin.h>
#include <klamm/producer.h>

#include "base/mutex.h"
#include "chaos/slow_names.h"
#include "chaos/watchdog.h"
#include "support/broker_process.h"
#include "support/fault_proxy/fault_proxy.h"

namespace klamm::chaos {
namespace {

using test::FaultProxy;

/// A broker behind a proxy; the topic "calls" with two partitions and records. Threading: see CallWorld.
class ProxiedBroker final : public CallWorld {
 public:
  ProxiedBroker(const std::string& program, const std::string& folder)
      : proxy_({}), broker_({.program = program, .folder = folder, .advertised = proxy_.address(), .config = {{"group.min.session.timeout.ms", "1000"}, {"offsets.topic.num.partitions", "1"}}}) {
    proxy_.setUpstreamPort(broker_.port());
    std::filesystem::remove_all(folder);  // of a bad run before
    std::filesystem::create_directories(folder);
    broker_.start();
    Admin admin({{"bootstrap.servers", proxy_.address()}});
    admin.createTopics({{.name = "calls", .partitions = 2, .replicationFactor = 1}}).all.get();
    Producer<std::string, std::string> producer({{"bootstrap.servers", proxy_.address()}});
    for (std::int32_t n = 0; n < 40; ++n) producer.send({.topic = "calls", .partition = n % 2, .value = "v"}, nullptr);
    producer.flush();
  }

  std::string bootstrap(Weather weather) const override {
    return weather == Weather::SlowName ? fmt::format("10000{}:{}", kSlowNames, proxy_.port()) : proxy_.address();
  }
  void setWeather(Weather weather, bool changed) override {
    using enum Weather;
    const bool down = weather == Down || (weather == GoesDown && changed);
    const bool silent = weather == Silent || (weather == GoesSilent && changed) || (weather == ComesBack && !changed);
    proxy_.setProfile(weather == Slow ? test::FaultProfile{.delay = Millis(20), .jitter = Millis(20)} : test::FaultProfile{});
    proxy_.setMode(down ? FaultProxy::Mode::Refusing : silent ? FaultProxy::Mode::Silent : FaultProxy::Mode::Passing);
  }

 private:
  FaultProxy proxy_;
  test::BrokerProcess broker_;
};

/// What the workers share. Threading: any thread.
class Board {
 public:
  explicit Board(const CallRunsOptions& options) : options_(options) {}

  [[nodiscard]] std::uint64_t nextCase() { return next_.fetch_add(1); }
  void add(const CallCase& one, const CaseReport& report) {
    const MutexLock lock(mutex_);
    late_.push_back(report.late);
    pairs_.insert(pairOf(one));
    if (one.planted != Planted::Nothing) addPlanted(one, report);
    else if (!report.failures.empty()) {
      ++report_.bad;
      for (const std::string& failure : report.failures) options_.say(fmt::format("BAD seed {}: {}: {}", one.seed, one.toString(), failure));
      options_.say(fmt::format("    again: ./dev chaos calls --cases 1 --seed {}", one.seed));
    }
    if (late_.size() % 50 == 0) options_.say(fmt::format("[{}/{}] {} bad", late_.size(), options_.cases, report_.bad));
  }
  void failure(const std::string& what) {
    const MutexLock lock(mutex_);
    ++report_.bad;
    options_.say("BAD: " + what);
  }
  [[nodiscard]] CallRunsReport report() {
    const MutexLock lock(mutex_);
    report_.pairs = pairs_.size();
    std::sort(late_.begin(), late_.end());
    if (!late_.empty()) {
      report_.latest = late_.back();
      report_.late99 = late_[late_.size() * 99 / 100];
    }
    return report_;
  }

 private:
  void addPlanted(const CallCase& one, const CaseReport& report) KLAMM_REQUIRES(mutex_) {
    const auto kind = static_cast<std::size_t>(one.client);
    ++report_.plantedIn[kind];
    if (!report.failures.empty()) ++report_.foundIn[kind];
    // A producer that has nothing to send closes at once whatever it is told.
    else if (one.client != ClientKind::Producer) {
      ++report_.bad;
      options_.say(fmt::format("MISSED seed {}: {}", one.seed, one.toString()));
    }
  }

  const CallRunsOptions& options_;
  std::atomic<std::uint64_t> next_ = 0;
  Mutex mutex_;
  std::set<std::size_t> pairs_ KLAMM_GUARDED_BY(mutex_);
  std::vector<Millis> late_ KLAMM_GUARDED_BY(mutex_);
  CallRunsReport report_ KLAMM_GUARDED_BY(mutex_);
};

/// A wakeup() or close() that does not do what it should, and less patience: the defect must show within seconds.
void plant(CallCase& one) {
  one.interrupted = true;
  one.planted = one.client == ClientKind::Consumer ? Planted::LostWakeup : Planted::LateClose;
  if (one.client == ClientKind::Producer) {  // a long close() shows where it waits for an answer
    one.weather = Weather::Silent;
    one.prepared = true;
  }
  one.patience = Millis(4000);
  one.slack = Millis(1500);
}

void work(const CallRunsOptions& options, int number, Board& board) {
  try {
    ProxiedBroker world(options.brokerProgram, fmt::format("{}/calls-{}", options.folder, number));
    for (std::uint64_t n = board.nextCase(); n < options.cases; n = board.nextCase()) {
      CallCase one = caseOf(options.seed + n);
      if (options.planted) plant(one);
      const Watchdog watchdog(std::chrono::minutes(3), fmt::format("seed {} hangs: {}; again: ./dev chaos calls --cases 1 --seed {}", one.seed, one.toString(), one.seed));
      board.add(one, runCase(one, world));
    }
  } catch (const std::exception& error) {
    board.failure(error.what());
  }
}

}  // namespace

CallRunsReport runCalls(const CallRunsOptions& options) {
  Board board(options);
  std::vector<std::thread> workers;
  const auto count = static_cast<int>(std::min<std::uint64_t>(options.cases, static_cast<std::uint64_t>(options.workers)));
  for (int number = 0; number < count; ++number) workers.emplace_back([&, number] { work(options, number, board); });
  for (std::thread& worker : workers) worker.join();
  const CallRunsReport report = board.report();
  if (report.bad > 0) return report;
  for (int number = 0; number < count; ++number) {
    std::filesystem::remove_all(fmt::format("{}/calls-{}", options.folder, number));
    std::filesystem::remove(fmt::format("{}/calls-{}.log", options.folder, number));
  }
  return report;
}

}  // namespace klamm::chaos
