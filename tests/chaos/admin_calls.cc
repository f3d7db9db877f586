// The admin client's calls and close() under them.

#include <algorithm>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include <klamm/admin.h>

#include "chaos/call_case.h"
#include "chaos/interrupter.h"

namespace klamm::chaos {
namespace {

using namespace std::chrono_literals;
using Options = AdminOptions;

struct Call {
  std::string name;
  /// `fresh` is a name that nothing has yet.
  void (*run)(Admin&, const Options&, const std::string& fresh);
};

TopicPartition first() { return {"calls", 0}; }

/// The id of a topic that never was.
constexpr const char* kNoTopic = "AAAAAAAAAAAAAAAAAAAAzw";

const std::vector<Call>& calls() {
  static const std::vector<Call> all{
      {"createTopics", [](Admin& a, const Options& o, const std::string& fresh) { a.createTopics({{.name = fresh, .partitions = 1, .replicationFactor = 1}}, o).all.get(); }},
      {"deleteTopics", [](Admin& a, const Options& o, const std::string& fresh) { a.deleteTopics({fresh}, o).all.get(); }},
      {"deleteTopicsById", [](Admin& a, const Options& o, const std::string&) { a.deleteTopicsById({kNoTopic}, o).all.get(); }},
      {"listTopics", [](Admin& a, const Options& o, const std::string&) { (void)a.listTopics(o).get(); }},
      {"describeTopics", [](Admin& a, const Options& o, const std::string&) { a.describeTopics({"calls"}, o).all.get(); }},
      {"describeTopicsById", [](Admin& a, const Options& o, const std::string&) { a.describeTopicsById({kNoTopic}, o).all.get(); }},
      {"createPartitions", [](Admin& a, const Options& o, const std::string& fresh) { a.createPartitions({{fresh, {.totalCount = 3}}}, o).all.get(); }},
      {"listPartitionReassignments", [](Admin& a, const Options& o, const std::string&) { (void)a.listPartitionReassignments({}, o).get(); }},
      {"listOffsets", [](Admin& a, const Options& o, const std::string&) { a.listOffsets({{first(), OffsetSpec::latest()}}, o).all.get(); }},
      {"describeConfigs", [](Admin& a, const Options& o, const std::string&) { a.describeConfigs({{.name = "calls"}}, o).all.get(); }},
      {"describeCluster", [](Admin& a, const Options& o, const std::string&) { (void)a.describeCluster(o).get(); }},
      {"listGroups", [](Admin& a, const Options& o, const std::string&) { (void)a.listGroups(o).get(); }},
      {"listConsumerGroups", [](Admin& a, const Options& o, const std::string&) { (void)a.listConsumerGroups(o).get(); }},
      {"describeConsumerGroups", [](Admin& a, const Options& o, const std::string& fresh) { a.describeConsumerGroups({fresh}, o).all.get(); }},
      {"listConsumerGroupOffsets", [](Admin& a, const Options& o, const std::string& fresh) { a.listConsumerGroupOffsets({{fresh, {}}}, o).all.get(); }},
      {"deleteConsumerGroups", [](Admin& a, const Options& o, const std::string& fresh) { a.deleteConsumerGroups({fresh}, o).all.get(); }},
      {"deleteConsumerGroupOffsets", [](Admin& a, const Options& o, const std::string& fresh) { a.deleteConsumerGroupOffsets(fresh, {first()}, o).all.get(); }},
      {"alterConsumerGroupOffsets", [](Admin& a, const Options& o, const std::string& fresh) { a.alterConsumerGroupOffsets(fresh, {{first(), {.offset = 1}}}, o).all.get(); }},
  };
  return all;
}

/// It answers, or with an error that fits.
void runCall(const CallCase& one, Admin& admin, CaseNotes& notes) {
  try {
    calls()[one.call].run(admin, {.timeout = one.given()}, fmt::format("calls-{}", one.seed));
  } catch (const KafkaException& error) {
    const ErrorCode code = error.error().code();
    if (code == ErrorCode::Closed && !one.interrupted) notes.failure("was told of a close() that nobody called");
    if (code == ErrorCode::RequestTimedOut && one.interrupted) notes.failure("its time was up though it was interrupted long before");
  }
}

}  // namespace

const std::vector<std::string>& adminCalls() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Call& call : calls()) all.push_back(call.name);
    return all;
  }();
  return names;
}

void runAdminCase(const CallCase& one, CallWorld& world, CaseNotes& notes) {
  Admin admin({{"bootstrap.servers", world.bootstrap(one.weather)}, {"request.timeout.ms", std::to_string(one.requestTimeout().count())}});
  if (one.prepared) (void)admin.listTopics({.timeout = 60s}).get();
  world.setWeather(one.weather, false);
  CaseNotes closing(one.slack);
  const auto close = [&] {
    if (one.planted == Planted::LateClose) std::this_thread::sleep_for(one.patience);
    admin.close();
  };
  {
    const Interrupter beside(one, world, [&] { closing.timed("close() by another thread", Millis(0), close); });
    if (one.interrupted && one.interruptAfter == Millis(0)) std::this_thread::sleep_for(5ms);
    notes.timed(calls()[one.call].name, one.allowed(), [&] { runCall(one, admin, notes); });
  }
  notes.timed("close()", Millis(0), [&] { admin.close(); });
  notes.add(std::move(closing.report()));
}

}  // namespace klamm::chaos
