// Our assignor and our group messages against what Kafka's own classes gave (group_vectors.inc, java/GroupVectors.java).

#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "consumer/assignors/range.h"
#include "consumer/group/consumer_protocol.h"

namespace klamm::consumer {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

constexpr const char* kVectors[] = {
#include "group_vectors.inc"
};

std::vector<std::string> vectors() { return {std::begin(kVectors), std::end(kVectors)}; }

std::string hexOf(BytesView bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    text += digits[static_cast<unsigned>(byte) >> 4];
    text += digits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

Buffer bytesOf(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return Buffer::adopt(std::move(bytes));
}

std::string javaBytes(const std::string& kind, const std::string& name) {
  for (const std::string& line : vectors()) {
    const auto words = split(line, ' ');
    if (words.size() == 3 && words[0] == kind && words[1] == name) return words[2];
  }
  ADD_FAILURE() << "no vector " << kind << " " << name;
  return {};
}

TEST(RangeAssignor, SharesPartitionsOutAsKafkasOwn) {
  RangeAssignor assignor;
  int checked = 0;
  for (const std::string& line : vectors()) {
    if (line.rfind("assign ", 0) != 0) continue;
    std::map<std::string, std::int32_t> counts;
    MemberSubscriptions members;
    std::map<std::string, std::set<std::string>> expected;
    for (const std::string& word : split(line.substr(7), ' ')) {
      const std::size_t equals = word.find('=');
      const std::string left = word.substr(2, equals - 2);
      const std::string right = word.substr(equals + 1);
      if (word[0] == 'T') {
        if (right != "0") counts[left] = std::stoi(right);
      } else if (word[0] == 'M') {
        const auto names = split(left, '/');
        MemberSubscription& member = members[names[0]];
        if (names[1] != "-") member.groupInstanceId = names[1];
        member.topics = split(right, ',');
      } else {
        for (const std::string& partition : split(right, ',')) expected[left].insert(partition);
        expected[left];
      }
    }
    std::map<std::string, std::set<std::string>> actual;
    for (const auto& [member, partitions] : assignor.assign(counts, members)) {
      actual[member];
      for (const TopicPartition& partition : partitions) actual[member].insert(partition.toString());
    }
    EXPECT_EQ(actual, expected) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 300);
}

TEST(ConsumerProtocol, WritesSubscriptionsByteForByteAsJava) {
  EXPECT_EQ(hexOf(*encodeSubscription({.topics = {"b", "a", "topic-3"}})), javaBytes("subscription", "plain"));
  EXPECT_EQ(hexOf(*encodeSubscription({.topics = {"orders"}, .generationId = 7, .rackId = "rack-1"})), javaBytes("subscription", "generation"));
  EXPECT_EQ(hexOf(*encodeSubscription({.topics = {"a", "b"}, .userData = {std::byte{1}, std::byte{2}, std::byte{3}}, .ownedPartitions = {{"b", 1}, {"a", 4}, {"a", 0}}, .generationId = 3})),
            javaBytes("subscription", "owned"));
}

TEST(ConsumerProtocol, WritesAssignmentsByteForByteAsJava) {
  EXPECT_EQ(hexOf(*encodeAssignment({{"b", 1}, {"a", 4}, {"a", 0}})), javaBytes("assignment", "some"));
  EXPECT_EQ(hexOf(*encodeAssignment({})), javaBytes("assignment", "none"));
}

TEST(ConsumerProtocol, ReadsWhatJavaWrote) {
  const auto owned = decodeSubscription(bytesOf(javaBytes("subscription", "owned")));
  ASSERT_TRUE(owned) << owned.error().message();
  EXPECT_EQ(owned->topics, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(owned->ownedPartitions, (TopicPartitions{{"a", 0}, {"a", 4}, {"b", 1}}));
  EXPECT_EQ(owned->generationId, 3);
  EXPECT_EQ(owned->userData.size(), 3U);
  EXPECT_EQ(decodeSubscription(bytesOf(javaBytes("subscription", "generation")))->rackId, "rack-1");
  EXPECT_EQ(*decodeAssignment(bytesOf(javaBytes("assignment", "some"))), (TopicPartitions{{"b", 1}, {"a", 4}, {"a", 0}}));
  EXPECT_EQ(*decodeAssignment(Buffer()), TopicPartitions{});
}

TEST(ConsumerProtocol, ReadsVersionsNewerThanItsOwnAsTheNewestItKnows) {
  std::string later = javaBytes("assignment", "some");
  later.replace(0, 4, "0009");
  later += "cafe";  // a field that version 9 might add
  EXPECT_EQ(decodeAssignment(bytesOf(later)).value_or(TopicPartitions{}), (TopicPartitions{{"b", 1}, {"a", 4}, {"a", 0}}));
}

TEST(ConsumerProtocol, RefusesBytesThatAreNoGroupMessage) {
  EXPECT_FALSE(decodeSubscription(bytesOf("00")));
  EXPECT_FALSE(decodeSubscription(bytesOf("ffff00000000")));
  EXPECT_FALSE(decodeAssignment(bytesOf("00037fffffff")));
  const std::string whole = javaBytes("subscription", "owned");
  for (std::size_t cut = 2; cut < whole.size(); cut += 2) EXPECT_FALSE(decodeSubscription(bytesOf(whole.substr(0, cut)))) << cut;
}

}  // namespace
}  // namespace klamm::consumer
