// Records as Apache Kafka 4.3.1 writes them. The bytes were read from a __consumer_offsets partition of a real broker.

#include "coordinator/group/group_records.h"

#include <gtest/gtest.h>

#include "coordinator/group_coordinator.h"

namespace klamm::broker::coordinator {
namespace {

Buffer hex(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes.push_back(static_cast<std::byte>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return Buffer::adopt(std::move(bytes));
}

void expectRoundTrip(const CoordinatorRecord& record, std::string_view key, std::optional<std::string_view> value) {
  const auto stored = serialize(record);
  ASSERT_TRUE(stored) << stored.error().message();
  EXPECT_EQ(stored->key, hex(key));
  ASSERT_EQ(stored->value.has_value(), value.has_value());
  if (value) {
    EXPECT_EQ(*stored->value, hex(*value));
  }
  const auto back = deserialize(stored->key, stored->value);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, record);
}

// key:    type 1 | "gp-696716" | "gp-t" | partition 0
// value:  version 4 | offset 5 | leader epoch -1 | metadata "" | timestamp | one tag: 0, 16 bytes, topic id | no tags
TEST(GroupRecords, AnOffsetIsWrittenAsKafkaWritesIt) {
  expectRoundTrip(OffsetRecord{.group = "gp-696716",
                               .topic = "gp-t",
                               .partition = 0,
                               .value = OffsetAndMetadata{.offset = 5,
                                                          .commitTimestamp = 0x1a1fdbe2296,
                                                          .topicId = {.high = 0x00eb2c800e9c4218, .low = 0x97e00868a66664fe}}},
                  "0001000967702d363936373136000467702d7400000000",
                  "00040000000000000005ffffffff01000001a1fdbe229601001000eb2c800e9c421897e00868a66664fe");
}

// value:  version 1 | offset 5 | metadata "" | commit timestamp | expiry timestamp
TEST(GroupRecords, AnOffsetWithARetentionOfItsOwnIsWrittenInTheVersionThatHasIt) {
  expectRoundTrip(OffsetRecord{.group = "gp-696716",
                               .topic = "gp-t",
                               .partition = 0,
                               .value = OffsetAndMetadata{.offset = 5, .commitTimestamp = 0x1a1fdbe229f, .expireTimestamp = 0x1a1fdbfa93f}},
                  "0001000967702d363936373136000467702d7400000000",
                  "000100000000000000050000000001a1fdbe229f000001a1fdbfa93f");
}

TEST(GroupRecords, ATombstoneHasNoValue) {
  expectRoundTrip(OffsetRecord{.group = "gp-696716", .topic = "gp-t", .partition = 1}, "0001000967702d363936373136000467702d7400000001",
                  std::nullopt);
  expectRoundTrip(GroupRecord{.group = "gp-696716"}, "0002000967702d363936373136", std::nullopt);
}

// value:  version 3 | type "" | generation 0 | protocol null | leader null | timestamp | no members
TEST(GroupRecords, ANewGroupIsWrittenAsKafkaWritesIt) {
  protocol::GroupMetadataValue value;
  value.protocol.reset();
  value.leader.reset();
  value.currentStateTimestamp = 0x1a1fdbe221a;
  expectRoundTrip(GroupRecord{.group = "gp-696716", .value = value}, "0002000967702d363936373136",
                  "0003000000000000ffffffff000001a1fdbe221a00000000");
}

TEST(GroupRecords, ATypeOfAnotherCoordinatorIsNoRecordOfOurs) {
  const auto consumerGroup = deserialize(hex("00030001670000"), hex("0000"));
  ASSERT_TRUE(consumerGroup);
  EXPECT_FALSE(consumerGroup->has_value());
}

TEST(GroupRecords, DamagedBytesAreAnError) {
  EXPECT_FALSE(deserialize(hex("00"), std::nullopt));
  EXPECT_FALSE(deserialize(hex(""), std::nullopt));
  EXPECT_FALSE(deserialize(hex("000100ff67"), std::nullopt));
  EXPECT_FALSE(deserialize(hex("0002000167"), hex("0003")));
  EXPECT_FALSE(deserialize(hex("0002000167"), hex("")));
  EXPECT_FALSE(deserialize(hex("0002000167"), hex("0063000000000000ffffffff000001a1fdbe221a00000000")));
}

// Expected: Java's Math.abs("...".hashCode()) % n; the first was seen on a real broker with eight partitions.
TEST(GroupRecords, AGroupLivesWhereKafkaPutsIt) {
  EXPECT_EQ(partitionOfGroup("gp-696716", 8), 3);
  EXPECT_EQ(partitionOfGroup("", 50), 0);
  EXPECT_EQ(partitionOfGroup("orders", 50), 31);
  EXPECT_EQ(partitionOfGroup("gr\xC3\xBC\xC3\x9F" "e", 50), 23);
  EXPECT_EQ(partitionOfGroup("\xF0\x9F\x98\x80-group", 50), 43);
  EXPECT_EQ(partitionOfGroup("polygenelubricants", 50), 0);  // its hash is the smallest int, which has no absolute value
}

}  // namespace
}  // namespace klamm::broker::coordinator
