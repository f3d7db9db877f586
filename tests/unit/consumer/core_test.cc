#include "core_bench.h"

#include <cmath>
#include <thread>

namespace klamm::consumer {
namespace {

using namespace std::chrono_literals;
using Offsets = std::vector<std::int64_t>;

const TopicPartition kT0{"t", 0};

/// Notes what it is told. Threading: the test's thread.
struct Listener final : RebalanceListener {
  void onPartitionsRevoked(const TopicPartitions& partitions) override {
    note("revoked", partitions);
    if (inRevoked) inRevoked();
  }
  void onPartitionsAssigned(const TopicPartitions& partitions) override { note("assigned", partitions); }
  void onPartitionsLost(const TopicPartitions& partitions) override { note("lost", partitions); }
  void note(const char* what, const TopicPartitions& partitions) {
    std::string line = what;
    for (const TopicPartition& partition : partitions) line += " " + partition.toString();
    lines.push_back(line);
  }
  std::vector<std::string> lines;
  std::function<void()> inRevoked;
};

ConsumerSettings earliest() {
  ConsumerSettings settings;
  settings.reset.kind = ResetPolicy::Kind::Earliest;
  return settings;
}

ConsumerSettings withReset(ResetPolicy::Kind kind) {
  ConsumerSettings settings;
  settings.reset.kind = kind;
  return settings;
}

TEST(ConsumerCore, ReadsAnAssignedPartitionFromWhereItsPolicySays) {
  for (const auto& [kind, expected] : std::vector<std::pair<ResetPolicy::Kind, Offsets>>{{ResetPolicy::Kind::Earliest, {0, 1, 2}}, {ResetPolicy::Kind::Latest, {}}}) {
    CoreBench bench(withReset(kind), false);
    bench.broker.append(kT0, 3);
    ASSERT_FALSE(bench.core->assign({kT0}));
    EXPECT_EQ(bench.poll(), expected);
    bench.broker.append(kT0, 1);
    bench.run();
    EXPECT_EQ(bench.poll(), Offsets{3});
    std::int64_t position = 0;
    ASSERT_FALSE(bench.core->position(kT0, {}, position));
    EXPECT_EQ(position, 4);
    std::optional<std::int64_t> lag;
    ASSERT_FALSE(bench.core->currentLag(kT0, lag));
    EXPECT_EQ(lag, 0);
  }
}

TEST(ConsumerCore, PolicyNoneThrowsUntilTheApplicationSeeks) {
  CoreBench bench(withReset(ResetPolicy::Kind::None), false);
  bench.broker.append(kT0, 3);
  ASSERT_FALSE(bench.core->assign({kT0}));
  EXPECT_EQ(bench.pollError().code(), ErrorCode::NoOffsetForPartition);
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 1}));
  EXPECT_EQ(bench.poll(), (Offsets{1, 2}));
}

TEST(ConsumerCore, ASeekBeforeThePollAnswersTheMissingOffset) {
  CoreBench bench(withReset(ResetPolicy::Kind::None), false);
  bench.broker.append(kT0, 3);
  ASSERT_FALSE(bench.core->assign({kT0}));
  bench.run();  // the I/O thread has found no offset by now
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 1}));
  EXPECT_EQ(bench.poll(), (Offsets{1, 2}));
}

TEST(ConsumerCore, GivesAtMostMaxPollRecordsAndGoesOnBehindThem) {
  ConsumerSettings settings = earliest();
  settings.maxPollRecords = 4;
  CoreBench bench(settings, false);
  bench.broker.append(kT0, 3);
  bench.broker.append(kT0, 3);
  ASSERT_FALSE(bench.core->assign({kT0}));
  EXPECT_EQ(bench.poll(), (Offsets{0, 1, 2, 3}));
  EXPECT_EQ(bench.poll(), (Offsets{4, 5}));
  EXPECT_TRUE(bench.poll().empty());
}

TEST(ConsumerCore, CountsWhatPollReturnedAndWhatItFetched) {
  CoreBench bench(earliest(), false);
  const auto metric = [&](const std::string& name) {
    Metrics metrics;
    EXPECT_FALSE(bench.core->metrics(metrics));
    for (const Metric& one : metrics) {
      if (one.name == name) return one.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return -1.0;
  };
  EXPECT_TRUE(std::isnan(metric("fetch-latency-avg")));
  bench.broker.append(kT0, 5);
  ASSERT_FALSE(bench.core->assign({kT0}));
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 2}));
  bench.expireFetches();
  EXPECT_EQ(bench.poll(), (Offsets{2, 3, 4}));
  EXPECT_EQ(metric("records-consumed-total"), 3.0);
  EXPECT_GT(metric("bytes-consumed-total"), 0.0);
  EXPECT_GE(metric("fetch-total"), 1.0);
  EXPECT_GT(metric("fetch-size-avg"), metric("bytes-consumed-total")) << "two records before the position and the header of the batch";
  EXPECT_EQ(metric("assigned-partitions"), 1.0);
}

TEST(ConsumerCore, SeekDropsWhatWasFetchedAhead) {
  CoreBench bench(earliest(), false);
  bench.broker.append(kT0, 5);
  ASSERT_FALSE(bench.core->assign({kT0}));
  bench.run();
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 3}));
  EXPECT_TRUE(bench.poll().empty());
  bench.expireFetches();
  EXPECT_EQ(bench.poll(), (Offsets{3, 4}));
  ASSERT_FALSE(bench.core->seekToBeginning({}));
  bench.expireFetches();
  EXPECT_EQ(bench.poll(), (Offsets{0, 1, 2, 3, 4}));
  ASSERT_FALSE(bench.core->seekToEnd({kT0}));
  EXPECT_TRUE(bench.poll().empty());
  EXPECT_EQ(bench.core->seek({"t", 1}, {.offset = 0}).code(), ErrorCode::IllegalState);
  EXPECT_EQ(bench.core->seek(kT0, {.offset = -1}).code(), ErrorCode::IllegalArgument);
}

TEST(ConsumerCore, APausedPartitionKeepsWhatWasFetched) {
  CoreBench bench(earliest(), false);
  bench.broker.append(kT0, 2);
  bench.broker.append({"t", 1}, 1);
  ASSERT_FALSE(bench.core->assign({kT0, {"t", 1}}));
  bench.run();
  ASSERT_FALSE(bench.core->pause({kT0}));
  EXPECT_EQ(bench.poll(), Offsets{0});  // of t-1
  EXPECT_TRUE(bench.poll().empty());
  bench.broker.logs.clear();
  ASSERT_FALSE(bench.core->resume({kT0}));
  EXPECT_EQ(bench.poll(), (Offsets{0, 1})) << "from memory: the broker has nothing any more";
}

TEST(ConsumerCore, ResetsWhenTheOffsetIsOutOfRange) {
  CoreBench bench(earliest(), false);
  bench.broker.append(kT0, 2);
  ASSERT_FALSE(bench.core->assign({kT0}));
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 99}));
  bench.expireFetches();
  bench.broker.fetchError = ErrorCode::OffsetOutOfRange;
  bench.run();
  (void)bench.poll();
  EXPECT_EQ(bench.poll(), (Offsets{0, 1}));
}

TEST(ConsumerCore, OutOfRangeWithoutAPolicyIsThrownByEveryPoll) {
  CoreBench bench(withReset(ResetPolicy::Kind::None), false);
  ASSERT_FALSE(bench.core->assign({kT0}));
  bench.broker.fetchError = ErrorCode::OffsetOutOfRange;
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 99}));
  bench.run();
  const Error error = bench.pollError();
  EXPECT_EQ(error.code(), ErrorCode::OffsetOutOfRange);
  EXPECT_NE(error.message().find("t-0 from offset 99"), std::string::npos) << error.message();
  EXPECT_EQ(bench.pollError().code(), ErrorCode::OffsetOutOfRange);
}

TEST(ConsumerCore, NamesADamagedBatchAndGoesOnAfterASeek) {
  CoreBench bench(earliest(), false);
  bench.broker.append(kT0, 2);
  bench.broker.append(kT0, 2);
  bench.broker.append(kT0, 1);
  std::vector<std::byte> bad(bench.broker.logs[kT0][1].view().begin(), bench.broker.logs[kT0][1].view().end());
  bad.back() ^= std::byte{1};
  bench.broker.logs[kT0][1] = Buffer::adopt(bad);
  ASSERT_FALSE(bench.core->assign({kT0}));
  EXPECT_EQ(bench.poll(), (Offsets{0, 1}));
  const Error error = bench.pollError();
  EXPECT_EQ(error.code(), ErrorCode::CorruptMessage);
  EXPECT_NE(error.message().find("t-0 at offset 2"), std::string::npos) << error.message();
  EXPECT_EQ(bench.pollError().code(), ErrorCode::CorruptMessage);
  ASSERT_FALSE(bench.core->seek(kT0, {.offset = 4}));
  EXPECT_EQ(bench.poll(), Offsets{4});
}

TEST(ConsumerCore, StepsBackToWhereTheNewLeadersLogEnds) {
  CoreBench bench(earliest(), false);
  bench.broker.append(kT0, 5);
  ASSERT_FALSE(bench.core->assign({kT0}));
  EXPECT_EQ(bench.poll().size(), 5U);
  bench.broker.epochEnd = 3;  // the new leader has only 0..2 of the old epoch
  bench.metadata.setTopic("t", 4, ErrorCode::None, 6);
  bench.run();
  std::int64_t position = 0;
  ASSERT_FALSE(bench.core->position(kT0, {}, position));
  EXPECT_EQ(position, 3);
}

// ---- groups ------------------------------------------------------------------------------------------------------------------------

TEST(ConsumerCore, JoinsReadsFromTheCommittedOffsetAndCommitsWhatItReturned) {
  ConsumerSettings settings = earliest();
  settings.autoCommit = false;
  CoreBench bench(settings);
  bench.broker.append(kT0, 4);
  bench.broker.committed[kT0] = {1, {}, "note"};
  auto listener = std::make_shared<Listener>();
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  EXPECT_EQ(bench.poll(), (Offsets{1, 2, 3}));
  EXPECT_EQ(listener->lines, (std::vector<std::string>{"assigned t-0"}));
  ASSERT_FALSE(bench.core->commitSync({}, {}));
  ASSERT_EQ(bench.broker.commits.size(), 1U);
  EXPECT_EQ(bench.broker.commits[0].at(kT0).offset, 4);
  EXPECT_EQ(bench.broker.commits[0].at(kT0).leaderEpoch, 5);
  OffsetMap committed;
  ASSERT_FALSE(bench.core->committed({kT0, {"t", 1}}, {}, committed));
  EXPECT_EQ(committed.size(), 1U);
  EXPECT_EQ(committed.at(kT0).offset, 4);
  ConsumerGroupMetadata metadata;
  ASSERT_FALSE(bench.core->groupMetadata(metadata));
  EXPECT_EQ(metadata.memberId, "m1");
  EXPECT_EQ(metadata.generationId, 1);
}

TEST(ConsumerCore, CommitsBeforeItGivesUpItsPartitionsAndLetsTheListenerCommitToo) {
  CoreBench bench(earliest());
  bench.broker.append(kT0, 2);
  auto listener = std::make_shared<Listener>();
  listener->inRevoked = [&] {
    EXPECT_EQ(bench.broker.commits.size(), 1U) << "auto commit comes first";
    EXPECT_FALSE(bench.core->commitSync(OffsetMap{{kT0, {1, {}, "mine"}}}, {}));
  };
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  EXPECT_EQ(bench.poll().size(), 2U);
  bench.broker.heartbeat = ErrorCode::RebalanceInProgress;
  bench.broker.assignment = {{"t", 1}};
  bench.broker.generation = 2;
  bench.advance(3000ms);
  (void)bench.poll();
  (void)bench.poll();
  EXPECT_EQ(listener->lines, (std::vector<std::string>{"assigned t-0", "revoked t-0", "assigned t-1"}));
  ASSERT_EQ(bench.broker.commits.size(), 2U);
  EXPECT_EQ(bench.broker.commits[0].at(kT0).offset, 2);
  EXPECT_EQ(bench.broker.commits[1].at(kT0).metadata, "mine");
  TopicPartitions assignment;
  ASSERT_FALSE(bench.core->assignment(assignment));
  EXPECT_EQ(assignment, (TopicPartitions{{"t", 1}}));
  listener->inRevoked = nullptr;
}

TEST(ConsumerCore, AListenerThatThrowsLeavesTheConsumerUsable) {
  CoreBench bench(earliest());
  auto listener = std::make_shared<Listener>();
  listener->inRevoked = [] { throw std::runtime_error("listener"); };
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  (void)bench.poll();
  bench.broker.heartbeat = ErrorCode::RebalanceInProgress;
  bench.broker.generation = 2;
  bench.advance(3000ms);
  EXPECT_THROW((void)bench.pollError(), std::runtime_error);
  bench.broker.append(kT0, 1);
  (void)bench.poll();
  bench.run();
  EXPECT_EQ(bench.broker.joins, 2);
  listener->inRevoked = nullptr;
}

TEST(ConsumerCore, LosesItsPartitionsWithoutACommitWhenItWasSilent) {
  CoreBench bench(earliest());
  bench.broker.append(kT0, 2);
  auto listener = std::make_shared<Listener>();
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  EXPECT_EQ(bench.poll().size(), 2U);
  bench.advance(5min);
  EXPECT_EQ(bench.broker.left, "m1");
  const std::size_t commits = bench.broker.commits.size();
  (void)bench.poll();
  (void)bench.poll();
  EXPECT_EQ(listener->lines, (std::vector<std::string>{"assigned t-0", "lost t-0", "assigned t-0"}));
  EXPECT_EQ(bench.broker.commits.size(), commits);
}

TEST(ConsumerCore, CommitsAtTheIntervalWhatEarlierPollsReturned) {
  CoreBench bench(earliest());
  bench.broker.append(kT0, 2);
  ASSERT_FALSE(bench.core->subscribe({"t"}, {}));
  EXPECT_EQ(bench.poll().size(), 2U);
  EXPECT_TRUE(bench.broker.commits.empty());
  bench.advance(5000ms);
  bench.broker.append(kT0, 2);
  bench.run();
  EXPECT_EQ(bench.poll().size(), 2U);
  ASSERT_EQ(bench.broker.commits.size(), 1U);
  EXPECT_EQ(bench.broker.commits[0].at(kT0).offset, 2) << "what this poll returns is not processed yet";
}

TEST(ConsumerCore, CloseCommitsRevokesAndLeaves) {
  CoreBench bench(earliest());
  bench.broker.append(kT0, 2);
  auto listener = std::make_shared<Listener>();
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  EXPECT_EQ(bench.poll().size(), 2U);
  ASSERT_FALSE(bench.core->close(1000ms));
  EXPECT_EQ(bench.broker.commits.at(0).at(kT0).offset, 2);
  EXPECT_EQ(listener->lines.back(), "revoked t-0");
  EXPECT_EQ(bench.broker.left, "m1");
  EXPECT_EQ(bench.pollError().code(), ErrorCode::Closed);
  EXPECT_FALSE(bench.core->close(0ms)) << "closing twice is nothing";
}

TEST(ConsumerCore, LeavesBesideAJoinThatWaitsForTheOtherMembers) {
  CoreBench bench(earliest());
  bench.broker.silent = true;
  ASSERT_FALSE(bench.core->subscribe({"t"}, {}));
  auto join = bench.network.find<protocol::JoinGroupRequest>();
  ASSERT_TRUE(join);
  protocol::JoinGroupResponse given;
  given.errorCode = ErrorCode::MemberIdRequired;
  given.memberId = "m1";
  join.respond(given);
  ASSERT_EQ(bench.network.pending().size(), 1U) << "joined again; the coordinator waits for others";
  ASSERT_FALSE(bench.core->unsubscribe());
  auto leave = bench.network.find<protocol::LeaveGroupRequest>();
  ASSERT_TRUE(leave);
  EXPECT_EQ(leave.request.members.at(0).memberId, "m1");
  EXPECT_EQ(leave.channel, client::Channel::General) << "behind the join it would wait as well";
  leave.respond({});
}

TEST(ConsumerCore, UnsubscribeRevokesLeavesAndForgets) {
  CoreBench bench(earliest());
  auto listener = std::make_shared<Listener>();
  ASSERT_FALSE(bench.core->subscribe({"t"}, listener));
  (void)bench.poll();
  ASSERT_FALSE(bench.core->unsubscribe());
  EXPECT_EQ(listener->lines.back(), "revoked t-0");
  EXPECT_EQ(bench.broker.left, "m1");
  EXPECT_EQ(bench.pollError().code(), ErrorCode::IllegalState);
  ASSERT_FALSE(bench.core->assign({{"t", 3}}));
  EXPECT_EQ(bench.core->subscribe({"t"}, {}).code(), ErrorCode::IllegalState);
}

TEST(ConsumerCore, FollowsAPatternToNewTopicsAndLeavesInternalOnesOut) {
  CoreBench bench(earliest());
  bench.metadata.setTopic("orders-1", 1);
  bench.metadata.setTopic("__orders", 1);
  bench.metadata.setTopic("reorders", 1);
  ASSERT_FALSE(bench.core->subscribePattern("(__)?orders.*", {}));
  EXPECT_TRUE(bench.metadata.all_);
  bench.metadata.setTopic("other", 1);
  bench.broker.pump(bench.network);
  std::vector<std::string> topics;
  ASSERT_FALSE(bench.core->subscription(topics));
  EXPECT_EQ(topics, (std::vector<std::string>{"orders-1"}));
  (void)bench.poll();
  bench.metadata.setTopic("orders-2", 1);
  ASSERT_FALSE(bench.core->subscription(topics));
  EXPECT_EQ(topics, (std::vector<std::string>{"orders-1", "orders-2"}));
  (void)bench.poll();
  bench.run();
  EXPECT_EQ(bench.broker.joins, 2);
  CoreBench another;
  EXPECT_EQ(another.core->subscribePattern("orders[", {}).code(), ErrorCode::InvalidRegularExpression);
}

TEST(ConsumerCore, TellsOfTopicsItMayNotRead) {
  CoreBench bench(earliest());
  ASSERT_FALSE(bench.core->subscribe({"secret", "t"}, {}));
  bench.metadata.setTopic("secret", 0, ErrorCode::TopicAuthorizationFailed);
  EXPECT_EQ(bench.pollError().code(), ErrorCode::TopicAuthorizationFailed);
}

// ---- commits -------------------------------------------------------------------------------------------------------------------------

TEST(ConsumerCore, CommitErrorsAreKafkas) {
  const std::vector<std::pair<ErrorCode, ErrorCode>> cases = {
      {ErrorCode::UnknownMemberId, ErrorCode::CommitFailed},
      {ErrorCode::IllegalGeneration, ErrorCode::CommitFailed},
      {ErrorCode::RebalanceInProgress, ErrorCode::RebalanceInProgress},
      {ErrorCode::FencedInstanceId, ErrorCode::FencedInstanceId},
      {ErrorCode::OffsetMetadataTooLarge, ErrorCode::OffsetMetadataTooLarge},
      {ErrorCode::InvalidCommitOffsetSize, ErrorCode::InvalidCommitOffsetSize},
      {ErrorCode::GroupAuthorizationFailed, ErrorCode::GroupAuthorizationFailed},
      {ErrorCode::TopicAuthorizationFailed, ErrorCode::TopicAuthorizationFailed},
  };
  for (const auto& [answered, thrown] : cases) {
    CoreBench bench(earliest());
    ASSERT_FALSE(bench.core->subscribe({"t"}, {}));
    (void)bench.poll();
    bench.broker.commitErrors = {answered};
    EXPECT_EQ(bench.core->commitSync(OffsetMap{{kT0, {1, {}, ""}}}, {}).code(), thrown) << errorName(answered);
  }
}

TEST(ConsumerCore, CommitSyncTriesAgainAndCommitAsyncDoesNot) {
  ConsumerSettings settings = earliest();
  settings.group.retryBackoff = Duration::zero();
  settings.autoCommit = false;
  CoreBench bench(settings);
  ASSERT_FALSE(bench.core->subscribe({"t"}, {}));
  (void)bench.poll();
  bench.broker.commitErrors = {ErrorCode::CoordinatorLoadInProgress, ErrorCode::NotCoordinator, ErrorCode::UnknownTopicOrPartition};
  EXPECT_FALSE(bench.core->commitSync(OffsetMap{{kT0, {1, {}, ""}}}, {}));
  EXPECT_EQ(bench.coordinators.forgotten_, 1);
  EXPECT_EQ(bench.broker.commits.size(), 1U);

  bench.broker.commitErrors = {ErrorCode::CoordinatorLoadInProgress};
  std::vector<std::pair<std::int64_t, ErrorCode>> done;
  const auto note = [&](const OffsetMap& offsets, const Error& error) { done.emplace_back(offsets.at(kT0).offset, error.code()); };
  ASSERT_FALSE(bench.core->commitAsync(OffsetMap{{kT0, {2, {}, ""}}}, note));
  ASSERT_FALSE(bench.core->commitAsync(OffsetMap{{kT0, {3, {}, ""}}}, note));
  EXPECT_TRUE(done.empty()) << "callbacks run in the application's next call";
  (void)bench.poll();
  EXPECT_EQ(done, (std::vector<std::pair<std::int64_t, ErrorCode>>{{2, ErrorCode::RetriableCommitFailed}, {3, ErrorCode::None}}));
}

TEST(ConsumerCore, GroupCallsWithoutAGroupIdSaySo) {
  CoreBench bench({}, false);
  EXPECT_EQ(bench.core->subscribe({"t"}, {}).code(), ErrorCode::InvalidGroupId);
  EXPECT_EQ(bench.core->commitSync({}, {}).code(), ErrorCode::InvalidGroupId);
  OffsetMap committed;
  EXPECT_EQ(bench.core->committed({kT0}, {}, committed).code(), ErrorCode::InvalidGroupId);
}

// ---- waiting -------------------------------------------------------------------------------------------------------------------------

TEST(ConsumerCore, WakeupEndsEveryCallThatWaits) {
  ConsumerSettings settings = earliest();
  settings.autoCommit = false;
  CoreBench bench(settings);
  ASSERT_FALSE(bench.core->subscribe({"t"}, {}));
  (void)bench.poll();
  bench.broker.silent = true;
  ASSERT_FALSE(bench.core->seekToEnd({kT0}));
  std::int64_t position = 0;
  OffsetMap offsets;
  std::map<TopicPartition, std::int64_t> ends;
  std::map<TopicPartition, std::optional<OffsetAndTimestamp>> times;
  std::vector<PartitionInfo> infos;
  std::map<std::string, std::vector<PartitionInfo>> topics;
  detail::FetchedRecords records;
  const std::vector<std::function<Error()>> calls = {
      [&] { return bench.core->poll(1h, records); },
      [&] { return bench.core->commitSync(OffsetMap{{kT0, {1, {}, ""}}}, 1h); },
      [&] { return bench.core->committed({kT0}, 1h, offsets); },
      [&] { return bench.core->position(kT0, 1h, position); },
      [&] { return bench.core->beginningOffsets({kT0}, 1h, ends); },
      [&] { return bench.core->endOffsets({kT0}, 1h, ends); },
      [&] { return bench.core->offsetsForTimes({{kT0, 5}}, 1h, times); },
      [&] { return bench.core->partitionsFor("unknown", 1h, infos); },
      [&] { return bench.core->listTopics(1h, topics); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    bench.core->wakeup();
    EXPECT_EQ(calls[i]().code(), ErrorCode::Wakeup) << i;
  }
  EXPECT_FALSE(bench.pollError()) << "one wakeup ends one call";
}

TEST(ConsumerCore, WakeupReachesACallThatWaitsAlready) {
  CoreBench bench(earliest(), false);
  ASSERT_FALSE(bench.core->assign({kT0}));
  std::thread other([&] { bench.core->wakeup(); });
  detail::FetchedRecords records;
  EXPECT_EQ(bench.core->poll(1h, records).code(), ErrorCode::Wakeup);
  other.join();
}

TEST(ConsumerCore, ListTopicsAsksAgainWhenTheAnswerIsLost) {
  CoreBench bench(earliest(), false);
  std::map<std::string, std::vector<PartitionInfo>> topics;
  bench.clock.perLook = 60ms;
  bench.broker.allTopicsLost = 2;
  ASSERT_FALSE(bench.core->listTopics(1min, topics));
  EXPECT_EQ(topics.count("t"), 1U);
  EXPECT_EQ(bench.broker.allTopicsLost, 0);
}

TEST(ConsumerCore, ListTopicsEndsAtItsTimeThoughEveryAnswerIsLost) {
  CoreBench bench(earliest(), false);
  std::map<std::string, std::vector<PartitionInfo>> topics;
  bench.clock.perLook = 60ms;
  bench.broker.allTopicsLost = 1000;
  const Error error = bench.core->listTopics(500ms, topics);
  EXPECT_TRUE(error.code() == ErrorCode::NetworkException || error.code() == ErrorCode::RequestTimedOut) << error.message();
  EXPECT_LT(bench.broker.allTopicsLost, 1000);
  EXPECT_GT(bench.broker.allTopicsLost, 980) << "it pauses between two questions";
}

TEST(ConsumerCore, WakeupEndsThePauseBeforeListTopicsAsksAgain) {
  CoreBench bench(earliest(), false);
  std::map<std::string, std::vector<PartitionInfo>> topics;
  bench.broker.allTopicsLost = 1;
  std::thread other;
  // No time passes on the clock: nothing but the wakeup ends the pause.
  bench.broker.onLost = [&] { other = std::thread([&] { bench.core->wakeup(); }); };
  EXPECT_EQ(bench.core->listTopics(1h, topics).code(), ErrorCode::Wakeup);
  other.join();
  ASSERT_FALSE(bench.core->listTopics(1h, topics)) << "one wakeup ends one call";
  EXPECT_EQ(topics.count("t"), 1U);
}

TEST(ConsumerCore, ASecondThreadIsRefused) {
  CoreBench bench(earliest(), false);
  ASSERT_FALSE(bench.core->assign({kT0}));
  std::thread other([&] {
    detail::FetchedRecords records;
    Error ended;
    do ended = bench.core->poll(1h, records);
    while (ended.code() == ErrorCode::ConcurrentModification);  // the question below may be inside first
    EXPECT_EQ(ended.code(), ErrorCode::Wakeup);
  });
  TopicPartitions out;
  Error error;
  while (!(error = bench.core->assignment(out))) std::this_thread::yield();  // until the other one is inside
  EXPECT_EQ(error.code(), ErrorCode::ConcurrentModification);
  bench.core->wakeup();
  other.join();
}

TEST(ConsumerCore, AnswersQuestionsAboutOffsets) {
  CoreBench bench({}, false);
  bench.broker.append(kT0, 7);
  std::map<TopicPartition, std::int64_t> offsets;
  ASSERT_FALSE(bench.core->beginningOffsets({kT0}, {}, offsets));
  EXPECT_EQ(offsets.at(kT0), 0);
  ASSERT_FALSE(bench.core->endOffsets({kT0, {"t", 1}}, {}, offsets));
  EXPECT_EQ(offsets, (std::map<TopicPartition, std::int64_t>{{kT0, 7}, {{"t", 1}, 0}}));
  std::vector<PartitionInfo> infos;
  ASSERT_FALSE(bench.core->partitionsFor("t", {}, infos));
  EXPECT_EQ(infos.size(), 4U);
  EXPECT_EQ(infos[2].leader->id, 1);
  std::map<TopicPartition, std::optional<OffsetAndTimestamp>> times;
  EXPECT_EQ(bench.core->offsetsForTimes({{kT0, -5}}, {}, times).code(), ErrorCode::IllegalArgument);
}

}  // namespace
}  // namespace klamm::consumer
