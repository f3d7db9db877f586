#include "unit/producer/sender_harness.h"

namespace klamm::producer {
namespace {

using ::testing::Test;
using Strings = std::vector<std::string>;

class Sender : public SenderHarness {
 protected:
  void startIdempotent(const std::vector<client::NodeId>& leaders = {1}) {
    start(leaders);
    send("warm");
    answerProducerId();
    succeed(take(), 0);
    results.clear();
  }
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

// ---- Idempotence ---------------------------------------------------------------------------------------------------

TEST_F(Sender, SendsNothingBeforeItHasAProducerId) {
  start();
  send("a");
  EXPECT_EQ(waiting(), 1U);
  answerProducerId(7000, 3);
  const SentBatch batch = next();
  EXPECT_EQ(batch.producerId, 7000);
  EXPECT_EQ(batch.epoch, 3);
  EXPECT_EQ(batch.sequence, 0);
}

TEST_F(Sender, AsksAgainForAProducerIdWhenThatMayPassAndFailsEverythingWhenNot) {
  start();
  send("a");
  network.find<InitProducerIdRequest>().fail(ErrorCode::CoordinatorNotAvailable);
  EXPECT_EQ(waiting(), 0U);
  advance(150ms);
  network.find<InitProducerIdRequest>().fail(ErrorCode::ClusterAuthorizationFailed);
  EXPECT_EQ(results, Strings{"a!CLUSTER_AUTHORIZATION_FAILED"});
  send("b");
  advance(0ms);
  EXPECT_EQ(results.size(), 2U);
}

TEST_F(Sender, NumbersBatchesOfAPartitionInTheOrderOfTheirRecords) {
  startIdempotent();
  for (const char* value : {"a", "b", "c"}) send(value);
  EXPECT_EQ(next().sequence, 1);
  EXPECT_EQ(next().sequence, 2);
  EXPECT_EQ(next().sequence, 3);
}

TEST_F(Sender, KeepsOrderWhenTheFirstOfTwoBatchesIsRetried) {
  startIdempotent();
  send("a");
  send("b");
  auto a = take();
  auto b = take();
  refuse(std::move(a), ErrorCode::NotEnoughReplicas);
  refuse(std::move(b), ErrorCode::OutOfOrderSequenceNumber);
  send("c");
  EXPECT_EQ(waiting(), 0U);
  advance(300ms);
  auto again = take();
  EXPECT_EQ(only(again).values, Strings{"a"});
  EXPECT_EQ(only(again).sequence, 1);
  EXPECT_EQ(waiting(), 0U) << "b waits for a";
  succeed(std::move(again), 1);
  auto second = take();
  EXPECT_EQ(only(second).values, Strings{"b"});
  EXPECT_EQ(only(second).sequence, 2);
  succeed(std::move(second), 2);
  auto third = take();
  EXPECT_EQ(only(third).sequence, 3);
  succeed(std::move(third), 3);
  EXPECT_EQ(results, (Strings{"a@1", "b@2", "c@3"}));
}

TEST_F(Sender, SendsTheFirstBatchOfAPartitionAlone) {
  startIdempotent({1, 1});
  send("a", 1);
  send("b", 1);
  auto a = take();
  EXPECT_EQ(waiting(), 0U) << "a broker that knows no sequence takes b before a";
  refuse(std::move(a), ErrorCode::NotEnoughReplicas);
  advance(300ms);
  a = take();
  EXPECT_EQ(only(a).values, Strings{"a"});
  EXPECT_EQ(waiting(), 0U);
  succeed(std::move(a), 0);
  send("c", 1);
  EXPECT_EQ(next().sequence, 1);
  EXPECT_EQ(next().sequence, 2);
}

TEST_F(Sender, ALostConnectionBringsAllBatchesBackInOrder) {
  startIdempotent();
  for (const char* value : {"a", "b", "c", "d", "e"}) send(value);
  send("f");
  EXPECT_EQ(waiting(), 5U);
  network.disconnect(1, client::Channel::General, ErrorCode::NetworkException);
  advance(2s);
  std::int64_t offset = 1;
  Strings order;
  while (waiting() > 0) {
    auto request = take();
    const SentBatch batch = only(request);
    EXPECT_EQ(batch.sequence, offset);
    order.push_back(batch.values[0]);
    succeed(std::move(request), offset++);
    advance(2s);
  }
  EXPECT_EQ(order, (Strings{"a", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(results, (Strings{"a@1", "b@2", "c@3", "d@4", "e@5", "f@6"}));
}

TEST_F(Sender, ADuplicateIsASuccessWithoutAnOffset) {
  startIdempotent();
  send("a");
  refuse(take(), ErrorCode::DuplicateSequenceNumber);
  EXPECT_EQ(results, Strings{"a@-1"});
  send("b");
  EXPECT_EQ(next().sequence, 2);
}

TEST_F(Sender, BumpsTheEpochWhenABatchBeforeOthersIsGivenUp) {
  startIdempotent();
  send("a");
  send("b");
  auto a = take();
  auto b = take();
  refuse(std::move(a), ErrorCode::InvalidRecord);
  EXPECT_EQ(results, Strings{"a!INVALID_RECORD"});
  refuse(std::move(b), ErrorCode::OutOfOrderSequenceNumber);
  advance(300ms);
  auto again = take();
  EXPECT_EQ(only(again).epoch, 1);
  EXPECT_EQ(only(again).sequence, 0);
  EXPECT_EQ(only(again).values, Strings{"b"});
  succeed(std::move(again), 1);
  EXPECT_EQ(results.back(), "b@1");
}

TEST_F(Sender, ABatchWhoseAnswerWasLostKeepsItsSequenceWhenALaterOneIsGivenUp) {
  startIdempotent();
  for (const char* value : {"b", "x", "c"}) send(value);
  auto b = take();
  auto x = take();
  auto c = take();
  refuse(std::move(x), ErrorCode::InvalidRecord);
  b.fail(ErrorCode::NetworkException);
  refuse(std::move(c), ErrorCode::OutOfOrderSequenceNumber);
  advance(2s);
  auto again = take();
  EXPECT_EQ(only(again).values, Strings{"b"});
  EXPECT_EQ(only(again).epoch, 0) << "it may be stored, and under a new sequence nobody could tell";
  EXPECT_EQ(only(again).sequence, 1);
  EXPECT_EQ(waiting(), 0U);
  succeed(std::move(again), 1);
  advance(2s);
  auto last = take();
  EXPECT_EQ(only(last).values, Strings{"c"});
  EXPECT_EQ(only(last).epoch, 1);
  EXPECT_EQ(only(last).sequence, 0);
  succeed(std::move(last), 2);
  EXPECT_EQ(results, (Strings{"x!INVALID_RECORD", "b@1", "c@2"}));
}

TEST_F(Sender, BumpsTheEpochWhenTheBrokerForgotTheProducer) {
  startIdempotent();
  send("a");
  auto request = take();
  auto response = answerFor(request, ErrorCode::UnknownProducerId);
  response.responses[0].partitionResponses[0].logStartOffset = 100;
  request.respond(response);
  advance(300ms);
  auto again = take();
  EXPECT_EQ(only(again).epoch, 1);
  EXPECT_EQ(only(again).sequence, 0);
  succeed(std::move(again), 100);
  EXPECT_EQ(results, Strings{"a@100"});
}

TEST_F(Sender, AnotherPartitionGoesOverToTheNewEpochWhenItsBatchesAreAnswered) {
  startIdempotent({1, 1});
  send("x", 1);
  auto x = take();
  send("a", 0);
  refuse(take(), ErrorCode::InvalidRecord);
  send("y", 1);
  EXPECT_EQ(waiting(), 0U) << "x is still in flight under the old epoch";
  succeed(std::move(x), 0);
  auto y = take();
  EXPECT_EQ(only(y).epoch, 1);
  EXPECT_EQ(only(y).sequence, 0);
}

TEST_F(Sender, TwoPartitionsThatTheBrokerForgotBothGoOnUnderANewEpoch) {
  startIdempotent({1, 1});
  send("x", 1);
  auto x = take();
  send("a", 0);
  auto a = take();
  refuse(std::move(a), ErrorCode::OutOfOrderSequenceNumber);
  refuse(std::move(x), ErrorCode::OutOfOrderSequenceNumber);
  advance(300ms);
  std::set<std::int32_t> partitions;
  while (waiting() > 0) {
    auto request = take();
    for (const SentBatch& batch : batchesOf(request)) {
      partitions.insert(batch.partition);
      EXPECT_EQ(batch.epoch, 1) << "partition " << batch.partition;
      EXPECT_EQ(batch.sequence, 0) << "partition " << batch.partition;
    }
    succeed(std::move(request), 0);
  }
  EXPECT_EQ(partitions, (std::set<std::int32_t>{0, 1}));
  EXPECT_EQ(results.size(), 2U);
}

TEST_F(Sender, AfterAnExpiryNothingNewIsSentBeforeTheGapIsSettled) {
  settings.deliveryTimeout = 10s;
  startIdempotent();
  send("a");
  take().fail(ErrorCode::NetworkException);
  advance(200ms);
  auto again = take();
  advance(10s);
  EXPECT_EQ(results, Strings{"a!REQUEST_TIMED_OUT"});
  send("b");
  auto b = take();
  EXPECT_EQ(only(b).epoch, 1) << "whether sequence 1 was written is open: a new epoch begins at 0";
  EXPECT_EQ(only(b).sequence, 0);
  again.fail(ErrorCode::NetworkException);
  succeed(std::move(b), 9);
  EXPECT_EQ(results, (Strings{"a!REQUEST_TIMED_OUT", "b@9"}));
}

TEST_F(Sender, TakesANewProducerIdWhenTheEpochsAreUsedUp) {
  start();
  send("warm");
  answerProducerId(7000, 32767);
  succeed(take(), 0);
  send("a");
  refuse(take(), ErrorCode::InvalidRecord);
  send("b");
  answerProducerId(8000, 0);
  const SentBatch batch = next();
  EXPECT_EQ(batch.producerId, 8000);
  EXPECT_EQ(batch.epoch, 0);
  EXPECT_EQ(batch.sequence, 0);
}

TEST_F(Sender, SplitBatchesShareTheSequencesOfTheWhole) {
  settings.linger = 5ms;
  start();
  for (const char* value : {"a", "b", "c", "d"}) send(value + std::string(100, '.'));
  advance(5ms);
  answerProducerId();
  refuse(take(), ErrorCode::MessageTooLarge);
  std::int32_t next = 0;
  for (int guard = 0; guard < 10 && next < 4; ++guard) {
    advance(5ms);
    while (waiting() > 0) {
      auto request = take();
      const SentBatch batch = only(request);
      EXPECT_EQ(batch.sequence, next);
      next += static_cast<std::int32_t>(batch.values.size());
      succeed(std::move(request), batch.sequence);
    }
  }
  EXPECT_EQ(next, 4);
  EXPECT_EQ(results.size(), 4U);
}

// ---- A broker that answers nonsense --------------------------------------------------------------------------------

TEST_F(Sender, APartitionLeftOutOfTheAnswerIsTriedAgain) {
  startIdempotent({1, 1});
  send("a", 0);
  take().respond({});
  EXPECT_TRUE(results.empty());
  advance(300ms);
  succeed(take(), 4);
  EXPECT_EQ(results, Strings{"a@4"});
}

TEST_F(Sender, AnswersForWhatWasNotAskedAreIgnored) {
  startIdempotent();
  send("a");
  auto request = take();
  auto response = answerFor(request, ErrorCode::None, 8);
  auto twice = response.responses[0];
  response.responses.push_back(twice);
  twice.name = "someone else's";
  twice.partitionResponses[0].index = -5;
  response.responses.push_back(twice);
  request.respond(response);
  EXPECT_EQ(results, Strings{"a@8"});
}

TEST_F(Sender, AnAnswerThatCannotBeReadIsLikeALostOne) {
  startIdempotent();
  send("a");
  take().fail({ErrorCode::MalformedResponse, "garbage"});
  advance(300ms);
  succeed(take(), 2);
  EXPECT_EQ(results, Strings{"a@2"});
}

TEST_F(Sender, ANegativeProducerIdIsNotTaken) {
  start();
  send("a");
  answerProducerId(-5, 0);
  EXPECT_EQ(waiting(), 0U);
  advance(300ms);
  answerProducerId(1, 0);
  EXPECT_EQ(next().producerId, 1);
}

}  // namespace
}  // namespace klamm::producer
