#pragma once
// A producer core on a real loop with its thread, above a network that the test plays.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "client/client.h"
#include "net/transport.h"
#include "producer/core.h"
#include "protocol/00_produce.h"
#include "protocol/22_init_producer_id.h"
#include "support/fake_metadata.h"

namespace klamm::producer {

/// Answers every Produce at once, from the loop, or holds all back while `hold` is set.
/// Threading: as NetworkClient.
class AnsweringNetwork final : public client::NetworkClient {
 public:
  explicit AnsweringNetwork(net::Loop& loop) : loop_(loop) {}

  std::atomic<bool> hold = false;
  std::atomic<std::size_t> requests = 0;

  void submit(client::NodeId, client::Channel, std::unique_ptr<client::Call> call) override {
    const auto held = std::make_shared<std::unique_ptr<client::Call>>(std::move(call));
    if (!loop_.post([this, held] { answer(std::move(*held)); }) && *held != nullptr) (*held)->fail(ErrorCode::Closed);
  }
  void answerHeld() {
    hold = false;
    loop_.post([this] {
      for (auto& call : std::exchange(held_, {})) answer(std::move(call));
    });
  }
  /// On the loop's thread.
  void failHeld(ErrorCode error) {
    for (auto& call : std::exchange(held_, {})) call->fail(error);
  }
  void learn(const std::vector<Node>&) override {}
  void retain(const std::vector<Node>&) override {}
  void rebootstrap() override {}
  [[nodiscard]] std::optional<Node> node(client::NodeId) const override { return std::nullopt; }
  [[nodiscard]] client::ConnectionStatus status(client::NodeId, client::Channel) const override { return {.ready = true}; }
  void connect(client::NodeId, client::Channel) override {}
  void disconnect(client::NodeId, client::Channel, Error) override {}
  [[nodiscard]] std::optional<Result<std::int16_t>> version(client::NodeId, protocol::ApiKey) const override { return std::nullopt; }

 private:
  void answer(std::unique_ptr<client::Call> call) {
    if (auto* id = dynamic_cast<client::TypedCall<protocol::InitProducerIdRequest>*>(call.get())) {
      protocol::InitProducerIdResponse response;
      response.producerId = 5;
      return id->succeed(std::move(response));
    }
    if (hold) return held_.push_back(std::move(call));
    ++requests;
    auto& produce = dynamic_cast<client::TypedCall<protocol::ProduceRequest>&>(*call);
    protocol::ProduceResponse response;
    const auto request = produce.request(12);
    for (const auto& topic : (*request)->topicData) {
      auto& answered = response.responses.emplace_back();
      answered.name = topic.name;
      for (const auto& partition : topic.partitionData) answered.partitionResponses.emplace_back().index = partition.index;
    }
    produce.succeed(std::move(response));
  }

  net::Loop& loop_;
  std::vector<std::unique_ptr<client::Call>> held_;
};

/// Threading: as Client.
class LoopClient final : public client::Client {
 public:
  ~LoopClient() override { close(); }
  [[nodiscard]] const client::ClientSettings& settings() const override { return settings_; }
  [[nodiscard]] const Log& log() const override { return log_; }
  [[nodiscard]] net::Loop& loop() override { return *loop_; }
  [[nodiscard]] AnsweringNetwork& network() override { return network_; }
  [[nodiscard]] klamm::testing::FakeMetadata& metadata() override { return metadata_; }
  [[nodiscard]] client::CoordinatorFinder& coordinators() override { return coordinators_; }
  void close() override {
    if (!thread_.joinable()) return;
    loop_->post([this] { network_.failHeld(ErrorCode::Closed); });
    loop_->post([this] { loop_->stop(); });
    thread_.join();
  }

 private:
  struct NoCoordinators final : client::CoordinatorFinder {
    void find(client::CoordinatorType, std::string_view, TimePoint, Callback callback) override { callback(fail(ErrorCode::Closed)); }
    [[nodiscard]] std::optional<client::NodeId> known(client::CoordinatorType, std::string_view) const override { return std::nullopt; }
    void markUnknown(client::CoordinatorType, std::string_view, client::NodeId) override {}
  };
  client::ClientSettings settings_;
  Log log_;
  std::unique_ptr<net::Loop> loop_ = net::makeLoop();
  AnsweringNetwork network_{*loop_};
  klamm::testing::FakeMetadata metadata_;
  NoCoordinators coordinators_;
  std::thread thread_{[this] { loop_->run(); }};
};

}  // namespace klamm::producer
