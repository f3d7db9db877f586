// The sender as it is driven in life: by the thread that sends and by the I/O thread at once. The thread sanitizer looks on.

#include <atomic>
#include <thread>

#include "unit/producer/sender_harness.h"

namespace klamm::producer {
namespace {

TEST(SenderThreads, ABatchMayExpireWhileAnotherThreadEncodesIt) {
  constexpr int kBatches = 20;
  ProducerSettings settings;
  settings.linger = 0ms;
  settings.deliveryTimeout = std::chrono::microseconds(200);  // less than a codec needs for a batch
  settings.idempotent = false;
  settings.maxInFlight = kBatches;
  settings.compression = {compress::CompressionType::Gzip, {}};
  klamm::testing::MockNetworkClient network;
  klamm::testing::FakeMetadata metadata;
  const auto random = seededRandom(1);
  Accumulator accumulator(settings, systemClock(), *random);
  Sender sender(accumulator, network, metadata, systemClock(), *random, Log(), [](TimePoint) {});
  metadata.addListener([&](const client::Snapshot& snapshot) { sender.onMetadata(*snapshot); });
  Topic& topic = accumulator.topics().findOrAdd("t");
  metadata.setTopic("t", {1});

  std::atomic<int> told = 0;
  std::atomic<int> toldOfOneRecord = 0;
  std::atomic<bool> isSending = true;
  std::thread ioThread([&] {
    while (isSending) sender.tick();
  });
  std::string value(1'000'000, 'x');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(random->next());
  for (int i = 0; i < kBatches; ++i) {
    SendCallback callback = [&](const RecordMetadata&, const Error& error) {
      ++told;
      if (error.message().find("1 record(s) for t-0 expired") != std::string::npos) ++toldOfOneRecord;
    };
    TimePoint deadline = systemClock().now() + 10s;
    ASSERT_TRUE(accumulator.append(topic, 0, {.topic = "t", .value = asBytes(value)}, callback, deadline));
    sender.drive();
  }
  const TimePoint patience = systemClock().now() + 30s;
  while (told < kBatches && systemClock().now() < patience) std::this_thread::yield();
  isSending = false;
  ioThread.join();
  sender.abort(Error(ErrorCode::Closed, "the test ends"));
  EXPECT_EQ(told, kBatches) << "every callback runs once";
  EXPECT_EQ(toldOfOneRecord, kBatches) << "every batch expires and says how many records it had";
  while (!network.pending().empty()) network.disconnect(1, client::Channel::General, ErrorCode::Closed);
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
  klamm::testing::MockNetworkClient network;
  klamm::testing::FakeMetadata metadata;
  const auto random = seededRandom(1);
  Accumulator accumulator(settings, systemClock(), *random);
  Sender sender(accumulator, network, metadata, systemClock(), *random, Log(), [](TimePoint) {});
  Topic& topic = accumulator.topics().findOrAdd("t");
  metadata.setTopic("t", {1});
  sender.applyTopic(topic, *metadata.snapshot());

  std::atomic<int> told = 0;
  std::atomic<bool> isSending = true;
  std::thread ioThread([&] {
    while (isSending) sender.tick();
  });
  std::string value(50'000, 'x');  // one record each
  for (char& c : value) c = static_cast<char>(random->next());
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&] {
      for (int i = 0; i < kRecords; ++i) {
        SendCallback callback = [&told](const RecordMetadata&, const Error&) { ++told; };
        TimePoint deadline = systemClock().now() + 10s;
        const auto appended = accumulator.append(topic, 0, {.topic = "t", .value = asBytes(value)}, callback, deadline);
        ASSERT_TRUE(appended);
        accumulator.compressFilled(*appended->queue);
      }
    });
  }
  for (std::thread& thread : senders) thread.join();
  isSending = false;
  ioThread.join();
  sender.abort(Error(ErrorCode::Closed, "the test ends"));
  while (!network.pending().empty()) network.disconnect(1, client::Channel::General, ErrorCode::Closed);
  EXPECT_EQ(told, kThreads * kRecords) << "every callback runs once";
}

}  // namespace
}  // namespace klamm::producer
