// The sender with enable.idempotence: producer ids, sequences, epochs.

#include "unit/producer/sender_harness.h"

namespace klamm::producer {
namespace {

using Strings = std::vector<std::string>;

class IdempotentSender : public SenderHarness {
 protected:
  void startIdempotent(const std::vector<client::NodeId>& leaders = {1}) {
    start(leaders);
    send("warm");
    answerProducerId();
    succeed(take(), 0);
    results.clear();
  }
};

TEST_F(IdempotentSender, SendsNothingBeforeItHasAProducerId) {
  start();
  send("a");
  EXPECT_EQ(waiting(), 1U);
  answerProducerId(7000, 3);
  const SentBatch batch = next();
  EXPECT_EQ(batch.producerId, 7000);
  EXPECT_EQ(batch.epoch, 3);
  EXPECT_EQ(batch.sequence, 0);
}

TEST_F(IdempotentSender, AsksAgainForAProducerIdWhenThatMayPassAndFailsEverythingWhenNot) {
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

TEST_F(IdempotentSender, NumbersBatchesOfAPartitionInTheOrderOfTheirRecords) {
  startIdempotent();
  for (const char* value : {"a", "b", "c"}) send(value);
  EXPECT_EQ(next().sequence, 1);
  EXPECT_EQ(next().sequence, 2);
  EXPECT_EQ(next().sequence, 3);
}

TEST_F(IdempotentSender, KeepsOrderWhenTheFirstOfTwoBatchesIsRetried) {
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

TEST_F(IdempotentSender, SendsTheFirstBatchOfAPartitionAlone) {
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

TEST_F(IdempotentSender, ALostConnectionBringsAllBatchesBackInOrder) {
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

TEST_F(IdempotentSender, ADuplicateIsASuccessWithoutAnOffset) {
  startIdempotent();
  send("a");
  refuse(take(), ErrorCode::DuplicateSequenceNumber);
  EXPECT_EQ(results, Strings{"a@-1"});
  send("b");
  EXPECT_EQ(next().sequence, 2);
}

TEST_F(IdempotentSender, BumpsTheEpochWhenABatchBeforeOthersIsGivenUp) {
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

TEST_F(IdempotentSender, ABatchWhoseAnswerWasLostKeepsItsSequenceWhenALaterOneIsGivenUp) {
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

TEST_F(IdempotentSender, BumpsTheEpochWhenTheBrokerForgotTheProducer) {
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

TEST_F(IdempotentSender, AnotherPartitionGoesOverToTheNewEpochWhenItsBatchesAreAnswered) {
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

TEST_F(IdempotentSender, TwoPartitionsThatTheBrokerForgotBothGoOnUnderANewEpoch) {
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

TEST_F(IdempotentSender, AfterAnExpiryNothingNewIsSentBeforeTheGapIsSettled) {
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

TEST_F(IdempotentSender, TakesANewProducerIdWhenTheEpochsAreUsedUp) {
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

TEST_F(IdempotentSender, SplitBatchesShareTheSequencesOfTheWhole) {
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

TEST_F(IdempotentSender, APartitionLeftOutOfTheAnswerIsTriedAgain) {
  startIdempotent({1, 1});
  send("a", 0);
  take().respond({});
  EXPECT_TRUE(results.empty());
  advance(300ms);
  succeed(take(), 4);
  EXPECT_EQ(results, Strings{"a@4"});
}

TEST_F(IdempotentSender, AnswersForWhatWasNotAskedAreIgnored) {
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

TEST_F(IdempotentSender, AnAnswerThatCannotBeReadIsLikeALostOne) {
  startIdempotent();
  send("a");
  take().fail({ErrorCode::MalformedResponse, "garbage"});
  advance(300ms);
  succeed(take(), 2);
  EXPECT_EQ(results, Strings{"a@2"});
}

TEST_F(IdempotentSender, ANegativeProducerIdIsNotTaken) {
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
