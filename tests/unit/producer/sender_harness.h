#pragma once
// Accumulator and sender with a clock that stands still and a network that the test plays.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "producer/sender.h"
#include "record/batch.h"
#include "support/fake_metadata.h"
#include "support/manual_clock.h"
#include "support/mock_network_client.h"

namespace klamm::producer {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using protocol::InitProducerIdRequest;
using protocol::InitProducerIdResponse;
using protocol::ProduceRequest;
using protocol::ProduceResponse;

/// What one batch in a request holds, as a test wants to look at it.
struct SentBatch {
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t producerId = -1;
  std::int16_t epoch = -1;
  std::int32_t sequence = -1;
  std::vector<std::string> values = {};
};

/// Threading: the test's thread.
class SenderHarness : public ::testing::Test {
 protected:
  using Taken = klamm::testing::MockNetworkClient::Taken<ProduceRequest>;

  ProducerSettings settings = [] {
    ProducerSettings s;
    s.linger = 0ms;
    s.retryBackoff = 100ms;
    return s;
  }();
  klamm::test::ManualClock clock;
  klamm::testing::MockNetworkClient network;
  klamm::testing::FakeMetadata metadata;
  std::unique_ptr<Random> random = seededRandom(42);
  std::unique_ptr<Accumulator> accumulator;
  std::unique_ptr<Sender> sender;
  TimePoint wakeAt = TimePoint::max();
  /// "value@offset" or "value!ERROR_NAME", in the order of the callbacks.
  std::vector<std::string> results;

  void start(const std::vector<client::NodeId>& leaders = {1}) {
    accumulator = std::make_unique<Accumulator>(settings, clock, *random);
    sender = std::make_unique<Sender>(*accumulator, network, metadata, clock, *random, Log(),
                                      [this](TimePoint at) { wakeAt = std::min(wakeAt, at); });
    metadata.addListener([this](const client::Snapshot& snapshot) { sender->onMetadata(*snapshot); });
    static_cast<void>(accumulator->topics().findOrAdd("t"));
    metadata.setTopic("t", leaders);
  }
  void TearDown() override {
    for (Taken& one : lookedAt_) one.fail(ErrorCode::Closed);
    while (!network.pending().empty()) network.disconnect(network.pending().front().node, client::Channel::General, ErrorCode::Closed);
  }

  [[nodiscard]] SendCallback remember(std::string value) {
    return [this, value = std::move(value)](const RecordMetadata& sent, const Error& error) {
      results.push_back(error ? value + "!" + std::string(errorName(error.code())) : value + "@" + std::to_string(sent.offset));
    };
  }
  /// Appends without driving. False when it failed; the callback is told then.
  bool append(const std::string& value, std::int32_t partition = 0, const std::string& topic = "t") {
    SendCallback callback = remember(value);
    TimePoint deadline = clock.now();
    const auto appended = accumulator->append(*accumulator->topics().find(topic), partition,
                                              {.topic = topic, .value = asBytes(value)}, callback, deadline);
    if (!appended) callback({}, appended.error());
    else lastAppended = *appended;
    return appended.has_value();
  }
  void send(const std::string& value, std::int32_t partition = 0, const std::string& topic = "t") {
    if (!append(value, partition, topic)) return;
    if (lastAppended.readyNow) sender->drive();
    else if (lastAppended.newBatch) wakeAt = std::min(wakeAt, TimePoint(Duration(lastAppended.queue->readyAt.load())));
  }
  /// Moves time on and does what the timer would.
  void advance(Duration by) {
    const TimePoint end = clock.now() + by;
    while (wakeAt <= end) {
      if (wakeAt > clock.now()) clock.advance(wakeAt - clock.now());
      wakeAt = TimePoint::max();
      sender->tick();
    }
    clock.advance(end - clock.now());
  }
  void answerProducerId(std::int64_t id = 7000, std::int16_t epoch = 0) {
    auto asked = network.find<InitProducerIdRequest>();
    ASSERT_TRUE(asked) << "nobody asked for a producer id";
    InitProducerIdResponse response;
    response.producerId = id;
    response.producerEpoch = epoch;
    asked.respond(response);
  }
  [[nodiscard]] static std::vector<SentBatch> batchesOf(const Taken& taken) {
    std::vector<SentBatch> batches;
    for (const auto& topic : taken.request.topicData) {
      for (const auto& partition : topic.partitionData) {
        const auto view = record::RecordBatchView::parse(partition.records->buffer());
        EXPECT_TRUE(view && view->checkCrc());
        SentBatch batch{topic.name, partition.index, view->header().producerId, view->header().producerEpoch, view->header().baseSequence, {}};
        auto reader = view->records(1 << 24);
        record::RecordView record;
        while (reader->next(record)) batch.values.emplace_back(asText(*record.value));
        batches.push_back(std::move(batch));
      }
    }
    return batches;
  }
  [[nodiscard]] static SentBatch only(const Taken& taken) {
    auto batches = batchesOf(taken);
    EXPECT_EQ(batches.size(), 1U);
    return batches.empty() ? SentBatch() : batches.front();
  }
  /// Looks at the oldest request, which is to hold one batch, and leaves it without an answer.
  [[nodiscard]] SentBatch next() {
    lookedAt_.push_back(take());
    return only(lookedAt_.back());
  }
  /// An answer to every partition of the request.
  [[nodiscard]] static ProduceResponse answerFor(const Taken& taken, ErrorCode error, std::int64_t baseOffset = 0) {
    ProduceResponse response;
    for (const auto& topic : taken.request.topicData) {
      auto& answered = response.responses.emplace_back();
      answered.name = topic.name;
      answered.topicId = topic.topicId;
      for (const auto& partition : topic.partitionData) {
        auto& one = answered.partitionResponses.emplace_back();
        one.index = partition.index;
        one.errorCode = error;
        one.baseOffset = error == ErrorCode::None ? baseOffset : -1;
      }
    }
    return response;
  }
  static void succeed(Taken&& taken, std::int64_t baseOffset = 0) {
    auto response = answerFor(taken, ErrorCode::None, baseOffset);
    taken.respond(std::move(response));
  }
  static void refuse(Taken&& taken, ErrorCode error) {
    auto response = answerFor(taken, error);
    taken.respond(std::move(response));
  }
  [[nodiscard]] Taken take() { return network.take<ProduceRequest>(); }
  [[nodiscard]] std::size_t waiting() const { return network.pending().size(); }

  Accumulator::Appended lastAppended;

 private:
  std::vector<Taken> lookedAt_;
};

}  // namespace klamm::producer
