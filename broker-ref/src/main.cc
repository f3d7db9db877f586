// klamm-broker: a Kafka-compatible broker in one process.

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/properties.h"
#include "broker.h"
#include "log/disk.h"
#include "net/wakeup.h"
#include "server/listener_config.h"

namespace {

using klamm::broker::Broker;
using klamm::broker::BrokerOptions;
using klamm::broker::config::BrokerConfig;

constexpr const char* kExample = R"(Examples:
  klamm-broker                                      data in a temporary folder, removed at exit
  klamm-broker --port 9092 --data ./data            127.0.0.1 and ::1, data kept in ./data
  klamm-broker server.properties --override num.partitions=3

When clients can be served, exactly one line is printed on stdout: ready HOST:PORT)";

struct Arguments {
  std::string properties = {};
  std::vector<std::string> overrides = {};
  std::optional<std::uint16_t> port = {};
  std::string data = {};
  bool logRequests = false;
};

/// Signals end the wait of the main thread; nothing else is safe in a handler.
klamm::net::Wakeup* stopRequested = nullptr;
void onSignal(int) { stopRequested->signal(); }

/// A descriptor for each connection and each segment in use: what the system allows, not what shells begin with. Where that
/// fails, connections beyond the old limit wait.
void allowDescriptors() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

[[nodiscard]] klamm::Log stderrLog() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("klamm-broker", std::move(sink));
  logger->set_pattern("[%Y-%m-%d %H:%M:%S.%e] %l %v");
  logger->flush_on(spdlog::level::trace);
  return klamm::Log([logger](klamm::LogLevel level, std::string_view line) {
    using enum klamm::LogLevel;
    const auto to = level == Debug ? spdlog::level::debug : level == Info ? spdlog::level::info : level == Warn ? spdlog::level::warn : spdlog::level::err;
    logger->log(to, spdlog::string_view_t(line.data(), line.size()));
  });
}

/// The file, then --override, then --port and --data: what comes later wins.
[[nodiscard]] klamm::Result<BrokerConfig::Entries> entriesOf(const Arguments& arguments) {
  BrokerConfig::Entries entries;
  if (!arguments.properties.empty()) {
    KLAMM_TRY_ASSIGN(const auto properties, klamm::Properties::load(arguments.properties));
    for (const auto& entry : properties.entries()) entries.emplace_back(entry.key, entry.value);
  }
  for (const std::string& text : arguments.overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return klamm::fail(klamm::ErrorCode::InvalidConfig, fmt::format("--override {}: write it as key=value", text));
    }
    entries.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (arguments.port) {
    // What is malformed is said although it does not count any more.
    KLAMM_TRY_ASSIGN(const auto before, BrokerConfig::make(entries));
    KLAMM_TRY(klamm::broker::server::checkListeners(before));
    const auto given = [](const auto& entry) { return entry.first == "listeners" || entry.first == "advertised.listeners"; };
    entries.erase(std::remove_if(entries.begin(), entries.end(), given), entries.end());
    entries.emplace_back("listeners", fmt::format("PLAINTEXT://localhost:{}", *arguments.port));
  }
  if (!arguments.data.empty()) {
    entries.emplace_back("log.dirs", arguments.data);
    entries.emplace_back("metadata.log.dir", "");
  }
  return entries;
}

/// A folder that goes with the process.
class TemporaryFolder {
 public:
  [[nodiscard]] klamm::Status make() {
    std::error_code error;
    const auto base = std::filesystem::temp_directory_path(error);
    std::string name = (error ? std::filesystem::path("/tmp") : base) / "klamm-broker-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return klamm::fail(klamm::ErrorCode::IoFailed, fmt::format("cannot make a temporary folder {}", name));
    path_ = name;
    return {};
  }
  ~TemporaryFolder() {
    if (!path_.empty()) (void)klamm::broker::log::systemDisk().removeAll(path_);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// What a person may type next, on a terminal alone: scripts read standard output, services write logs.
void showNextSteps(const std::string& address) {
  if (::isatty(STDERR_FILENO) != 1) return;
  std::cerr << fmt::format(
      "\nIn another terminal:\n"
      "  klamm topics --bootstrap-server {0} --create --topic orders --partitions 3\n"
      "  klamm console-producer --bootstrap-server {0} --topic orders\n"
      "  klamm console-consumer --bootstrap-server {0} --topic orders --from-beginning\n"
      "Ctrl-C stops the broker.\n\n",
      address);
}

[[nodiscard]] klamm::Status serve(const Arguments& arguments, const klamm::Log& log) {
  KLAMM_TRY_ASSIGN(auto entries, entriesOf(arguments));
  std::vector<std::string> warnings;
  KLAMM_TRY_ASSIGN(auto config, BrokerConfig::make(entries, &warnings));
  for (const std::string& warning : warnings) log.warn("{}", warning);
  TemporaryFolder temporary;
  const bool durable = config.isSet("log.dirs") || config.isSet("log.dir");
  if (!durable) {
    KLAMM_TRY(temporary.make());
    config.set("log.dirs", temporary.path());
    log.info("no data folder given: {} is used and removed at exit", temporary.path());
  }
  allowDescriptors();
  klamm::net::Wakeup stop;
  stopRequested = &stop;
  std::signal(SIGTERM, onSignal);
  std::signal(SIGINT, onSignal);
  std::signal(SIGPIPE, SIG_IGN);

  std::optional<klamm::Error> failed;
  const auto onFailed = [&](klamm::Error error) {
    failed = std::move(error);
    stop.signal();
  };
  KLAMM_TRY_ASSIGN(const auto broker, Broker::start({std::move(config), log, arguments.logRequests, durable, onFailed}));
  std::cout << "ready " << broker->address().toString() << std::endl;
  showNextSteps(broker->address().toString());
  stop.waitUntil(klamm::TimePoint::max());
  log.info("stopping");
  KLAMM_TRY(broker->stop());
  if (failed) return klamm::fail(*failed);
  return {};
}

/// What a person can do who meets this for the first time.
std::string adviceFor(const klamm::Error& error) {
  if (error.context().find(std::strerror(EADDRINUSE)) == std::string::npos) return {};
  return "; another broker may be running (as a service: systemctl status klamm-broker), and --port 0 takes a free port";
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("A Kafka-compatible broker in one process.", "klamm-broker");
  app.footer(kExample);
  app.set_version_flag("--version", std::string("klamm-broker ") + KLAMM_VERSION);
  app.add_option("server.properties", arguments.properties, "Kafka's properties file of a combined node");
  app.add_option("--override", arguments.overrides, "key=value: a setting that goes before the file's; may stand several times")
      ->allow_extra_args(false);
  app.add_option("--port", arguments.port, "listen on 127.0.0.1 and ::1 at this port instead of listeners; 0 picks a free one")
      ->check(CLI::Range(0, 65535));
  app.add_option("--data", arguments.data, "data folder, instead of log.dirs");
  app.add_flag("--log-requests", arguments.logRequests, "one line per request on stderr");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;
    if (asked) return app.exit(error);
    std::cerr << "klamm-broker: " << error.what() << " (see --help)" << std::endl;
    return 1;
  }
  const klamm::Log log = stderrLog();
  if (const klamm::Status served = serve(arguments, log); !served) {
    const klamm::Error& error = served.error();
    std::cerr << "klamm-broker: " << (error.context().empty() ? error.message() : error.context()) << adviceFor(error) << std::endl;
    return 1;
  }
  return 0;
}
