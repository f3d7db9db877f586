// The sender as it is driven in life: by the thread that sends and by the I/O thread at once. The thread sanitizer looks on.

#include <atomic>
#include <thread>

#include "unit/producer/sender_harness.h"

namespace klamm::producer {
namespace {

/// A sender with an I/O thread of its own beside the thread of the test. Threading: those two.
class DrivenSender {
 public:
  explicit DrivenSender(const ProducerSettings& settings)
      : accumulator(settings, systemClock(), *random),
        sender(accumulator, network, metadata, systemClock(), *random, Log(), [](TimePoint) {}),
        topic(accumulator.topics().findOrAdd("t")) {
    metadata.addListener([this](const client::Snapshot& snapshot) { sender.onMetadata(*snapshot); });
    metadata.setTopic("t", {1});
    sender.applyTopic(topic, *metadata.snapshot());
    ioThread_ = std::thread([this] {
      while (isSending_) sender.tick();
    });
  }
  ~DrivenSender() {
    if (ioThread_.joinable()) stop();
  }
  /// Ends the I/O thread and all that is under way.
  void stop() {
    isSending_ = false;
    ioThread_.join();
    sender.abort(Error(ErrorCode::Closed, "the test ends"));
  }
  void answerAll() {
    while (!network.pending().empty()) network.disconnect(1, client::Channel::General, ErrorCode::Closed);
  }
  /// A value that no codec makes smaller.
  std::string noise(std::size_t size) {
    std::string value(size, 'x');
    for (char& c : value) c = static_cast<char>(random->next());
    return value;
  }
  auto append(std::string_view value, SendCallback callback) {
    TimePoint deadline = systemClock().now() + 10s;
    return accumulator.append(topic, 0, {.topic = "t", .value = asBytes(value)}, callback, deadline);
  }

  klamm::testing::MockNetworkClient network;
  klamm::testing::FakeMetadata metadata;
  const std::unique_ptr<Random> random = seededRandom(1);
  Accumulator accumulator;
  Sender sender;
  Topic& topic;

 private:
  std::atomic<bool> isSending_ = true;
  std::thread ioThread_;
};

TEST(SenderThreads, ABatchMayExpireWhileAnotherThreadEncodesIt) {
  constexpr int kBatches = 20;
  ProducerSettings settings;
  settings.linger = 0ms;
  settings.deliveryTimeout = std::chrono::microseconds(200);  // less than a codec needs for a batch
  settings.idempotent = false;
  settings.maxInFlight = kBatches;
  settings.compression = {compress::CompressionType::Gzip, {}};
  DrivenSender driven(settings);

  std::atomic<int> told = 0;
  std::atomic<int> toldOfOneRecord = 0;
  const std::string value = driven.noise(1'000'000);
  for (int i = 0; i < kBatches; ++i) {
    ASSERT_TRUE(driven.append(value, [&](const RecordMetadata&, const Error& error) {
      ++told;
      if (error.message().find("1 record(s) for t-0 expired") != std::string::npos) ++toldOfOneRecord;
    }));
    driven.sender.drive();
  }
  const TimePoint patience = systemClock().now() + 30s;
  while (told < kBatches && systemClock().now() < patience) std::this_thread::yield();
  driven.stop();
  EXPECT_EQ(told, kBatches) << "every callback runs once";
  EXPECT_EQ(toldOfOneRecord, kBatches) << "every batch expires and says how many records it had";
  driven.answerAll();
  EXPECT_EQ(told, kBatches);
}

TEST(SenderThreads, ABatchMayExpireWhileTheThreadThatFilledItCompressesIt) {
  constexpr int kThreads = 2;
  constexpr int kRecords = 60;
  ProducerSettings settings;
  settings.linger = 10s;
  settings.batchSize = 60'000;
  settings.bufferMemory = 100'000'000;
  settings.deliveryTimeout = std::chrono::microseconds(500);
  settings.idempotent = false;
  settings.compression = {compress::CompressionType::Gzip, {}};
  DrivenSender driven(settings);

  std::atomic<int> told = 0;
  const std::string value = driven.noise(50'000);  // one record in a batch
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&] {
      for (int i = 0; i < kRecords; ++i) {
        const auto appended = driven.append(value, [&told](const RecordMetadata&, const Error&) { ++told; });
        ASSERT_TRUE(appended);
        driven.accumulator.compressFilled(*appended->queue);
      }
    });
  }
  for (std::thread& thread : senders) thread.join();
  driven.stop();
  driven.answerAll();
  EXPECT_EQ(told, kThreads * kRecords) << "every callback runs once";
}

}  // namespace
}  // namespace klamm::producer
