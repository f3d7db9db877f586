#include "protocol/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "protocol/12_heartbeat.h"
#include "protocol/18_api_versions.h"
#include "random_message.h"

namespace klamm::protocol::test {
namespace {

using ::testing::HasSubstr;

/// A frame without its size, which must be right.
Buffer unframed(const Parts& parts) {
  const Buffer all = joined(parts);
  EXPECT_EQ(loadBigEndian<std::int32_t>(all.data()), static_cast<std::int32_t>(all.size() - 4));
  return all.slice(4);
}

TEST(Frame, WritesRequestHeaderV1BeforeAClassicBody) {
  const HeartbeatRequest request{.groupId = "g", .generationId = 7, .memberId = "m"};
  EXPECT_EQ(toHex(joined(*encodeRequest(request, 0, 258, "me"))),
            toHex(fromHex("00000016 000c 0000 00000102 0002 6d65 0001 67 00000007 0001 6d")));
}

TEST(Frame, WritesRequestHeaderV2WithAClassicClientIdBeforeAFlexibleBody) {
  const HeartbeatRequest request{.groupId = "g", .generationId = 7, .memberId = "m"};
  EXPECT_EQ(toHex(joined(*encodeRequest(request, 4, 258, "me"))),
            toHex(fromHex("00000017 000c 0004 00000102 0002 6d65 00 02 67 00000007 02 6d 00 00")));
  EXPECT_EQ(toHex(joined(*encodeRequest(request, 4, 258, std::nullopt))),
            toHex(fromHex("00000015 000c 0004 00000102 ffff 00 02 67 00000007 02 6d 00 00")));
}

TEST(Frame, WritesResponseHeaderV1BeforeAFlexibleBodyOnly) {
  EXPECT_EQ(toHex(joined(*encodeResponse(HeartbeatResponse(), 3, 5))), toHex(fromHex("0000000a 00000005 00000000 0000")));
  EXPECT_EQ(toHex(joined(*encodeResponse(HeartbeatResponse(), 4, 5))), toHex(fromHex("0000000c 00000005 00 00000000 0000 00")));
}

TEST(Frame, WritesResponseHeaderV0ForEveryVersionOfApiVersions) {
  EXPECT_EQ(toHex(joined(*encodeResponse(ApiVersionsResponse(), 3, 5))), toHex(fromHex("0000000c 00000005 0000 01 00000000 00")));
  const auto frame = parseResponse(fromHex("00000005 0000 01 00000000 00"), ApiKey::ApiVersions, 3);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->correlationId, 5);
  EXPECT_TRUE(decode<ApiVersionsResponse>(frame->body, 3));
}

TEST(Frame, ReadsBackWhatItWrote) {
  for (const std::int16_t version : {0, 3, 4}) {
    const HeartbeatRequest request{.groupId = "g", .memberId = "m"};
    const auto parsed = parseRequest(unframed(*encodeRequest(request, version, -7, "client")));
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->api->key, ApiKey::Heartbeat);
    EXPECT_EQ(parsed->version(), version);
    EXPECT_EQ(parsed->header.correlationId, -7);
    EXPECT_EQ(parsed->header.clientId, "client");
    EXPECT_EQ(*decode<HeartbeatRequest>(parsed->body, version), request);
    const HeartbeatResponse response{.errorCode = ErrorCode::RebalanceInProgress};
    const Buffer answer = unframed(*encodeResponse(response, version, -7));
    EXPECT_EQ(*correlationIdOf(answer), -7);
    EXPECT_EQ(*decode<HeartbeatResponse>(parseResponse(answer, ApiKey::Heartbeat, version)->body, version), response);
  }
}

TEST(Frame, ReadsTheHeaderOfAVersionThatTheApiDoesNotHave) {
  const auto parsed = parseRequest(fromHex("0012 7fff 00000009 0001 63 00 aabb"));
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->header.correlationId, 9);
  EXPECT_FALSE(parsed->api->versions.contains(parsed->version()));
  EXPECT_EQ(toHex(parsed->body), "aabb");
}

TEST(Frame, ReadsTheHeaderOfAnUnknownApiWithoutABody) {
  for (const char* hex : {"0004 0000 00000009 0001 63", "7fff 0000 00000009 0001 63", "ffff 0000 00000009 0001 63"}) {
    const auto parsed = parseRequest(fromHex(hex));
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(parsed->api, nullptr);
    EXPECT_EQ(parsed->header.correlationId, 9);
  }
}

TEST(Frame, RefusesCutHeaders) {
  const Buffer whole = fromHex("000c 0004 00000102 0002 6d65 00");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto parsed = parseRequest(Buffer::copyOf(whole.slice(0, length).view()));
    ASSERT_FALSE(parsed) << length;
    EXPECT_EQ(parsed.error().code(), ErrorCode::InvalidRequest);
  }
  EXPECT_THAT(parseRequest(whole.slice(0, 9)).error().context(), HasSubstr("RequestHeader v2: field clientId"));
  EXPECT_FALSE(correlationIdOf(fromHex("000000")));
  EXPECT_FALSE(parseResponse(fromHex("00000001"), ApiKey::Heartbeat, 4));
}

}  // namespace
}  // namespace klamm::protocol::test
