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

const std::vector<Call>& calls() {
  static const std::vector<Call> all{
      {"createTopics", [](Admin& a, const Options& o, const std::string& fresh) { a.createTopics({{.name = fresh, .partitions = 1, .replicationFactor = 1}}, o).all.get(); }},
      {"deleteTopics", [](Admin& a, const Options& o, const std::string& fresh) { a.deleteTopics({fresh}, o).all.get(); }},
      {"listTopics", [](Admin& a, const Options& o, const std::string&) { (void)a.listTopics(o).get(); }},
      {"describeTopics", [](Admin& a, const Options& o, const std::string&) { a.describeTopics({"calls"}, o).all.get(); }},
      {"createPartitions", [](Admin& a, const Options& o, const std::string& fresh) { a.createPartitions({{fresh, {.totalCount = 3}}}, o).all.get(); }},
      {"listPartitionReassignments", [](Admin& a, const Options& o, const std::string&) { (void)a.listPartitionReassignments({}, o).get(); }},
      {"listOffsets", [](Admin& a, const Options& o, const std::string&) { a.listOffsets({{first(), OffsetSpec::latest()}}, o).all.get(); }},
      {"describeConfigs", [](Admin& a, const Options& o, const std::string&) { a.describeConfigs({{.name = "calls"}}, o).all.get(); }},
      {"describeCluster", [](Admin& a, const Options& o, const std::string&) { (void)a.describeCluster(o).get(); }},
      {"listGroups", [](Admin& a, const Options& o, const std::string&) { (void)a.listGroups(o).get(); }},
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
    calls()[one.call].run(admin, {.timeout = one.limit}, fmt::format("calls-{}", one.seed));
  } catch (const KafkaException& error) {
    const ErrorCode code = error.error().code();
    if (code == ErrorCode::Closed && !one.interrupted) notes.failure("was told of a close() that nobody called");
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
  Admin admin({{"bootstrap.servers", world.bootstrap(one.weather)}, {"request.timeout.ms", "400"}});
  if (one.prepared) (void)admin.listTopics({.timeout = 20s}).get();
  world.setWeather(one.weather, false);
  const Millis limit = one.interrupted ? std::min(one.limit, one.interruptAfter) : one.limit;
  CaseNotes closing;
  {
    const Interrupter beside(one, world, [&] { closing.timed("close() by another thread", Millis(0), [&] { admin.close(); }); });
    if (one.interrupted && one.interruptAfter == Millis(0)) std::this_thread::sleep_for(5ms);
    notes.timed(calls()[one.call].name, limit, [&] { runCall(one, admin, notes); });
  }
  notes.timed("close()", Millis(0), [&] { admin.close(); });
  notes.add(std::move(closing.report()));
}

}  // namespace klamm::chaos
