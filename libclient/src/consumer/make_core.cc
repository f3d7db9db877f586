// A consumer over a real network client.

#include <utility>

#include "client/client.h"
#include "client/config_table.h"
#include "consumer/core.h"

namespace klamm::consumer {
namespace {

/// The client's I/O thread runs the engine. Threading: see EngineThread.
class ClientThread final : public EngineThread {
 public:
  ClientThread(std::unique_ptr<client::Client> client, const ConsumerSettings& settings, ConsumerShared& shared)
      : client_(std::move(client)),
        settings_(settings),
        engine_(settings_, shared,
                EngineParts{client_->network(), client_->metadata(), client_->coordinators(), client_->loop().clock(), systemRandom(), client_->log(),
                            [this](TimePoint when) { wakeAt(when); }}) {}
  ~ClientThread() override { stop(); }

  Engine& engine() override { return engine_; }
  client::Metadata& metadata() override { return client_->metadata(); }
  const Clock& clock() const override { return client_->loop().clock(); }
  bool post(net::Task task) override { return client_->loop().post(std::move(task)); }
  void stop() override { client_->close(); }

 private:
  void wakeAt(TimePoint when) {
    if (when == wakeAt_ && timer_ != 0) return;
    if (timer_ != 0) client_->loop().cancel(std::exchange(timer_, 0));
    wakeAt_ = when;
    if (when == TimePoint::max()) return;
    timer_ = client_->loop().schedule(when, [this] {
      timer_ = 0;
      engine_.run();
    });
  }

  std::unique_ptr<client::Client> client_;
  const ConsumerSettings settings_;
  net::TimerId timer_ = 0;
  TimePoint wakeAt_ = TimePoint::max();
  Engine engine_;  // goes first: the client outlives it, its thread has ended by then
};

}  // namespace
}  // namespace klamm::consumer

namespace klamm::detail {

std::unique_ptr<ConsumerCore> makeConsumerCore(const Config& config, Error& error) {
  const Log log = client::logOf(config);
  if (auto checked = client::checkConfig(config, ClientKind::Consumer, log); !checked) {
    error = checked.error();
    return nullptr;
  }
  auto settings = consumer::ConsumerSettings::from(config);
  if (!settings) {
    error = settings.error();
    return nullptr;
  }
  auto client = client::Client::start(settings->client, log);
  if (!client) {
    error = client.error();
    return nullptr;
  }
  auto shared = std::make_unique<consumer::ConsumerShared>(settings->reset, (*client)->loop().clock());
  auto thread = std::make_unique<consumer::ClientThread>(std::move(*client), *settings, *shared);
  return std::make_unique<consumer::Core>(std::move(*settings), std::move(shared), std::move(thread));
}

}  // namespace klamm::detail
