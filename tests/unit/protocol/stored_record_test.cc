#include "protocol/stored_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/records/consumer_protocol_subscription.h"
#include "protocol/records/control_record_type_schema.h"
#include "protocol/records/feature_level_record.h"
#include "protocol/records/group_metadata_key.h"
#include "protocol/records/offset_commit_key.h"
#include "protocol/records/offset_commit_value.h"
#include "protocol/records/topic_record.h"
#include "random_message.h"

namespace klamm::protocol::test {
namespace {

using ::testing::HasSubstr;

TEST(StoredRecord, PutsTheRecordTypeBeforeAKey) {
  const auto key = encodeKey(OffsetCommitKey{.group = "g", .topic = "t", .partition = 3});
  EXPECT_EQ(toHex(*key), toHex(fromHex("0001 0001 67 0001 74 00000003")));
  EXPECT_EQ(*storedPrefix(*key), OffsetCommitKey::kApiKey);
  EXPECT_EQ(decodeKey<OffsetCommitKey>(*key)->partition, 3);
  const auto wrong = decodeKey<GroupMetadataKey>(*key);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().context(), HasSubstr("GroupMetadataKey: the record is of type 1"));
}

TEST(StoredRecord, PutsTheVersionBeforeAValue) {
  const OffsetCommitValue value{.offset = 5, .leaderEpoch = 2, .metadata = "m", .commitTimestamp = 9};
  const auto bytes = encodeVersioned(value, 3);
  EXPECT_EQ(toHex(*bytes), toHex(fromHex("0003 0000000000000005 00000002 0001 6d 0000000000000009")));
  EXPECT_EQ(*decodeVersioned<OffsetCommitValue>(*bytes), value);
}

TEST(StoredRecord, WritesTheKeyOfAControlRecord) {
  EXPECT_EQ(toHex(*encodeVersioned(ControlRecordTypeSchema{.type = 2}, 0)), "00000002");
}

TEST(StoredRecord, RefusesOrClampsANewerVersion) {
  const Buffer newer = fromHex("7fff 00000001 0001 74 ffffffff 00000000 ffffffff ffff eeee");
  const auto refused = decodeVersioned<ConsumerProtocolSubscription>(newer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::UnsupportedVersion);
  const auto clamped = decodeVersioned<ConsumerProtocolSubscription>(newer, NewerVersions::ReadAsNewest);
  ASSERT_TRUE(clamped) << clamped.error().message();
  EXPECT_EQ(clamped->topics, std::vector<std::string>{"t"});
  EXPECT_FALSE(decodeVersioned<ConsumerProtocolSubscription>(fromHex("ffff 00000000"), NewerVersions::ReadAsNewest));
  EXPECT_FALSE(decodeVersioned<ConsumerProtocolSubscription>(fromHex("00")));
}

TEST(StoredRecord, FramesClusterMetadata) {
  const auto bytes = encodeMetadata(TopicRecord{.name = "t", .topicId = {1, 2}}, 0);
  EXPECT_EQ(toHex(*bytes), toHex(fromHex("01 02 00 02 74 0000000000000001 0000000000000002 00")));
  const auto frame = parseMetadataFrame(*bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->type, TopicRecord::kApiKey);
  EXPECT_EQ(frame->version, 0);
  EXPECT_EQ(decodeMetadata<TopicRecord>(*frame)->name, "t");
}

TEST(StoredRecord, RefusesBrokenMetadataFrames) {
  for (const char* hex : {"", "01", "0102", "01 ffffffffff0f 00", "01 808004 00", "01 02 808004"}) {
    EXPECT_FALSE(parseMetadataFrame(fromHex(hex))) << hex;
  }
  EXPECT_EQ(parseMetadataFrame(fromHex("02 02 00")).error().code(), ErrorCode::UnsupportedVersion);
}

}  // namespace
}  // namespace klamm::protocol::test
