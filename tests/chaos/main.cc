// klamm-chaos: seeded faults against client and broker; the long form of the chaos tests.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "chaos/call_runs.h"
#include "chaos/record_run.h"
#include "chaos/watchdog.h"

namespace {

using klamm::systemClock;

struct Arguments {
  std::string broker = {};
  std::string folder = {};
  std::string what = {};  ///< empty: all
  std::uint64_t runs = 100;
  std::uint64_t cases = 1000;
  std::uint64_t seed = 1;
  bool verbose = false;
  bool planted = false;
};

/// So many seeds in a row have every kind of network once: see planOf().
constexpr std::uint64_t kAllFaults = 8;

double secondsSince(klamm::TimePoint start) { return std::chrono::duration<double>(systemClock().now() - start).count(); }

void say(const std::string& line) { std::cout << line << std::endl; }

void sayWhatIsWrong(const klamm::chaos::RunReport& report) {
  for (const auto& anomaly : report.anomalies) say(fmt::format("    {}: {}", toString(anomaly.kind), anomaly.text));
  for (const auto& failure : report.failures) say("    " + failure);
}

int records(const Arguments& arguments) {
  const auto start = systemClock().now();
  std::vector<std::uint64_t> bad;
  std::size_t acked = 0;
  int kills = 0;
  klamm::test::FaultCounts faults;
  for (std::uint64_t run = 0; run < arguments.runs; ++run) {
    const std::uint64_t seed = arguments.seed + run;
    const auto plan = klamm::chaos::planOf(seed);
    const auto began = systemClock().now();
    if (arguments.verbose) say(fmt::format("  seed {}: {}", seed, plan.toString()));
    const klamm::chaos::Watchdog watchdog(std::chrono::minutes(6), fmt::format("seed {} hangs; again: ./dev chaos records --runs 1 --seed {}", seed, seed));
    const std::string folder = fmt::format("{}/seed-{}", arguments.folder, seed);
    const auto report = klamm::chaos::runRecords(plan, arguments.broker, folder);
    say(fmt::format("[{}/{}] seed {}: {} sent, {} acknowledged, {} in the log; {} kills, {} cuts, {} resets, {} black holes, {} refusals; {:.1f} s: {}", run + 1,
                    arguments.runs, seed, report.sent, report.acked, report.inLog, report.kills, report.faults.cuts, report.faults.resets,
                    report.faults.blackHoles, report.faults.refusals, secondsSince(began), report.isGood() ? "good" : "BAD"));
    acked += report.acked;
    kills += report.kills;
    faults.cuts += report.faults.cuts;
    faults.resets += report.faults.resets;
    if (report.isGood()) continue;
    bad.push_back(seed);
    sayWhatIsWrong(report);
    say(fmt::format("    plan: {}\n    data and log: {}\n    again: ./dev chaos records --runs 1 --seed {}", plan.toString(), folder, seed));
  }
  say(fmt::format("chaos records: {} runs from seed {}, {} kills, {} cuts, {} resets, {} records acknowledged: {} runs with lost, duplicated, reordered or invented records or a hang, {:.0f} s",
                  arguments.runs, arguments.seed, kills, faults.cuts, faults.resets, acked, bad.size(), secondsSince(start)));
  const bool tooCalm = kills == 0 || (arguments.runs >= kAllFaults && (faults.cuts == 0 || faults.resets == 0));
  if (tooCalm) say("    BAD: so many runs without a kill, a cut or a reset prove nothing");
  return bad.empty() && !tooCalm ? 0 : 1;
}

/// Lost wakeups and a sleep in the admin's close() show in every case, a producer's long close() where something is unsent.
int planted(const klamm::chaos::CallRunsReport& report) {
  const auto& [producers, consumers, admins] = report.plantedIn;
  const auto& [producersFound, consumersFound, adminsFound] = report.foundIn;
  say(fmt::format("chaos calls, planted: lost wakeups found in {} of {} cases, late closes in {} of {} of the producer and {} of {} of the admin client",
                  consumersFound, consumers, producersFound, producers, adminsFound, admins));
  return report.bad == 0 && producersFound > 0 && consumersFound > 0 && adminsFound > 0 ? 0 : 1;
}

int calls(const Arguments& arguments) {
  const auto start = systemClock().now();
  const auto report = klamm::chaos::runCalls({.cases = arguments.cases, .seed = arguments.seed, .planted = arguments.planted, .brokerProgram = arguments.broker, .folder = arguments.folder, .say = say});
  if (arguments.planted) return planted(report);
  say(fmt::format("chaos calls: {} cases from seed {}, {} of {} pairs of call and weather: {} calls or closes too late or with a wrong end; beyond their limits at most {} ms, 99 % at most {} ms; {:.0f} s",
                  arguments.cases, arguments.seed, report.pairs, klamm::chaos::pairCount(), report.bad, report.latest.count(), report.late99.count(), secondsSince(start)));
  return report.bad == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  arguments.broker = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "klamm-broker").string();
  arguments.folder = (std::filesystem::temp_directory_path() / fmt::format("klamm-chaos-{}", ::getpid())).string();
  CLI::App app("Seeded faults against client and broker.", "klamm-chaos");
  app.add_option("what", arguments.what,
                 "records: produce and consume through the fault proxy, the broker killed meanwhile; then everything is read back and judged\n"
                 "calls: close and wakeup under every call that may block, the broker up, down, silent or slow to be found\n"
                 "without it: both")
      ->check(CLI::IsMember({"records", "calls"}));
  app.add_option("--runs", arguments.runs, "runs of records (100)");
  app.add_option("--cases", arguments.cases, "cases of calls (1000)");
  app.add_option("--seed", arguments.seed, "of the first run and the first case (1)");
  app.add_option("--broker", arguments.broker, "klamm-broker's program");
  app.add_option("--folder", arguments.folder, "for the brokers' data; what a bad run leaves stays there");
  app.add_flag("--planted", arguments.planted, "calls: a defect is planted in every case and must be found");
  app.add_flag("--verbose", arguments.verbose, "each run's plan before it begins");
  CLI11_PARSE(app, argc, argv);
  int result = 0;
  if (arguments.what != "calls") result = records(arguments);
  if (arguments.what != "records") result = std::max(result, calls(arguments));
  std::error_code ignored;
  std::filesystem::remove(arguments.folder, ignored);  // only when it is empty
  return result;
}
