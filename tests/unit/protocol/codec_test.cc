// Bytes worked out by hand from the schema, and what becomes of values and bytes that do not fit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/00_produce.h"
#include "protocol/01_fetch.h"
#include "protocol/03_metadata.h"
#include "protocol/12_heartbeat.h"
#include "protocol/49_alter_client_quotas.h"
#include "protocol/59_fetch_snapshot.h"
#include "protocol/68_consumer_group_heartbeat.h"
#include "protocol/75_describe_topic_partitions.h"
#include "protocol/records/consumer_group_member_metadata_value.h"
#include "random_message.h"

namespace klamm::protocol::test {
namespace {

using ::testing::HasSubstr;

template <class M>
std::string hexOf(const M& message, std::int16_t version) {
  const auto parts = encode(message, version);
  return parts ? toHex(joined(*parts)) : parts.error().message();
}

template <class M>
Error decodeError(std::string_view hex, std::int16_t version) {
  const auto message = decode<M>(fromHex(hex), version);
  return message ? Error() : message.error();
}

std::string squeezed(std::string_view hex) { return toHex(fromHex(hex)); }

TEST(Codec, WritesClassicAndFlexibleVersionsOfHeartbeat) {
  const HeartbeatRequest request{.groupId = "g", .generationId = 7, .memberId = "m"};
  EXPECT_EQ(hexOf(request, 0), squeezed("0001 67 00000007 0001 6d"));
  EXPECT_EQ(hexOf(request, 3), squeezed("0001 67 00000007 0001 6d ffff"));
  EXPECT_EQ(hexOf(request, 4), squeezed("02 67 00000007 02 6d 00 00"));
}

TEST(Codec, WritesNullAndEmptyArraysApart) {
  EXPECT_EQ(hexOf(MetadataRequest{.topics = std::nullopt}, 12), squeezed("00 01 00 00"));
  EXPECT_EQ(hexOf(MetadataRequest{.topics = std::vector<MetadataRequest::MetadataRequestTopic>{}}, 12), squeezed("01 01 00 00"));
  EXPECT_EQ(hexOf(MetadataRequest{.topics = std::nullopt}, 1), squeezed("ffffffff"));
}

TEST(Codec, WritesTaggedFieldsWithTheirSizesBehindTheRegularOnes) {
  ProduceResponse response;
  auto& partition = response.responses.emplace_back().partitionResponses.emplace_back();
  response.responses[0].name = "t";
  partition.errorCode = ErrorCode::NotLeaderOrFollower;
  partition.baseOffset = -1;
  partition.currentLeader = {.leaderId = 2, .leaderEpoch = 5};
  EXPECT_EQ(hexOf(response, 10), squeezed("02 02 74 02 00000000 0006 ffffffffffffffff ffffffffffffffff ffffffffffffffff 01 00"
                                          "   01 00 09 00000002 00000005 00"
                                          " 00 00000000 00"));
  // The version before has no such field; it is ignorable there, being tagged in every version that has it.
  partition.currentLeader = {};
  EXPECT_EQ(hexOf(response, 9), squeezed("02 02 74 02 00000000 0006 ffffffffffffffff ffffffffffffffff ffffffffffffffff 01 00 00 00 00000000 00"));
}

TEST(Codec, MarksANullableStructByAByteAndInATagByAVarint) {
  DescribeTopicPartitionsRequest request{.responsePartitionLimit = 1};
  EXPECT_EQ(hexOf(request, 0), squeezed("01 00000001 ff 00"));
  request.cursor = {.topicName = "t", .partitionIndex = 3};
  EXPECT_EQ(hexOf(request, 0), squeezed("01 00000001 01 02 74 00000003 00 00"));
  const ConsumerGroupMemberMetadataValue member{.classicMemberMetadata = std::nullopt};
  EXPECT_EQ(hexOf(member, 0), squeezed("01 01 01 01 01 01 ffffffff 01 01 00 01 00"));
}

TEST(Codec, SplicesRecordsByReferenceAndCopiesSmallOnes) {
  ProduceRequest request{.acks = -1, .timeoutMs = 1};
  const Buffer large = Buffer::copyOf(std::string(5000, 'L'));
  auto& partitions = request.topicData.emplace_back().partitionData;
  request.topicData[0].name = "t";
  partitions.push_back({.index = 0, .records = Parts(large)});
  partitions.push_back({.index = 1, .records = Parts(Buffer::copyOf("small"))});
  const auto parts = encode(request, 3);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->list().size(), 3U);
  EXPECT_EQ(std::get<Buffer>(parts->list()[1]).data(), large.data());
  EXPECT_EQ(std::get<Buffer>(parts->list()[0]).owner(), std::get<Buffer>(parts->list()[2]).owner()) << "one allocation for the rest";
  EXPECT_EQ(toHex(std::get<Buffer>(parts->list()[0])), squeezed("ffff ffff 00000001 00000001 0001 74 00000002 00000000 00001388"));
  EXPECT_EQ(toHex(std::get<Buffer>(parts->list()[2])), squeezed("00000001 00000005 736d616c6c"));
  EXPECT_EQ(parts->size(), encodedSize(request, 3).value());
}

TEST(Codec, PassesAFileRangeOnUntouchedAndRefusesToCopyIt) {
  FetchResponse response;
  Parts records;
  records.add(Part(FileRange{.file = std::make_shared<FileHandle>(-1), .offset = 7, .length = 9}));
  auto& partition = response.responses.emplace_back().partitions.emplace_back();
  partition.records = records;
  const auto parts = encode(response, 12);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->list().size(), 3U);
  EXPECT_EQ(std::get<FileRange>(parts->list()[1]), std::get<FileRange>(records.list()[0]));
  const auto copied = encodeToBuffer(response, 12);
  ASSERT_FALSE(copied);
  EXPECT_THAT(copied.error().context(), HasSubstr("responses[0].partitions[0].records"));
}

TEST(Codec, DecodesRecordsAndBytesAsSlicesOfTheFrame) {
  const Buffer frame = fromHex("ffff ffff 00000001 00000001 0001 74 00000001 00000000 00000005 736d616c6c");
  const auto request = decode<ProduceRequest>(frame, 3);
  ASSERT_TRUE(request);
  const Buffer records = request->topicData[0].partitionData[0].records->buffer();
  EXPECT_EQ(records.text(), "small");
  EXPECT_EQ(records.data(), frame.data() + frame.size() - 5);
  EXPECT_EQ(records.owner(), frame.owner());
}

TEST(Codec, KeepsUnknownTaggedFieldsAndSendsThemOn) {
  const std::string hex = squeezed("00000000 0000 02 05 01 aa 63 02 bbcc");
  const auto response = decode<HeartbeatResponse>(fromHex(hex), 4);
  ASSERT_TRUE(response) << response.error().message();
  ASSERT_EQ(response->unknownTaggedFields.size(), 2U);
  EXPECT_EQ(response->unknownTaggedFields[0].tag, 5U);
  EXPECT_EQ(toHex(response->unknownTaggedFields[1].data), "bbcc");
  EXPECT_EQ(hexOf(*response, 4), hex);
}

TEST(Codec, RefusesATagOfAnotherVersionAsKafkaDoes) {
  FetchRequest request;
  request.unknownTaggedFields.push_back({1, fromHex("00")});  // replicaState, from version 15 on
  const auto bytes = encodeToBuffer(request, 12);
  ASSERT_TRUE(bytes);
  const auto read = decode<FetchRequest>(*bytes, 12);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::InvalidRequest);
  EXPECT_THAT(read.error().context(), HasSubstr("tag 1 is not valid for version 12"));
}

TEST(Codec, IgnoresSurplusBytesAndSaysHowManyItRead) {
  const Buffer frame = fromHex("00000000 0000 00 ffffff");
  ASSERT_TRUE(decode<HeartbeatResponse>(frame, 4));
  EXPECT_EQ(decodePrefix<HeartbeatResponse>(frame, 4)->bytesRead, 7U);
}

TEST(Codec, RefusesAValueThatTheVersionCannotCarry) {
  const HeartbeatRequest request{.groupInstanceId = "static"};
  const auto parts = encode(request, 2);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code(), ErrorCode::UnsupportedVersion);
  EXPECT_EQ(parts.error().context(), "HeartbeatRequest v2: field groupInstanceId: a value other than the default cannot be sent in this version");
  EXPECT_TRUE(encode(request, 3));
}

TEST(Codec, DropsAnIgnorableValueThatTheVersionCannotCarry) {
  EXPECT_EQ(hexOf(HeartbeatResponse{.throttleTimeMs = 9}, 0), "0000");
  EXPECT_EQ(hexOf(HeartbeatResponse{.throttleTimeMs = 9}, 1), "000000090000");
}

TEST(Codec, RefusesNullWhereTheVersionHasNone) {
  const auto parts = encode(MetadataRequest{.topics = std::nullopt}, 0);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().context(), "MetadataRequest v0: field topics: null cannot be sent in this version");
  MetadataResponse response;
  response.topics.resize(3);
  for (auto& topic : response.topics) topic.name = "t";
  response.topics[2].name.reset();
  EXPECT_THAT(encode(response, 9).error().context(), HasSubstr("MetadataResponse v9: field topics[2].name: null"));
  EXPECT_TRUE(encode(response, 12));
}

TEST(Codec, RefusesATextLongerThanKafkaAllows) {
  const auto parts = encode(HeartbeatRequest{.groupId = std::string(32768, 'g')}, 4);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code(), ErrorCode::IllegalArgument);
  EXPECT_TRUE(encode(HeartbeatRequest{.groupId = std::string(32767, 'g')}, 4));
}

TEST(Codec, NamesMessageVersionFieldAndByteOfADecodeFailure) {
  const Error cut = decodeError<HeartbeatRequest>("0001 67 0000", 0);
  EXPECT_EQ(cut.code(), ErrorCode::InvalidRequest);
  EXPECT_EQ(cut.context(), "HeartbeatRequest v0: field generationId at byte 3: needs 4 bytes, 2 remain");
  const Error nested = decodeError<ProduceRequest>("ffff ffff 00000001 00000001 0001 74 00000001 00000000 00000006 736d616c6c", 3);
  EXPECT_EQ(nested.context(), "ProduceRequest v3: field topicData[0].partitionData[0].records at byte 27: claims 6 bytes, 5 remain");
  EXPECT_EQ(decodeError<HeartbeatResponse>("0000", 4).code(), ErrorCode::MalformedResponse);
}

TEST(Codec, RefusesHostileLengths) {
  // Arrays: more elements than bytes remain, negative counts, null where there is none.
  EXPECT_THAT(decodeError<MetadataRequest>("7fffffff", 1).context(), HasSubstr("topics at byte 4: claims 2147483647 elements, 0 bytes remain"));
  EXPECT_THAT(decodeError<MetadataRequest>("fffffffe", 1).context(), HasSubstr("topics at byte 0: has the length -2"));
  EXPECT_THAT(decodeError<MetadataRequest>("ffffffff", 0).context(), HasSubstr("topics at byte 0: is null"));
  EXPECT_THAT(decodeError<MetadataRequest>("ffffffff0f", 12).context(), HasSubstr("claims 4294967294 elements"));
  // Texts.
  EXPECT_THAT(decodeError<HeartbeatRequest>("8000", 0).context(), HasSubstr("groupId at byte 0: has the length -32768"));
  EXPECT_THAT(decodeError<HeartbeatRequest>("7fff61", 0).context(), HasSubstr("claims 32767 bytes, 1 remain"));
  EXPECT_THAT(decodeError<HeartbeatRequest>("818002", 4).context(), HasSubstr("text of 32768 bytes"));
  EXPECT_THAT(decodeError<HeartbeatRequest>("00", 4).context(), HasSubstr("is null"));
  // Varints: cut, of six bytes, above 32 bits.
  EXPECT_THAT(decodeError<HeartbeatRequest>("80", 4).context(), HasSubstr("end inside a varint"));
  EXPECT_THAT(decodeError<HeartbeatRequest>("808080808001", 4).context(), HasSubstr("more than 32 bits"));
  EXPECT_THAT(decodeError<HeartbeatRequest>("ffffffff7f", 4).context(), HasSubstr("more than 32 bits"));
}

TEST(Codec, RefusesBrokenTagSections) {
  const auto errorOf = [](std::string_view tags) { return decodeError<HeartbeatResponse>("00000000 0000" + std::string(tags), 4).context(); };
  EXPECT_THAT(errorOf("02 05 00 05 00"), HasSubstr("at byte 9: tag 5 comes after tag 5"));
  EXPECT_THAT(errorOf("02 05 00 04 00"), HasSubstr("tag 4 comes after tag 5"));
  EXPECT_THAT(errorOf("01 05 02 aa"), HasSubstr("claims 2 bytes, 1 remain"));
  EXPECT_THAT(errorOf("ffffffff0f"), HasSubstr("end inside a varint"));
}

TEST(Codec, HoldsAKnownTaggedFieldToItsSize) {
  // FetchRequest v12: tag 0 is the cluster id.
  const std::string body = "ffffffff 00000001 00000001 00000001 00 00000000 00000000 01 01 01";
  ASSERT_EQ(decode<FetchRequest>(fromHex(body + "01 00 03 03 6869"), 12)->clusterId, "hi");
  EXPECT_THAT(decodeError<FetchRequest>(body + "01 00 02 03 6869", 12).context(), HasSubstr("clusterId at byte 32: claims 2 bytes, 1 remain"));
  EXPECT_THAT(decodeError<FetchRequest>(body + "01 00 04 03 6869 00", 12).context(), HasSubstr("tag 0 is 1 bytes longer than its value"));
}

TEST(Codec, KeepsEarlierTagsWhenALaterOneHoldsTagsItself) {
  ProduceResponse response;
  response.nodeEndpoints.push_back({.nodeId = 1, .host = "h", .port = 9, .unknownTaggedFields = {{0, Buffer::copyOf("x")}}});
  response.unknownTaggedFields.push_back({3, Buffer::copyOf("later")});
  const auto again = decode<ProduceResponse>(joined(*encode(response, 10)), 10);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, response);
}

TEST(Codec, TurnsAnUnknownErrorNumberIntoUnknownServerError) {
  EXPECT_EQ(decode<HeartbeatResponse>(fromHex("7fff"), 0)->errorCode, ErrorCode::UnknownServerError);
  EXPECT_EQ(decode<HeartbeatResponse>(fromHex("fc17"), 0)->errorCode, ErrorCode::UnknownServerError) << "-1001 is Wakeup in this process";
}

TEST(Codec, HasKafkasDefaults) {
  EXPECT_EQ(FetchRequest().maxBytes, 0x7fffffff);
  EXPECT_EQ(FetchRequest().isolationLevel, 0);
  EXPECT_EQ(MetadataRequest().allowAutoTopicCreation, true);
  EXPECT_EQ(ConsumerGroupHeartbeatRequest().rebalanceTimeoutMs, -1);
  EXPECT_EQ(ConsumerGroupHeartbeatRequest().subscribedTopicNames, std::nullopt);
  EXPECT_EQ(ProduceResponse::PartitionProduceResponse().logStartOffset, -1);
}

TEST(Print, WritesTheFormOfKafkasConverters) {
  const HeartbeatRequest request{.groupId = "a\"b\\\n\x01", .generationId = -1, .memberId = "\xc3\xbc"};
  EXPECT_EQ(toJson(request, 2), R"({"groupId":"a\"b\\\n\u0001","generationId":-1,"memberId":"ü"})");
  EXPECT_EQ(toString(request), R"(HeartbeatRequest{"groupId":"a\"b\\\n\u0001","generationId":-1,"memberId":"ü","groupInstanceId":null})");
  FetchSnapshotResponse snapshot;
  EXPECT_EQ(toJson(snapshot, 0), R"({"throttleTimeMs":0,"errorCode":0,"topics":[]})");
}

TEST(Print, WritesNumbersWithAPointAsJavaDoes) {
  AlterClientQuotasRequest request{.entries = {{}}};
  for (const double value : {3.0, -12.5, 9999999.0, 1e7, -2.5e-4, 1e300}) request.entries[0].ops.push_back({.key = "k", .value = value});
  const std::string json = toJson(request, 1);
  for (const char* text : {":3.0,", ":-12.5,", ":9999999.0,", ":1.0E7,", ":-2.5E-4,", ":1.0E300,"}) EXPECT_NE(json.find(text), std::string::npos) << text << json;
}

}  // namespace
}  // namespace klamm::protocol::test
