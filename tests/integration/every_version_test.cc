// Each served API is asked in each of its versions: the broker answers, and the answer decodes.

#include <klamm/broker/embedded.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <klamm/admin.h>

#include "net/transport.h"
#include "protocol/00_produce.h"
#include "protocol/01_fetch.h"
#include "protocol/02_list_offsets.h"
#include "protocol/03_metadata.h"
#include "protocol/08_offset_commit.h"
#include "protocol/09_offset_fetch.h"
#include "protocol/10_find_coordinator.h"
#include "protocol/11_join_group.h"
#include "protocol/12_heartbeat.h"
#include "protocol/13_leave_group.h"
#include "protocol/14_sync_group.h"
#include "protocol/15_describe_groups.h"
#include "protocol/16_list_groups.h"
#include "protocol/17_sasl_handshake.h"
#include "protocol/18_api_versions.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"
#include "protocol/21_delete_records.h"
#include "protocol/22_init_producer_id.h"
#include "protocol/23_offset_for_leader_epoch.h"
#include "protocol/32_describe_configs.h"
#include "protocol/33_alter_configs.h"
#include "protocol/35_describe_log_dirs.h"
#include "protocol/36_sasl_authenticate.h"
#include "protocol/37_create_partitions.h"
#include "protocol/42_delete_groups.h"
#include "protocol/44_incremental_alter_configs.h"
#include "protocol/46_list_partition_reassignments.h"
#include "protocol/47_offset_delete.h"
#include "protocol/55_describe_quorum.h"
#include "protocol/60_describe_cluster.h"
#include "protocol/74_list_config_resources.h"
#include "protocol/75_describe_topic_partitions.h"
#include "protocol/frame.h"
#include "record/batch_builder.h"

namespace klamm::broker {
namespace {

using namespace protocol;

/// What this file asks for; ask() checks that nothing is missing here, the last case that nothing is missing in this file.
const std::set<ApiKey> kAsked{
    ApiKey::Produce, ApiKey::Fetch, ApiKey::ListOffsets, ApiKey::Metadata, ApiKey::OffsetCommit, ApiKey::OffsetFetch, ApiKey::FindCoordinator,
    ApiKey::JoinGroup, ApiKey::Heartbeat, ApiKey::LeaveGroup, ApiKey::SyncGroup, ApiKey::DescribeGroups, ApiKey::ListGroups, ApiKey::SaslHandshake,
    ApiKey::ApiVersions, ApiKey::CreateTopics, ApiKey::DeleteTopics, ApiKey::DeleteRecords, ApiKey::InitProducerId, ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeConfigs, ApiKey::AlterConfigs, ApiKey::DescribeLogDirs, ApiKey::SaslAuthenticate, ApiKey::CreatePartitions, ApiKey::DeleteGroups,
    ApiKey::IncrementalAlterConfigs, ApiKey::ListPartitionReassignments, ApiKey::OffsetDelete, ApiKey::DescribeQuorum, ApiKey::DescribeCluster,
    ApiKey::ListConfigResources, ApiKey::DescribeTopicPartitions,
};

/// A connection on which a test waits for each answer.
class PlainClient final : public net::ConnectionHandler, public std::enable_shared_from_this<PlainClient> {
 public:
  void onFrame(net::Connection&, Buffer frame) override {
    const std::lock_guard lock(mutex_);
    frames_.push_back(std::move(frame));
    changed_.notify_all();
  }
  void onClosed(net::Connection&, const Error& reason) override {
    const std::lock_guard lock(mutex_);
    closed_ = reason.message();
    changed_.notify_all();
  }
  /// The next frame; empty when the connection closes or ten seconds pass.
  Buffer next() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return !frames_.empty() || !closed_.empty(); });
    if (frames_.empty()) return {};
    Buffer frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Buffer> frames_;
  std::string closed_;
};

class EveryVersion : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    broker = std::make_unique<Embedded>(Embedded::start());
    Admin admin(Config{{"bootstrap.servers", broker->bootstrapServers()}});
    admin.createTopics({{.name = "t", .partitions = 2, .replicationFactor = 1}}).all.get();
    topicId = Uuid::parse(admin.describeTopics({"t"}).values.at("t").get().topicId).value();
  }
  static void TearDownTestSuite() { broker.reset(); }

  EveryVersion() : loop_(net::makeLoop()), transport_(net::makeTransport(*loop_)), thread_([this] { loop_->run(); }) {}
  ~EveryVersion() override {
    loop_->stop();
    thread_.join();
    transport_.reset();
  }

  /// Asks in every version; `make` fills the request for one. Returns the answer to the last.
  template <class Request, class Make>
  typename Request::Response ask(Make make) {
    typename Request::Response last;
    const Versions versions = apiInfo(Request::kApiKey).stableVersions;
    EXPECT_TRUE(kAsked.contains(Request::kApiKey));
    for (std::int16_t version = versions.first; version <= versions.last; ++version) {
      SCOPED_TRACE("version " + std::to_string(version));
      Request request;
      make(request, version);
      const auto client = std::make_shared<PlainClient>();
      const auto connection = transport_->connect({"127.0.0.1", broker->port()}, {}, loop_->now() + std::chrono::seconds(10), client);
      const auto frame = encodeRequest(request, version, 7, "test");
      EXPECT_TRUE(frame) << frame.error().message();
      if (!frame) continue;
      EXPECT_TRUE(connection->send(*frame));
      const Buffer answer = client->next();
      connection->close(Error(ErrorCode::Cancelled));
      EXPECT_FALSE(answer.empty()) << "no answer";
      if (answer.empty()) continue;
      const auto parsed = parseResponse(answer, Request::kApiKey, version);
      EXPECT_TRUE(parsed);
      EXPECT_EQ(parsed->correlationId, 7);
      auto body = decodePrefix<typename Request::Response>(parsed->body, version);
      EXPECT_TRUE(body) << body.error().message();
      if (!body) continue;
      EXPECT_EQ(body->bytesRead, parsed->body.size()) << "nothing is left over";
      last = std::move(body->message);
    }
    return last;
  }
  template <class Request>
  typename Request::Response askPlain() {
    return ask<Request>([](Request&, std::int16_t) {});
  }

  static inline std::unique_ptr<Embedded> broker;
  static inline Uuid topicId;

 private:
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Transport> transport_;
  std::thread thread_;
};

TEST_F(EveryVersion, OfProduceAndFetch) {
  record::BatchBuilder builder;
  ASSERT_TRUE(builder.append(1'700'000'000'000, std::nullopt, asBytes(std::string_view("hi"))));
  const Buffer batch = builder.close({}).value();
  const auto produced = ask<ProduceRequest>([&](ProduceRequest& request, std::int16_t version) {
    request.acks = -1;
    request.timeoutMs = 1000;
    auto& topic = request.topicData.emplace_back();
    if (version >= 13) topic.topicId = topicId;
    else topic.name = "t";
    auto& partition = topic.partitionData.emplace_back();
    partition.index = 0;
    partition.records = Parts(batch);
  });
  EXPECT_EQ(produced.responses.at(0).partitionResponses.at(0).errorCode, ErrorCode::None);
  EXPECT_EQ(produced.responses.at(0).partitionResponses.at(0).baseOffset, 10) << "versions 3 to 13 wrote one record each";
  const auto fetched = ask<FetchRequest>([&](FetchRequest& request, std::int16_t version) {
    request.maxWaitMs = 100;
    request.minBytes = 1;
    if (version < 15) request.replicaId = -1;
    auto& topic = request.topics.emplace_back();
    if (version >= 13) topic.topicId = topicId;
    else topic.topic = "t";
    auto& partition = topic.partitions.emplace_back();
    partition.partitionMaxBytes = 1 << 20;
  });
  EXPECT_EQ(fetched.responses.at(0).partitions.at(0).highWatermark, 11);
  EXPECT_GT(fetched.responses.at(0).partitions.at(0).records->size(), 0U);
}

TEST_F(EveryVersion, OfOffsetsAndEpochs) {
  const auto listed = ask<ListOffsetsRequest>([](ListOffsetsRequest& request, std::int16_t) {
    request.replicaId = -1;
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions.emplace_back().timestamp = -1;
  });
  EXPECT_EQ(listed.topics.at(0).partitions.at(0).errorCode, ErrorCode::None);
  const auto epochs = ask<OffsetForLeaderEpochRequest>([](OffsetForLeaderEpochRequest& request, std::int16_t version) {
    if (version >= 3) request.replicaId = -1;
    request.topics.emplace_back().topic = "t";
    request.topics[0].partitions.emplace_back();
  });
  EXPECT_EQ(epochs.topics.at(0).partitions.at(0).errorCode, ErrorCode::None);
  ask<DeleteRecordsRequest>([](DeleteRecordsRequest& request, std::int16_t) {
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions.emplace_back().offset = 0;
    request.timeoutMs = 1000;
  });
  const auto ids = ask<InitProducerIdRequest>([](InitProducerIdRequest& request, std::int16_t) { request.transactionalId = std::nullopt; });
  EXPECT_EQ(ids.errorCode, ErrorCode::None);
  EXPECT_GE(ids.producerId, 0);
}

TEST_F(EveryVersion, OfMetadata) {
  const auto some = ask<MetadataRequest>([](MetadataRequest& request, std::int16_t) {
    request.topics = std::vector<MetadataRequest::MetadataRequestTopic>(1);
    request.topics->at(0).name = "t";
  });
  EXPECT_EQ(some.topics.at(0).partitions.size(), 2U);
  EXPECT_EQ(some.brokers.at(0).port, broker->port());
  const auto missing = ask<MetadataRequest>([](MetadataRequest& request, std::int16_t version) {
    request.topics = std::vector<MetadataRequest::MetadataRequestTopic>(1);
    request.topics->at(0).name = version < 4 ? "made-on-demand" : "nowhere";
    if (version >= 4) request.allowAutoTopicCreation = false;
  });
  EXPECT_EQ(missing.topics.at(0).errorCode, ErrorCode::UnknownTopicOrPartition);
  askPlain<DescribeClusterRequest>();
  ask<DescribeTopicPartitionsRequest>([](DescribeTopicPartitionsRequest& request, std::int16_t) { request.topics.emplace_back().name = "t"; });
  ask<ListPartitionReassignmentsRequest>([](ListPartitionReassignmentsRequest& request, std::int16_t) { request.topics = std::nullopt; });
  const auto quorum = ask<DescribeQuorumRequest>([](DescribeQuorumRequest& request, std::int16_t) {
    request.topics.emplace_back().topicName = "__cluster_metadata";
    request.topics[0].partitions.emplace_back();
  });
  EXPECT_EQ(quorum.topics.at(0).partitions.at(0).leaderId, 1);
  const auto folders = ask<DescribeLogDirsRequest>([](DescribeLogDirsRequest& request, std::int16_t) { request.topics = std::nullopt; });
  EXPECT_EQ(folders.results.at(0).logDir, broker->dataFolder());
}

TEST_F(EveryVersion, OfChanges) {
  const auto created = ask<CreateTopicsRequest>([](CreateTopicsRequest& request, std::int16_t version) {
    auto& topic = request.topics.emplace_back();
    topic.name = "made" + std::to_string(version);
    topic.numPartitions = topic.replicationFactor = 1;
  });
  EXPECT_EQ(created.topics.at(0).errorCode, ErrorCode::None);
  const auto grown = ask<CreatePartitionsRequest>([](CreatePartitionsRequest& request, std::int16_t version) {
    auto& topic = request.topics.emplace_back();
    topic.name = "made7";
    topic.count = version + 2;
    topic.assignments = std::nullopt;
    request.timeoutMs = 1000;
  });
  EXPECT_EQ(grown.results.at(0).errorCode, ErrorCode::None);
  const auto altered = ask<IncrementalAlterConfigsRequest>([](IncrementalAlterConfigsRequest& request, std::int16_t) {
    auto& resource = request.resources.emplace_back();
    resource.resourceType = 2;
    resource.resourceName = "t";
    resource.configs.emplace_back().name = "segment.ms";
    resource.configs[0].value = "60000";
  });
  EXPECT_EQ(altered.responses.at(0).errorCode, ErrorCode::None);
  ask<AlterConfigsRequest>([](AlterConfigsRequest& request, std::int16_t) {
    request.resources.emplace_back().resourceType = 2;
    request.resources[0].resourceName = "t";
  });
  const auto described = ask<DescribeConfigsRequest>([](DescribeConfigsRequest& request, std::int16_t version) {
    request.resources.resize(2);
    request.resources[0].resourceType = 2;
    request.resources[0].resourceName = "t";
    request.resources[1].resourceType = 4;
    request.resources[1].resourceName = "1";
    for (auto& resource : request.resources) resource.configurationKeys = std::nullopt;
    request.includeSynonyms = true;
    if (version >= 3) request.includeDocumentation = true;
  });
  EXPECT_EQ(described.results.at(0).configs.size(), 33U);
  ask<ListConfigResourcesRequest>([](ListConfigResourcesRequest&, std::int16_t) {});
  const auto deleted = ask<DeleteTopicsRequest>([](DeleteTopicsRequest& request, std::int16_t version) {
    if (version >= 6) request.topics.emplace_back().name = "made6";
    else request.topicNames = {"made" + std::to_string(version)};
    request.timeoutMs = 1000;
  });
  EXPECT_EQ(deleted.responses.at(0).errorCode, ErrorCode::None);
}

TEST_F(EveryVersion, OfGroups) {
  const auto found = ask<FindCoordinatorRequest>([](FindCoordinatorRequest& request, std::int16_t version) {
    if (version >= 4) request.coordinatorKeys = {"g"};
    else request.key = "g";
  });
  EXPECT_EQ(found.coordinators.at(0).errorCode, ErrorCode::None);
  ask<JoinGroupRequest>([](JoinGroupRequest& request, std::int16_t) {
    request.groupId = "g";
    request.sessionTimeoutMs = request.rebalanceTimeoutMs = 6000;
    request.protocolType = "consumer";
    request.memberId = "nobody";
    request.protocols.emplace_back().name = "range";
  });
  ask<SyncGroupRequest>([](SyncGroupRequest& request, std::int16_t) { request.groupId = request.memberId = "g"; });
  ask<HeartbeatRequest>([](HeartbeatRequest& request, std::int16_t) { request.groupId = request.memberId = "g"; });
  ask<LeaveGroupRequest>([](LeaveGroupRequest& request, std::int16_t version) {
    request.groupId = "g";
    if (version >= 3) request.members.emplace_back().memberId = "x";
    else request.memberId = "x";
  });
  const auto committed = ask<OffsetCommitRequest>([](OffsetCommitRequest& request, std::int16_t version) {
    request.groupId = "g";
    auto& topic = request.topics.emplace_back();
    if (version >= 10) topic.topicId = topicId;
    else topic.name = "t";
    topic.partitions.emplace_back().committedOffset = 1;
  });
  EXPECT_EQ(committed.topics.at(0).partitions.at(0).errorCode, ErrorCode::None);
  const auto fetched = ask<OffsetFetchRequest>([](OffsetFetchRequest& request, std::int16_t version) {
    if (version < 8) {
      request.groupId = "g";
      request.topics = std::vector<OffsetFetchRequest::OffsetFetchRequestTopic>(1);
      request.topics->at(0).name = "t";
      request.topics->at(0).partitionIndexes = {0};
      return;
    }
    auto& group = request.groups.emplace_back();
    group.groupId = "g";
    group.topics = std::vector<OffsetFetchRequest::OffsetFetchRequestTopics>(1);
    if (version >= 10) group.topics->at(0).topicId = topicId;
    else group.topics->at(0).name = "t";
    group.topics->at(0).partitionIndexes = {0};
  });
  EXPECT_EQ(fetched.groups.at(0).topics.at(0).partitions.at(0).committedOffset, 1);
  ask<DescribeGroupsRequest>([](DescribeGroupsRequest& request, std::int16_t) { request.groups = {"g", "none"}; });
  askPlain<ListGroupsRequest>();
  ask<OffsetDeleteRequest>([](OffsetDeleteRequest& request, std::int16_t) {
    request.groupId = "g";
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions.emplace_back();
  });
  ask<DeleteGroupsRequest>([](DeleteGroupsRequest& request, std::int16_t) { request.groupsNames = {"g"}; });
}

TEST_F(EveryVersion, OfSaslIsRefusedOnAPlainListener) {
  EXPECT_EQ(askPlain<SaslHandshakeRequest>().errorCode, ErrorCode::IllegalSaslState);
  EXPECT_EQ(askPlain<SaslAuthenticateRequest>().errorCode, ErrorCode::IllegalSaslState);
}

TEST_F(EveryVersion, IsAskedForHereForEachServedApi) {
  std::set<ApiKey> announced;
  const auto versions = ask<ApiVersionsRequest>([](ApiVersionsRequest& request, std::int16_t version) {
    if (version >= 3) request.clientSoftwareName = request.clientSoftwareVersion = "1";
  });
  for (const auto& api : versions.apiKeys) announced.insert(static_cast<ApiKey>(api.apiKey));
  EXPECT_EQ(announced, kAsked);
}

}  // namespace
}  // namespace klamm::broker
