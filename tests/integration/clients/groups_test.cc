// A consumer as a member of a group: sharing, committing, leaving, being thrown out.

#include "integration/clients/client_test.h"

namespace klamm::test {
namespace {

/// Writes down what it is told. Threading: the thread that polls.
struct Listener final : RebalanceListener {
  void onPartitionsRevoked(const TopicPartitions& partitions) override { told.push_back("revoked " + std::to_string(partitions.size())); }
  void onPartitionsAssigned(const TopicPartitions& partitions) override {
    told.push_back("assigned " + std::to_string(partitions.size()));
    if (whenAssigned) whenAssigned();
  }
  void onPartitionsLost(const TopicPartitions& partitions) override { told.push_back("lost " + std::to_string(partitions.size())); }
  std::vector<std::string> told;
  std::function<void()> whenAssigned;
};

class GroupsList : public ClientTest {
 protected:
  std::string group_ = uniqueName("group");
};

TEST_F(GroupsList, CommitsAreThereForTheNextMember) {
  const std::string topic = makeTopic("commit", 2);
  fill(topic, 30, 0);
  fill(topic, 30, 1);
  {
    TextConsumer consumer(reading(group_));
    consumer.subscribe({topic});
    EXPECT_TRUE(consumer.committed({{topic, 0}}).empty());
    (void)take(consumer, 60);
    consumer.commitSync();
    const OffsetMap committed = consumer.committed({{topic, 0}, {topic, 1}});
    EXPECT_EQ((committed.at({topic, 0}).offset), 30);
    EXPECT_EQ((committed.at({topic, 1}).offset), 30);
    consumer.commitSync(OffsetMap{{{topic, 0}, {.offset = 12, .metadata = "a dozen"}}});
    EXPECT_EQ((consumer.committed({{topic, 0}}).at({topic, 0}).metadata), "a dozen");
    consumer.close();
  }
  TextConsumer next(reading(group_));
  next.subscribe({topic});
  EXPECT_EQ(take(next, 18), numbers(12, 30));
  EXPECT_TRUE(next.poll(200ms).isEmpty());
}

TEST_F(GroupsList, AsynchronousCommitsCallBackInTheirOrder) {
  const std::string topic = makeTopic("async");
  fill(topic, 10);
  TextConsumer consumer(reading(group_));
  consumer.assign({{topic, 0}});
  std::vector<std::int64_t> order;
  for (std::int64_t i = 1; i <= 5; ++i) {
    consumer.commitAsync(OffsetMap{{{topic, 0}, {.offset = i}}}, [&](const OffsetMap& offsets, const Error& error) {
      EXPECT_FALSE(error) << error.message();
      order.push_back(offsets.begin()->second.offset);
    });
  }
  consumer.commitSync(OffsetMap{{{topic, 0}, {.offset = 6}}});
  eventually("all callbacks came", [&] {
    (void)consumer.poll(10ms);
    return order.size() == 5;
  });
  EXPECT_EQ(order, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ((consumer.committed({{topic, 0}}).at({topic, 0}).offset), 6);
}

TEST_F(GroupsList, AutoCommitHappensInTimeAndAtClose) {
  const std::string topic = makeTopic("auto");
  fill(topic, 10);
  TextConsumer other(reading(group_));
  {
    TextConsumer consumer(reading(group_, {{"enable.auto.commit", "true"}, {"auto.commit.interval.ms", "100"}}));
    consumer.subscribe({topic});
    (void)take(consumer, 10);
    eventually("the interval commits", [&] {
      (void)consumer.poll(20ms);
      const auto committed = other.committed({{topic, 0}});
      return !committed.empty() && committed.begin()->second.offset == 10;
    });
  }
  {
    TextConsumer consumer(reading(group_, {{"enable.auto.commit", "true"}, {"auto.commit.interval.ms", "3600000"}}));
    consumer.subscribe({topic});
    awaitAssignment(consumer, 1);
    fill(topic, 5, 0, 10);
    (void)take(consumer, 5);
    EXPECT_EQ((other.committed({{topic, 0}}).at({topic, 0}).offset), 10);
    consumer.close();
  }
  EXPECT_EQ((other.committed({{topic, 0}}).at({topic, 0}).offset), 15);
}

TEST_F(GroupsList, TheListenerHearsOfEveryChange) {
  const std::string topic = makeTopic("listener", 4);
  auto listener = std::make_shared<Listener>();
  TextConsumer first(reading(group_));
  first.subscribe({topic}, listener);
  awaitAssignment(first, 4);
  EXPECT_EQ(listener->told, (std::vector<std::string>{"assigned 4"}));
  TextConsumer second(reading(group_));
  second.subscribe({topic});
  eventually("they share", [&] {
    (void)first.poll(20ms);
    (void)second.poll(20ms);
    return first.assignment().size() == 2 && second.assignment().size() == 2;
  });
  EXPECT_EQ(listener->told, (std::vector<std::string>{"assigned 4", "revoked 4", "assigned 2"}));
  second.unsubscribe();
  eventually("the first has all again", [&] {
    (void)first.poll(20ms);
    return first.assignment().size() == 4;
  });
  first.unsubscribe();
  EXPECT_EQ(listener->told.back(), "revoked 4");
  EXPECT_TRUE(first.subscription().empty());
  EXPECT_TRUE(first.assignment().empty());
}

TEST_F(GroupsList, PositionsMayBeSoughtInTheListener) {
  const std::string topic = makeTopic("seek");
  fill(topic, 30);
  auto listener = std::make_shared<Listener>();
  TextConsumer consumer(reading(group_));
  listener->whenAssigned = [&] {
    EXPECT_EQ(consumer.position({topic, 0}), 0);
    consumer.seek({topic, 0}, 25);
  };
  consumer.subscribe({topic}, listener);
  EXPECT_EQ(take(consumer, 5), numbers(25, 30));
}

TEST_F(GroupsList, AMemberThatDoesNotPollIsOutAndItsCommitFails) {
  const std::string topic = makeTopic("slow");
  fill(topic, 10);
  auto listener = std::make_shared<Listener>();
  TextConsumer slow(reading(group_, {{"max.poll.interval.ms", "500"}, {"session.timeout.ms", "6000"}}));
  slow.subscribe({topic}, listener);
  (void)take(slow, 10);
  const auto generation = slow.groupMetadata().generationId;
  TextConsumer next(reading(group_));
  next.subscribe({topic});
  awaitAssignment(next, 1);
  EXPECT_GT(next.groupMetadata().generationId, generation);
  const std::string said = thrownBy([&] { slow.commitSync(); });
  EXPECT_THROW(slow.commitSync(), CommitFailedException) << said;
  EXPECT_THROW(slow.commitSync(OffsetMap{{{topic, 0}, {.offset = 1}}}), CommitFailedException);
  EXPECT_TRUE(next.committed({{topic, 0}}).empty());
  next.close();
  awaitAssignment(slow, 1);
  EXPECT_NE(std::find(listener->told.begin(), listener->told.end(), "lost 1"), listener->told.end()) << ::testing::PrintToString(listener->told);
}

TEST_F(GroupsList, AStaticMemberComesBackWithoutARebalance) {
  const std::string topic = makeTopic("static", 2);
  const auto settings = [&](const char* instance) { return reading(group_, {{"group.instance.id", instance}, {"session.timeout.ms", "30000"}}); };
  TextConsumer first(settings("one"));
  first.subscribe({topic});
  awaitAssignment(first, 2);
  auto second = std::make_unique<TextConsumer>(settings("two"));
  second->subscribe({topic});
  eventually("they share", [&] {
    (void)first.poll(20ms);
    (void)second->poll(20ms);
    return first.assignment().size() == 1 && second->assignment().size() == 1;
  });
  const TopicPartitions had = second->assignment();
  const auto generation = first.groupMetadata().generationId;
  EXPECT_EQ(second->groupMetadata().groupInstanceId, "two");
  second->close();
  second = std::make_unique<TextConsumer>(settings("two"));
  second->subscribe({topic});
  awaitAssignment(*second, 1);
  EXPECT_EQ(second->assignment(), had);
  EXPECT_EQ(second->groupMetadata().generationId, generation);
  for (int i = 0; i < 5; ++i) (void)first.poll(20ms);
  EXPECT_EQ(first.groupMetadata().generationId, generation);
}

TEST_F(GroupsList, TheOlderOfTwoWithOneInstanceIdIsFenced) {
  const std::string topic = makeTopic("fenced");
  const Config settings = reading(group_, {{"group.instance.id", "same"}, {"heartbeat.interval.ms", "200"}});
  TextConsumer older(settings);
  older.subscribe({topic});
  awaitAssignment(older, 1);
  TextConsumer newer(settings);
  newer.subscribe({topic});
  awaitAssignment(newer, 1);
  EXPECT_THROW(eventually("the older one is told", [&] { return (void)older.poll(50ms), false; }), FencedInstanceIdException);
}

TEST_F(GroupsList, MetadataNamesMemberAndGeneration) {
  const std::string topic = makeTopic("metadata");
  TextConsumer consumer(reading(group_, {{"client.id", "me"}}));
  EXPECT_EQ(consumer.groupMetadata().groupId, group_);
  EXPECT_EQ(consumer.groupMetadata().generationId, -1);
  consumer.subscribe({topic});
  awaitAssignment(consumer, 1);
  const ConsumerGroupMetadata metadata = consumer.groupMetadata();
  // Not always 1: where several brokers learn of a new topic one after the other, its first assignment may be empty.
  EXPECT_GE(metadata.generationId, 1);
  EXPECT_EQ(metadata.memberId.rfind("me-", 0), 0U) << metadata.memberId;
  consumer.enforceRebalance("the test asks");
  eventually("a new generation", [&] {
    (void)consumer.poll(50ms);
    return consumer.groupMetadata().generationId == metadata.generationId + 1 && consumer.assignment().size() == 1;
  });
}

TEST_F(GroupsList, AChangedSubscriptionChangesTheAssignment) {
  const std::string one = makeTopic("one");
  const std::string two = makeTopic("two", 2);
  fill(one, 1);
  fill(two, 1, 1);
  TextConsumer consumer(reading(group_));
  consumer.subscribe({one});
  awaitAssignment(consumer, 1);
  consumer.subscribe({one, two});
  EXPECT_EQ(consumer.subscription().size(), 2U);
  awaitAssignment(consumer, 3);
  consumer.subscribe({two});
  awaitAssignment(consumer, 2);
  for (const TopicPartition& tp : consumer.assignment()) EXPECT_EQ(tp.topic, two);
}

TEST_F(GroupsList, APatternFindsTopicsThatComeLater) {
  const std::string prefix = uniqueName("pattern");
  const auto make = [&](const std::string& end) {
    admin().createTopics({{.name = prefix + end, .partitions = 1}}).all.get();
    awaitLeaders(prefix + end, 1);
  };
  make("-a");
  make("other");
  TextConsumer consumer(reading(group_, {{"metadata.max.age.ms", "300"}}));
  consumer.subscribePattern(prefix + "-.*");
  awaitAssignment(consumer, 1);
  EXPECT_EQ(consumer.assignment().front().topic, prefix + "-a");
  make("-b");
  awaitAssignment(consumer, 2);
  admin().deleteTopics({prefix + "-a"}).all.get();
  awaitAssignment(consumer, 1);
  EXPECT_EQ(consumer.assignment().front().topic, prefix + "-b");
  EXPECT_THROW(consumer.subscribePattern("("), InvalidRegularExpressionException);
}

TEST_F(GroupsList, NewPartitionsOfATopicAreAssigned) {
  const std::string topic = makeTopic("grown");
  TextConsumer consumer(reading(group_, {{"metadata.max.age.ms", "300"}}));
  consumer.subscribe({topic});
  awaitAssignment(consumer, 1);
  admin().createPartitions({{topic, {.totalCount = 3}}}).all.get();
  awaitAssignment(consumer, 3);
  awaitLeaders(topic, 3);
  fill(topic, 5, 2);
  EXPECT_EQ(take(consumer, 5), numbers(0, 5));
}

TEST_F(GroupsList, ATopicThatComesLaterIsAssignedThen) {
  const std::string topic = uniqueName("later");
  TextConsumer consumer(reading(group_, {{"metadata.max.age.ms", "300"}, {"allow.auto.create.topics", "false"}}));
  consumer.subscribe({topic});
  EXPECT_TRUE(consumer.poll(500ms).isEmpty());
  EXPECT_TRUE(consumer.assignment().empty());
  EXPECT_FALSE(admin().listTopics().get().contains(topic));
  admin().createTopics({{.name = topic, .partitions = 1}}).all.get();
  awaitAssignment(consumer, 1);
}

TEST_F(GroupsList, AnIllegalNameOfATopicIsToldByPoll) {
  TextConsumer consumer(reading(group_));
  consumer.subscribe({"not/legal"});
  EXPECT_THROW(eventually("poll tells", [&] { return (void)consumer.poll(100ms), false; }), InvalidTopicException);
  EXPECT_THROW(consumer.subscribe({""}), IllegalArgumentException);
}

TEST_F(GroupsList, MetadataOfACommitMayBeTooLarge) {
  const std::string topic = makeTopic("large-metadata");
  TextConsumer consumer(reading(group_));
  consumer.assign({{topic, 0}});
  EXPECT_THROW(consumer.commitSync(OffsetMap{{{topic, 0}, {.offset = 1, .metadata = std::string(5000, 'm')}}}), OffsetMetadataTooLargeException);
  consumer.commitSync(OffsetMap{{{topic, 0}, {.offset = 1, .metadata = std::string(4096, 'm')}}});
  EXPECT_THROW(consumer.commitSync(OffsetMap{{{topic, 0}, {.offset = -1}}}), IllegalArgumentException);
}

TEST_F(GroupsList, ACommitOfATopicThatDoesNotExistTimesOut) {
  TextConsumer consumer(reading(group_, {{"default.api.timeout.ms", "600"}, {"allow.auto.create.topics", "false"}}));
  const std::string nowhere = uniqueName("nowhere");
  consumer.assign({{nowhere, 0}});
  EXPECT_THROW(consumer.commitSync(OffsetMap{{{nowhere, 0}, {.offset = 1}}}), TimeoutException);
}

TEST_F(GroupsList, ASessionTimeoutOutsideTheBrokersRangeIsTold) {
  const std::string topic = makeTopic("session");
  TextConsumer consumer(reading(group_, {{"session.timeout.ms", "100"}, {"heartbeat.interval.ms", "30"}}));
  consumer.subscribe({topic});
  EXPECT_THROW(eventually("poll tells", [&] { return (void)consumer.poll(100ms), false; }), InvalidSessionTimeoutException);
}

TEST_F(GroupsList, TenMembersReadEveryRecordOnce) {
  constexpr int kMembers = 10;
  constexpr int kParts = 12;
  const std::string topic = makeTopic("ten", kParts);
  std::vector<std::unique_ptr<TextConsumer>> members;
  for (int i = 0; i < kMembers; ++i) {
    members.push_back(std::make_unique<TextConsumer>(reading(group_)));
    members.back()->subscribe({topic});
  }
  std::map<std::string, int> seen;
  const auto pollAll = [&] {
    for (auto& member : members)
      for (const auto& record : member->poll(20ms)) ++seen[*record.value];
  };
  eventually("everybody has a share", [&] {
    pollAll();
    std::size_t assigned = 0;
    bool allHave = true;
    for (auto& member : members) {
      assigned += member->assignment().size();
      allHave = allHave && !member->assignment().empty();
    }
    return allHave && assigned == kParts;
  });
  // The group is complete: no rebalance takes anybody back behind what it has read.
  for (int p = 0; p < kParts; ++p) fill(topic, 50, p, p * 50);
  eventually("all records came", [&] {
    pollAll();
    return seen.size() == kParts * 50;
  });
  pollAll();
  for (int i = 0; i < kParts * 50; ++i) EXPECT_EQ(seen[std::to_string(i)], 1) << i;
}

}  // namespace
}  // namespace klamm::test
