#include <gtest/gtest.h>

#include "groups/reset.h"
#include "groups/tables.h"
#include "topics/describe.h"

namespace klamm::tools {
namespace {

// The tables below are copied from kafka-consumer-groups 4.3.1 for groups of the same shape.
TEST(OffsetsTable, IsKafkas) {
  GroupPartition row{.topic = "rec-c", .partition = 0, .committed = 1, .end = 7};
  EXPECT_EQ(offsetsTable("rec-g1", {row}, false),
            "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID\n"
            "rec-g1          rec-c           0          1               7               6               -               -               -\n");
  EXPECT_EQ(offsetsTable("rec-g1", {row}, true),
            "GROUP           TOPIC           PARTITION  LEADER-EPOCH    CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID\n"
            "rec-g1          rec-c           0          -               1               7               6               -               -               -\n");
}

TEST(OffsetsTable, WidensItsColumnsAndLeavesUnknownNumbersOut) {
  GroupPartition row{.topic = "t", .partition = 12, .consumerId = "console-consumer-ce346794-5a94-4054-b0ce-5261278cd5dc", .host = "/127.0.0.1", .clientId = "c"};
  EXPECT_EQ(offsetsTable("a-group-with-a-long-name", {row}, false),
            "GROUP                    TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID                                           HOST            CLIENT-ID\n"
            "a-group-with-a-long-name t               12         -               -               -               console-consumer-ce346794-5a94-4054-b0ce-5261278cd5dc /127.0.0.1      c\n");
}

ConsumerGroupDescription twoMembers() {
  ConsumerGroupDescription group{.groupId = "rec-live-group-with-long-name", .partitionAssignor = "range", .state = "Stable", .coordinator = {.id = 1, .host = "127.0.0.1", .port = 9092}};
  group.members.push_back({.memberId = "console-consumer-ce346794-5a94-4054-b0ce-5261278cd5dc", .clientId = "console-consumer", .host = "/127.0.0.1", .assignment = {{"rec-live", 2}}});
  group.members.push_back({.memberId = "inst1-26aece0c-1bff-4748-8224-11fa0212aa49", .groupInstanceId = "inst1", .clientId = "console-consumer", .host = "/127.0.0.1", .assignment = {{"rec-live", 1}, {"rec-live", 0}}});
  return group;
}

TEST(MembersTable, IsKafkasWithTheMemberOfMostPartitionsFirst) {
  EXPECT_EQ(membersTable(twoMembers(), false),
            "GROUP                         CONSUMER-ID                                           GROUP-INSTANCE-ID HOST            CLIENT-ID        #PARTITIONS     \n"
            "rec-live-group-with-long-name inst1-26aece0c-1bff-4748-8224-11fa0212aa49            inst1             /127.0.0.1      console-consumer 2               \n"
            "rec-live-group-with-long-name console-consumer-ce346794-5a94-4054-b0ce-5261278cd5dc                   /127.0.0.1      console-consumer 1               \n");
  EXPECT_EQ(membersTable(twoMembers(), true),
            "GROUP                         CONSUMER-ID                                           GROUP-INSTANCE-ID HOST            CLIENT-ID        #PARTITIONS     CURRENT-EPOCH   CURRENT-ASSIGNMENT   TARGET-EPOCH    TARGET-ASSIGNMENT   \n"
            "rec-live-group-with-long-name inst1-26aece0c-1bff-4748-8224-11fa0212aa49            inst1             /127.0.0.1      console-consumer 2               -               rec-live:0,1         -               -                   \n"
            "rec-live-group-with-long-name console-consumer-ce346794-5a94-4054-b0ce-5261278cd5dc                   /127.0.0.1      console-consumer 1               -               rec-live:2           -               -                   \n");
}

TEST(StateTable, IsKafkas) {
  EXPECT_EQ(stateTable(twoMembers(), false),
            "GROUP                         COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                #MEMBERS\n"
            "rec-live-group-with-long-name 127.0.0.1:9092  (1)       range                Stable               2\n");
  EXPECT_EQ(stateTable(twoMembers(), true),
            "GROUP                         COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                GROUP-EPOCH     TARGET-ASSIGNMENT-EPOCH   #MEMBERS\n"
            "rec-live-group-with-long-name 127.0.0.1:9092  (1)       range                Stable               -               -                         2\n");
}

TEST(ListTable, IsKafkas) {
  const std::vector<GroupListing> groups = {{.groupId = "rec-g1", .state = "Empty", .type = "Classic"}, {.groupId = "console-consumer-85084", .state = "Empty", .type = "Classic"}};
  EXPECT_EQ(listTable(groups, false, false), "rec-g1\nconsole-consumer-85084\n");
  EXPECT_EQ(listTable(groups, false, true),
            "GROUP                            STATE               \n"
            "rec-g1                           Empty               \n"
            "console-consumer-85084           Empty               \n");
  EXPECT_EQ(listTable({}, false, true), "GROUP                     STATE               \n");
}

TEST(PartitionLine, IsKafkas) {
  TopicPartitionInfo partition{.partition = 1, .leader = Node{.id = 1, .host = "h", .port = 1}, .replicas = {{.id = 1}, {.id = 2}}, .isr = {{.id = 1}}, .elr = std::vector<Node>{}, .lastKnownElr = std::vector<Node>{}};
  EXPECT_EQ(partitionLine("rec-a", partition, nullptr), "Topic: rec-a\tPartition: 1\tLeader: 1\tReplicas: 1,2\tIsr: 1\tElr: \tLastKnownElr: ");
  partition.leader.reset();
  partition.elr.reset();
  EXPECT_EQ(partitionLine("rec-a", partition, nullptr), "Topic: rec-a\tPartition: 1\tLeader: none\tReplicas: 1,2\tIsr: 1\tElr: N/A\tLastKnownElr: ");
}

TEST(ParseDuration, TakesDaysAndSmallerUnits) {
  EXPECT_EQ(parseDuration("P1D"), 86400000);
  EXPECT_EQ(parseDuration("P1DT2H3M4.5S"), 93784500);
  EXPECT_EQ(parseDuration("PT0S"), 0);
  EXPECT_EQ(parseDuration("-PT1S"), -1000);
  for (const char* bad : {"", "P", "PT", "1D", "P1W", "P1DT"}) EXPECT_THROW(static_cast<void>(parseDuration(bad)), UsageError) << bad;
}

TEST(ParseDateTime, TakesAZoneOrTheLocalTime) {
  EXPECT_EQ(parseDateTime("2023-11-14T22:13:20.000Z"), 1700000000000);
  EXPECT_EQ(parseDateTime("2023-11-14T23:13:20.5+01:00"), 1700000000500);
  for (const char* bad : {"", "2023-11-14", "yesterday", "2023-11-14 22:13:20"}) EXPECT_THROW(static_cast<void>(parseDateTime(bad)), UsageError) << bad;
}

TEST(ParseTopicPartitions, TakesATopicOrSomeOfItsPartitions) {
  EXPECT_EQ(parseTopicPartitions("orders").second.size(), 0U);
  EXPECT_EQ(parseTopicPartitions("orders:0,2"), (std::pair<std::string, std::vector<std::int32_t>>("orders", {0, 2})));
  for (const char* bad : {"orders:", "orders:x", "orders:1,", "orders:-1"}) EXPECT_THROW(static_cast<void>(parseTopicPartitions(bad)), UsageError) << bad;
}

}  // namespace
}  // namespace klamm::tools
