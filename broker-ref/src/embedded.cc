#include <klamm/broker/embedded.h>

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include <klamm/exceptions.h>

#include "base/logging.h"
#include "broker.h"
#include "log/disk.h"

namespace klamm::broker {

struct Embedded::State {
  EmbeddedOptions options;
  Log log;
  std::string folder;
  bool temporary = false;
  std::uint16_t port = 0;
  std::unique_ptr<Broker> broker;

  ~State() {
    if (broker) (void)broker->stop();
    broker.reset();
    if (temporary) (void)log::systemDisk().removeAll(folder);
  }
  void run();
};

namespace {

/// A restart keeps the port that was chosen for a single listener.
[[nodiscard]] std::string withPort(const std::string& listeners, std::uint16_t port) {
  if (!listeners.ends_with(":0") || listeners.find(',') != std::string::npos) return listeners;
  return fmt::format("{}:{}", listeners.substr(0, listeners.size() - 2), port);
}

[[nodiscard]] std::string temporaryFolder() {
  std::error_code error;
  const auto base = std::filesystem::temp_directory_path(error);
  std::string name = (error ? std::filesystem::path("/tmp") : base) / "klamm-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throwError(Error(ErrorCode::IoFailed, fmt::format("cannot make a temporary folder like {}", name)));
  return name;
}

}  // namespace

void Embedded::State::run() {
  config::BrokerConfig::Entries entries{{"listeners", fmt::format("PLAINTEXT://localhost:{}", port)}, {"log.dirs", folder}};
  for (const auto& [key, value] : options.config) entries.emplace_back(key, key == "listeners" ? withPort(value, port) : value);
  std::vector<std::string> warnings;
  auto config = config::BrokerConfig::make(entries, &warnings);
  if (!config) throwError(config.error());
  for (const std::string& warning : warnings) log.warn("{}", warning);
  auto started = Broker::start({*std::move(config), log, options.logRequests, !temporary, {}});
  if (!started) throwError(started.error());
  broker = *std::move(started);
  port = broker->address().port;
}

Embedded::Embedded(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Embedded::~Embedded() = default;
Embedded::Embedded(Embedded&&) noexcept = default;
Embedded& Embedded::operator=(Embedded&&) noexcept = default;

Embedded Embedded::start(EmbeddedOptions options) {
  if (options.brokers != 1) {
    throwError(Error(ErrorCode::InvalidConfig, fmt::format("a cluster of {} brokers cannot be started: one broker is all there is so far", options.brokers)));
  }
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->log = Log(state->options.log);
  state->temporary = state->options.dataFolder.empty();
  state->folder = state->temporary ? temporaryFolder() : state->options.dataFolder;
  state->port = state->options.port;
  state->run();
  return Embedded(std::move(state));
}

std::string Embedded::bootstrapServers() const { return fmt::format("127.0.0.1:{}", state_->port); }
std::uint16_t Embedded::port() const noexcept { return state_->port; }
const std::string& Embedded::dataFolder() const noexcept { return state_->folder; }
bool Embedded::isRunning() const noexcept { return state_->broker != nullptr; }

void Embedded::stop() {
  if (!state_->broker) return;
  const Status stopped = state_->broker->stop();
  state_->broker.reset();
  if (!stopped) throwError(stopped.error());
}

void Embedded::kill() {
  if (!state_->broker) return;
  state_->broker->abandon();
  state_->broker.reset();
}

void Embedded::restart() {
  stop();
  state_->run();
}

}  // namespace klamm::broker
