#include "unit/producer/sender_harness.h"

namespace klamm::producer {
namespace {

using Strings = std::vector<std::string>;

class Sender : public SenderHarness {
 protected:
  void startPlain(const std::vector<client::NodeId>& leaders = {1}) {
    settings.idempotent = false;
    start(leaders);
  }
};

TEST_F(Sender, SendsARecordAtOnceWhenNothingLingers) {
  startPlain();
  send("a");
  auto request = take();
  EXPECT_EQ(request.node, 1);
  EXPECT_EQ(request.request.acks, -1);
  EXPECT_EQ(only(request).values, Strings{"a"});
  succeed(std::move(request), 41);
  EXPECT_EQ(results, Strings{"a@41"});
}

TEST_F(Sender, LingersAndSendsWhatHasComeInOneBatch) {
  settings.linger = 5ms;
  startPlain();
  send("a");
  advance(4ms);
  send("b");
  EXPECT_EQ(waiting(), 0U);
  advance(1ms);
  auto request = take();
  EXPECT_EQ(only(request).values, (Strings{"a", "b"}));
  succeed(std::move(request), 10);
  EXPECT_EQ(results, (Strings{"a@10", "b@11"}));
}

TEST_F(Sender, SendsAFullBatchWithoutLingering) {
  settings.linger = 1s;
  settings.batchSize = 300;
  startPlain();
  send(std::string(150, 'x'));
  EXPECT_EQ(waiting(), 0U);
  send(std::string(150, 'y'));
  EXPECT_EQ(next().values, Strings{std::string(150, 'x')});
}

TEST_F(Sender, AFlushSendsWithoutLingering) {
  settings.linger = 1s;
  startPlain();
  send("a");
  accumulator->beginHurry();
  sender->drive();
  accumulator->endHurry();
  EXPECT_EQ(next().values, Strings{"a"});
}

TEST_F(Sender, KeepsAtMostMaxInFlightRequestsPerBroker) {
  settings.maxInFlight = 2;
  startPlain({1, 2});
  for (const char* value : {"a", "b", "c", "d"}) send(value, 0);
  EXPECT_EQ(waiting(), 2U);
  send("other broker", 1);
  EXPECT_EQ(waiting(), 3U);
  succeed(take());
  EXPECT_EQ(waiting(), 3U) << "the answer makes room, and what waited leaves in one batch";
  static_cast<void>(next());
  static_cast<void>(next());
  EXPECT_EQ(next().values, (Strings{"c", "d"}));
}

TEST_F(Sender, PutsBatchesOfSeveralPartitionsIntoOneRequest) {
  settings.linger = 5ms;
  startPlain({1, 1, 2});
  for (std::int32_t partition : {0, 1, 2}) send("v" + std::to_string(partition), partition);
  advance(5ms);
  EXPECT_EQ(waiting(), 2U);
  auto first = take();
  auto second = take();
  EXPECT_EQ(batchesOf(first).size() + batchesOf(second).size(), 3U);
  succeed(std::move(first));
  succeed(std::move(second));
}

TEST_F(Sender, ARequestStaysBelowMaxRequestSizeButTakesOneBatchAnyway) {
  settings.linger = 5ms;
  settings.batchSize = 2000;
  settings.maxRequestSize = 2600;
  startPlain({1, 1, 1});
  for (std::int32_t partition : {0, 1, 2}) send(std::string(1200, 'x'), partition);
  advance(5ms);
  EXPECT_EQ(waiting(), 3U);
}

TEST_F(Sender, ConnectsWithOneRequestWhileTheBrokerIsNotReady) {
  startPlain();
  network.setReady(1, false);
  send("a");
  send("b");
  EXPECT_EQ(waiting(), 1U);
  network.setReady(1, true);
  succeed(take());
  EXPECT_EQ(next().values, Strings{"b"});
}

TEST_F(Sender, WaitsForTheReconnectBackoffAndForThrottling) {
  startPlain();
  network.setStatus(1, client::Channel::General, {.retryAt = clock.now() + 50ms});
  send("a");
  EXPECT_EQ(waiting(), 0U);
  network.setStatus(1, client::Channel::General, {.ready = true, .throttledUntil = clock.now() + 80ms});
  advance(50ms);
  EXPECT_EQ(waiting(), 0U);
  advance(30ms);
  EXPECT_EQ(next().values, Strings{"a"});
}

TEST_F(Sender, WithoutAnAnswerExpectedTheOffsetIsUnknown) {
  settings.acks = Acks::None;
  startPlain();
  send("a");
  auto request = take();
  EXPECT_FALSE(request.options().expectsResponse);
  request.respond({});
  EXPECT_EQ(results, Strings{"a@-1"});
}

TEST_F(Sender, RetriesWithBackoffAndReportsOnce) {
  startPlain();
  send("a");
  refuse(take(), ErrorCode::NotEnoughReplicas);
  EXPECT_EQ(waiting(), 0U);
  advance(79ms);
  EXPECT_EQ(waiting(), 0U) << "100 ms less 20 % of chance";
  advance(41ms);
  succeed(take(), 3);
  EXPECT_EQ(results, Strings{"a@3"});
}

TEST_F(Sender, GivesUpAfterTheLastRetry) {
  settings.retries = 1;
  startPlain();
  send("a");
  take().fail(ErrorCode::NetworkException);
  advance(200ms);
  take().fail(ErrorCode::NetworkException);
  EXPECT_EQ(results, Strings{"a!NETWORK_EXCEPTION"});
}

TEST_F(Sender, CountsEveryRecordWhetherOrNotSomebodyWaitsForIt) {
  settings.retries = 1;
  settings.linger = 5ms;
  startPlain();
  const auto sendTwo = [this](const std::string& value) {
    send(value);
    SendCallback none;
    TimePoint deadline = clock.now();
    ASSERT_TRUE(accumulator->append(*accumulator->topics().find("t"), 0, {.topic = "t", .value = asBytes(value)}, none, deadline));
    advance(5ms);
  };
  sendTwo("a");
  succeed(take());
  EXPECT_EQ(sender->metrics().sent, 2U);
  EXPECT_EQ(sender->metrics().errors, 0U);
  sendTwo("b");
  refuse(take(), ErrorCode::NotLeaderOrFollower);
  advance(200ms);
  refuse(take(), ErrorCode::NotLeaderOrFollower);
  const SendMetrics metrics = sender->metrics();
  EXPECT_EQ(metrics.retries, 2U);
  EXPECT_EQ(metrics.errors, 2U) << "one of them without a callback";
  EXPECT_EQ(metrics.sent, 6U) << "each attempt counts, as in Kafka";
  EXPECT_EQ(metrics.requestRecords.average(), 2.0);
}

TEST_F(Sender, CountsWhatExpiresBeforeItWasSent) {
  startPlain({-1});
  send("a");
  send("b");
  advance(settings.deliveryTimeout);
  EXPECT_EQ(results.size(), 2U);
  EXPECT_EQ(sender->metrics().errors, 2U);
  EXPECT_EQ(sender->metrics().sent, 0U);
}

TEST_F(Sender, DoesNotRetryWhatCannotPass) {
  startPlain();
  send("a");
  refuse(take(), ErrorCode::TopicAuthorizationFailed);
  EXPECT_EQ(results, Strings{"a!TOPIC_AUTHORIZATION_FAILED"});
}

TEST_F(Sender, AsksForMetadataAndGoesToTheNewLeaderWithoutBackoff) {
  startPlain({1});
  send("a");
  auto request = take();
  metadata.setTopic("t", {2}, 1);
  refuse(std::move(request), ErrorCode::NotLeaderOrFollower);
  EXPECT_GE(metadata.updatesRequested, 1);
  auto second = take();
  EXPECT_EQ(second.node, 2);
  succeed(std::move(second));
  EXPECT_EQ(results, Strings{"a@0"});
}

TEST_F(Sender, PassesOnTheLeaderThatAnAnswerNames) {
  startPlain({1});
  send("a");
  auto request = take();
  auto response = answerFor(request, ErrorCode::NotLeaderOrFollower);
  response.responses[0].partitionResponses[0].currentLeader.leaderId = 5;
  response.responses[0].partitionResponses[0].currentLeader.leaderEpoch = 9;
  request.respond(response);
  ASSERT_EQ(metadata.hints.size(), 1U);
  EXPECT_EQ(metadata.hints[0].topic, "t");
  EXPECT_EQ(metadata.hints[0].leader, 5);
  EXPECT_EQ(metadata.hints[0].leaderEpoch, 9);
}

TEST_F(Sender, WithOneInFlightARetriedBatchIsNotOvertakenEvenByAnotherLeader) {
  settings.maxInFlight = 1;
  startPlain({1});
  send("a");
  send("b");
  auto first = take();
  metadata.setTopic("t", {2}, 1);
  sender->drive();
  EXPECT_EQ(waiting(), 0U) << "the partition is muted while its batch is in flight";
  refuse(std::move(first), ErrorCode::NotLeaderOrFollower);
  auto again = take();
  EXPECT_EQ(only(again).values, Strings{"a"});
  succeed(std::move(again));
  EXPECT_EQ(next().values, Strings{"b"});
}

TEST_F(Sender, ExpiresABatchThatWaitedForALeader) {
  startPlain({-1});
  send("a");
  advance(settings.deliveryTimeout - 1ms);
  EXPECT_TRUE(results.empty());
  advance(1ms);
  EXPECT_EQ(results, Strings{"a!REQUEST_TIMED_OUT"});
  EXPECT_TRUE(accumulator->outstanding().empty());
}

TEST_F(Sender, ABatchThatExpiresInFlightKeepsItsBytesUntilTheConnectionIsDoneWithThem) {
  settings.batchSize = 1000;
  settings.bufferMemory = 1000;
  startPlain();
  send("a");
  auto request = take();
  const Buffer onTheWire = request.request.topicData[0].partitionData[0].records->buffer();
  const std::vector<std::byte> before(onTheWire.view().begin(), onTheWire.view().end());
  advance(settings.deliveryTimeout);
  EXPECT_EQ(results, Strings{"a!REQUEST_TIMED_OUT"});
  EXPECT_EQ(accumulator->pool().available(), 0) << "the memory counts as used";
  EXPECT_FALSE(append("b")) << "and nobody else gets it";
  EXPECT_EQ(std::vector<std::byte>(onTheWire.view().begin(), onTheWire.view().end()), before);
  succeed(std::move(request), 5);
  EXPECT_EQ(results, (Strings{"a!REQUEST_TIMED_OUT", "b!BUFFER_EXHAUSTED"})) << "the late answer reports nothing again";
}

TEST_F(Sender, ABatchThatExpiredBeforeItsConnectionWasMadeIsNotWrittenAnyMore) {
  startPlain();
  network.setReady(1, false);
  send("a");
  advance(settings.deliveryTimeout);
  EXPECT_EQ(results, Strings{"a!REQUEST_TIMED_OUT"});
  auto request = take();
  EXPECT_TRUE(request.request.topicData.empty());
  request.respond({});
}

TEST_F(Sender, SplitsABatchThatTheBrokerFindsTooLarge) {
  settings.linger = 5ms;
  startPlain();
  for (const char* value : {"a", "b", "c", "d"}) send(value + std::string(100, '.'));
  advance(5ms);
  refuse(take(), ErrorCode::MessageTooLarge);
  advance(5ms);
  std::size_t records = 0;
  std::int64_t offset = 0;
  while (waiting() > 0) {
    auto request = take();
    const std::size_t count = only(request).values.size();
    EXPECT_LE(count, 2U);
    records += count;
    succeed(std::move(request), offset);
    offset += static_cast<std::int64_t>(count);
  }
  EXPECT_EQ(records, 4U);
  ASSERT_EQ(results.size(), 4U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(results[static_cast<std::size_t>(i)].ends_with("@" + std::to_string(i)));
  EXPECT_TRUE(accumulator->outstanding().empty());
}

TEST_F(Sender, ARecordThatIsTooLargeByItselfFails) {
  startPlain();
  send("a");
  refuse(take(), ErrorCode::MessageTooLarge);
  EXPECT_EQ(results, Strings{"a!MESSAGE_TOO_LARGE"});
}

TEST_F(Sender, TellsWhichRecordOfABatchWasNotValid) {
  settings.linger = 5ms;
  startPlain();
  send("good");
  send("bad");
  advance(5ms);
  auto request = take();
  auto response = answerFor(request, ErrorCode::InvalidRecord);
  response.responses[0].partitionResponses[0].recordErrors = {{.batchIndex = 1, .batchIndexErrorMessage = "no key"}};
  request.respond(response);
  EXPECT_EQ(results, (Strings{"good!INVALID_RECORD", "bad!INVALID_RECORD"}));
}

TEST_F(Sender, TheOnlyRecordAtFaultHasTheErrorOfTheBatch) {
  startPlain();
  send("old");
  auto request = take();
  auto response = answerFor(request, ErrorCode::InvalidTimestamp);
  response.responses[0].partitionResponses[0].recordErrors = {{.batchIndex = 0, .batchIndexErrorMessage = "too old"}};
  request.respond(response);
  EXPECT_EQ(results, Strings{"old!INVALID_TIMESTAMP"});
}

TEST_F(Sender, ABatchThatCompressesWellGrowsNoMoreOnceTheMemoryIsUsedUp) {
  settings.compression = {compress::CompressionType::Gzip, {}};
  settings.batchSize = 1000;
  settings.bufferMemory = 4000;
  settings.linger = 10s;
  startPlain();
  accumulator->topics().find("t")->ratio.store(0.01F);
  std::size_t taken = 0;
  while (taken < 100 && append(std::string(300, 'a'))) ++taken;
  EXPECT_GT(taken, 9U);
  EXPECT_LT(taken, 14U);
  EXPECT_EQ(accumulator->pool().available(), 0);
  accumulator->beginHurry();
  sender->drive();
  accumulator->endHurry();
  EXPECT_EQ(next().values.size(), taken);
}

TEST_F(Sender, WhoFillsBatchesFasterThanTheyAreCompressedCompressesOne) {
  settings.compression = {compress::CompressionType::Gzip, {}};
  settings.batchSize = 1000;
  settings.linger = 10s;
  startPlain();
  const auto compressed = [this] {
    std::vector<bool> is;
    const MutexLock lock(lastAppended.queue->mutex);
    for (const auto& batch : lastAppended.queue->batches) is.push_back(batch->builder.isCompressed());
    return is;
  };
  const std::string values[] = {std::string(800, 'a'), std::string(800, 'b'), std::string(800, 'c'), std::string(800, 'd')};
  ASSERT_TRUE(append(values[0]) && append(values[1]));
  EXPECT_FALSE(accumulator->compressFilled(*lastAppended.queue)) << "the I/O thread is about to take it";
  ASSERT_TRUE(append(values[2]));
  EXPECT_TRUE(accumulator->compressFilled(*lastAppended.queue));
  EXPECT_EQ(compressed(), (std::vector<bool>{false, true, false}));
  EXPECT_FALSE(accumulator->compressFilled(*lastAppended.queue)) << "one waits again";
  ASSERT_TRUE(append(values[3]));
  accumulator->beginHurry();
  sender->drive();
  accumulator->endHurry();
  for (const std::string& value : values) EXPECT_EQ(next().values, Strings{value});
  EXPECT_EQ(accumulator->pool().available(), static_cast<std::int64_t>(settings.bufferMemory) - 4 * 1000) << "counted until they are answered";
}

TEST_F(Sender, AbortFailsEverythingInOrder) {
  settings.maxInFlight = 1;
  startPlain();
  for (const char* value : {"a", "b", "c"}) send(value);
  sender->abort({ErrorCode::Closed});
  EXPECT_EQ(results, (Strings{"a!CLOSED", "b!CLOSED", "c!CLOSED"}));
  EXPECT_TRUE(accumulator->outstanding().empty());
}

TEST_F(Sender, ACallbackMaySendAndWhatItThrowsDoesNoHarm) {
  startPlain();
  SendCallback callback = [this](const RecordMetadata&, const Error&) {
    send("from the callback");
    throw std::runtime_error("oops");
  };
  TimePoint deadline = clock.now();
  ASSERT_TRUE(accumulator->append(*accumulator->topics().find("t"), 0, {.topic = "t"}, callback, deadline));
  sender->drive();
  auto request = network.take<ProduceRequest>();
  auto response = answerFor(request, ErrorCode::None);
  request.respond(response);
  EXPECT_EQ(next().values, Strings{"from the callback"});
}

}  // namespace
}  // namespace klamm::producer
