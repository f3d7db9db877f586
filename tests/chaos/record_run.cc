#include "chaos/record_run.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include <klamm/admin.h>

#include "chaos/record_clients.h"
#include "support/broker_process.h"

namespace klamm::chaos {
namespace {

using namespace std::chrono_literals;
using test::FaultProxy;

/// How long readers and the group may take to get to the end once all is well.
constexpr auto kCatchUp = 60s;

/// Threading: the thread that runs it.
class Run {
 public:
  Run(const RunPlan& plan, const std::string& program, const std::string& folder)
      : plan_(plan), log_(plan, folder + "-clients.log"), proxy_({.seed = plan.seed}),
        broker_({.program = program, .folder = folder, .advertised = proxy_.address(),
                 .config = {{"offsets.topic.num.partitions", "3"}, {"group.min.session.timeout.ms", "1000"}}}) {
    proxy_.setUpstreamPort(broker_.port());
  }

  RunReport run() {
    broker_.start();
    createTopic();
    proxy_.setProfile(plan_.profile);
    startClients();
    playEpisodes();
    healAndJudge();
    return std::move(report_);
  }

 private:
  void createTopic() {
    Admin admin({{"bootstrap.servers", proxy_.address()}});
    admin.createTopics({{.name = kTopic, .partitions = plan_.partitions, .replicationFactor = 1,
                         .configs = {{"max.message.bytes", std::to_string(plan_.maxMessageBytes)}}}}).all.get();
  }

  void startClients() {
    for (std::size_t n = 0; n < plan_.producers.size(); ++n) {
      producers_.push_back(std::make_unique<ProducerThread>(log_, static_cast<std::int32_t>(n), proxy_.address()));
    }
    reader_ = std::make_unique<ReaderThread>(log_, "reader", false, proxy_.address());
    for (std::int32_t n = 0; n < plan_.groupMembers; ++n) addMember();
  }

  void addMember() { members_.push_back(std::make_unique<ReaderThread>(log_, fmt::format("member {}", nextMember_++), true, proxy_.address())); }

  void churn() {
    members_.front()->stop();
    members_.erase(members_.begin());
    addMember();
  }

  void playEpisodes() {
    const TimePoint start = systemClock().now();
    bool churned = !plan_.groupChurn;
    for (const Episode& episode : plan_.episodes) {
      std::this_thread::sleep_until(start + episode.at);
      play(episode);
      if (!std::exchange(churned, true)) churn();
    }
    std::this_thread::sleep_until(start + plan_.duration);
    if (!churned) churn();
  }

  void play(const Episode& episode) {
    using enum Episode::Kind;
    switch (episode.kind) {
      case Kill:
      case Outage:
        broker_.kill();
        ++report_.kills;
        break;
      case Restart:
        if (const int code = broker_.stop(); code != 0) log_.failure(fmt::format("the broker ended with {} after SIGTERM", code));
        break;
      case ResetAll: return proxy_.resetAll();
      case Silence: proxy_.setMode(FaultProxy::Mode::Silent); break;
    }
    if (episode.kind == Outage) proxy_.setMode(FaultProxy::Mode::Refusing);
    std::this_thread::sleep_for(episode.length);
    if (episode.kind != Silence) broker_.start();
    proxy_.setMode(FaultProxy::Mode::Passing);
  }

  void healAndJudge() {
    report_.faults = proxy_.counts();
    proxy_.setProfile({});
    proxy_.resetAll();  // black holes of before the healing
    for (const auto& producer : producers_) producer->stop();
    std::vector<Reading> log = readBack(plan_, proxy_.address());
    awaitReaders(log);
    reader_->stop();
    for (const auto& member : members_) member->stop();
    for (std::string& failure : log_.takeFailures()) report_.failures.push_back(std::move(failure));
    RecordHistory history = log_.takeHistory();
    for (Reading& partition : log) history.addLog(std::move(partition));
    report_.anomalies = history.check();
    report_.sent = history.sentCount();
    report_.acked = history.ackedCount();
    report_.inLog = history.logSize();
    if (const int code = broker_.stop(); code != 0) report_.failures.push_back(fmt::format("the broker ended with {} after SIGTERM", code));
  }

  void awaitReaders(const std::vector<Reading>& log) {
    std::size_t total = 0;
    for (const Reading& partition : log) total += partition.records.size();
    const auto readerIsThere = [&] {
      return std::all_of(log.begin(), log.end(), [&](const Reading& partition) {
        return partition.records.empty() || reader_->position(partition.partition) > partition.records.back().first;
      });
    };
    const TimePoint deadline = systemClock().now() + kCatchUp;
    while (!readerIsThere() || log_.groupReadCount() < total) {
      if (systemClock().now() > deadline) {
        report_.failures.push_back(fmt::format("a minute after all was well the reader {}, and the group had {} of {} records",
                                               readerIsThere() ? "was at the end" : "was not at the end", log_.groupReadCount(), total));
        return;
      }
      std::this_thread::sleep_for(10ms);
    }
  }

  const RunPlan& plan_;
  RunLog log_;
  FaultProxy proxy_;
  test::BrokerProcess broker_;
  RunReport report_;
  std::vector<std::unique_ptr<ProducerThread>> producers_;
  std::unique_ptr<ReaderThread> reader_;
  std::vector<std::unique_ptr<ReaderThread>> members_;
  int nextMember_ = 1;
};

}  // namespace

RunReport runRecords(const RunPlan& plan, const std::string& brokerProgram, const std::string& folder) {
  const std::string data = folder + "/data";
  std::filesystem::create_directories(data);
  RunReport report;
  try {
    report = Run(plan, brokerProgram, data).run();
  } catch (const std::exception& error) {
    report.failures.push_back(error.what());
  }
  if (report.isGood()) std::filesystem::remove_all(folder);
  return report;
}

}  // namespace klamm::chaos
