#include "client/client.h"

#include <pthread.h>

#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "base/random.h"
#include "client/coordinator_driver.h"
#include "client/metadata_driver.h"
#include "client/socket_network_client.h"

namespace klamm::client {
namespace {

/// Parts in the order in which they may rest on one another: destroyed the other way round.
class IoClient final : public Client {
 public:
  IoClient(ClientSettings settings, Log log) : settings_(std::move(settings)), log_(std::move(log)) {}
  ~IoClient() override { IoClient::close(); }

  Status start() {
    try {
      thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), settings_.threadName.substr(0, 15).c_str());
        loop_->run();
      });
    } catch (const std::system_error& error) {
      return fail(ErrorCode::IoFailed, std::string("starting the I/O thread: ") + error.what());
    }
    return {};
  }

  const ClientSettings& settings() const override { return settings_; }
  const Log& log() const override { return log_; }
  net::Loop& loop() override { return *loop_; }
  NetworkClient& network() override { return network_; }
  Metadata& metadata() override { return metadata_; }
  CoordinatorFinder& coordinators() override { return coordinators_; }

  void close() override {
    if (!thread_.joinable()) return;
    loop_->post([this] {
      metadata_.shutDown();
      coordinators_.shutDown();
      network_.shutDown();
      // One turn later: what the callbacks above have posted still runs.
      loop_->post([this] { loop_->stop(); });
    });
    thread_.join();
  }

 private:
  const ClientSettings settings_;
  const Log log_;
  std::unique_ptr<net::Loop> loop_ = net::makeLoop();
  std::unique_ptr<net::Transport> transport_ = net::makeTransport(*loop_, log_);
  SocketNetworkClient network_{settings_, *transport_, systemRandom(), log_};
  MetadataDriver metadata_{settings_, *loop_, network_, systemRandom(), log_};
  CoordinatorDriver coordinators_{settings_, *loop_, network_, systemRandom(), log_};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::start(ClientSettings settings, Log log) {
  auto client = std::make_unique<IoClient>(std::move(settings), std::move(log));
  KLAMM_TRY(client->start());
  return client;
}

}  // namespace klamm::client
