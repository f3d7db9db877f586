// Fetch: v4-18
// * Waits until min bytes are there or the time is up; the first batch always comes whole (KIP-74)
// * Records go out as ranges of the segment files; the last batch of a partition may be cut off
// * read_committed ends at the last stable offset and never lists aborted transactions: there are none
// * A request that calls itself a follower's is served only if that broker has a replica
// Version notes:
// * v7: sessions (KIP-227); v9: leader epochs are checked; v12: diverging epochs
// * v13: topics by id (UNKNOWN_TOPIC_ID); v15: the replica's id moved into ReplicaState
// * v16: the present leader beside NOT_LEADER_OR_FOLLOWER

#include <algorithm>

#include "handlers/handler.h"
#include "handlers/leader_hint.h"
#include "protocol/01_fetch.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using Request = protocol::FetchRequest;
using Response = protocol::FetchResponse;
using server::Operation;
using server::ResourceType;

constexpr std::int16_t kTopicIds = 13;
constexpr std::int16_t kReplicaState = 15;
constexpr std::int16_t kLeaderHint = 16;
constexpr std::int32_t kConsumer = -1;

std::optional<std::int32_t> epochOf(std::int32_t onTheWire) {
  return onTheWire < 0 ? std::nullopt : std::optional<std::int32_t>(onTheWire);
}

/// A fetch on its way from the request to the answer. Threading: the loop.
struct Pending {
  BrokerContext& broker;
  Reply<Response> reply;
  FetchContext session;
  std::vector<std::string> names;             ///< per partition of the session's context; empty when the id is unknown
  std::vector<FetchedPartition> found;        ///< likewise
  std::vector<std::size_t> asked;             ///< index of each partition that is being read
  std::string listener;
  std::int16_t version = 0;
  bool readCommitted = false;

  void answer(std::vector<FetchedPartition> read) {
    for (std::size_t i = 0; i < read.size(); ++i) found[asked[i]] = std::move(read[i]);
    std::vector<bool> wasRead(found.size(), false);
    for (const std::size_t i : asked) wasRead[i] = true;
    std::vector<SessionAnswer> answers;
    answers.reserve(found.size());
    for (const FetchedPartition& partition : found) {
      answers.push_back({.highWatermark = partition.highWatermark, .logStartOffset = partition.logStartOffset,
                         .hasRecords = !partition.records.empty(), .failed = partition.error != ErrorCode::None,
                         .diverging = partition.divergingEpoch.has_value()});
    }
    const FetchAnswer told = broker.replicas.fetchSessions().finish(session, answers, broker.loop.now());
    Response response;
    response.errorCode = told.error;
    response.sessionId = told.sessionId;
    for (std::size_t i = 0; i < found.size(); ++i)
      if (told.tell[i]) add(response, i, wasRead[i]);
    reply(response);
  }

  void add(Response& response, std::size_t i, bool wasRead) {
    const SessionPartitionKey& key = session.partitions[i].key;
    auto& topics = response.responses;
    if (topics.empty() || topics.back().topic != key.topic || topics.back().topicId != key.topicId) {
      topics.emplace_back();
      topics.back().topic = key.topic;
      topics.back().topicId = key.topicId;
    }
    FetchedPartition& from = found[i];
    auto& out = topics.back().partitions.emplace_back();
    out.partitionIndex = key.partition;
    out.errorCode = from.error;
    out.highWatermark = from.highWatermark;
    out.lastStableOffset = from.lastStableOffset;
    out.logStartOffset = from.logStartOffset;
    // As Kafka: a list (always empty) for what was read committed or not read at all, null otherwise.
    if (wasRead && (!readCommitted || from.error != ErrorCode::None)) out.abortedTransactions.reset();
    if (from.divergingEpoch) {
      out.divergingEpoch.epoch = from.divergingEpoch->epoch;
      out.divergingEpoch.endOffset = from.divergingEpoch->endOffset;
    }
    out.records = std::move(from.records);
    if (version >= kLeaderHint && deservesLeaderHint(from.error)) addLeaderHint(*broker.image, listener, names[i], key.partition, out, response);
  }
};

struct Fetch {
  using Request = protocol::FetchRequest;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    const bool byId = context.version() >= kTopicIds;
    FetchContext session = context.broker.replicas.fetchSessions().begin(request, byId, context.broker.loop.now());
    if (session.kind == FetchContext::Kind::Failed) {
      Response refused;
      refused.errorCode = session.error;
      return reply(refused);
    }
    auto pending = std::make_shared<Pending>(Pending{.broker = context.broker,
                                                     .reply = std::move(reply),
                                                     .session = std::move(session),
                                                     .names = {},
                                                     .found = {},
                                                     .asked = {},
                                                     .listener = context.request.listener,
                                                     .version = context.version(),
                                                     .readCommitted = request.isolationLevel == 1});
    const FetchParams params = paramsOf(context, request);
    std::vector<FetchPartition> wanted = resolve(context, *pending, params.replicaId);
    if (wanted.empty()) return pending->answer({});
    context.broker.replicas.fetch(params, std::move(wanted),
                                  [pending](std::vector<FetchedPartition> read) { pending->answer(std::move(read)); });
  }

  static FetchParams paramsOf(const Context& context, const Request& request) {
    const auto most = static_cast<std::int32_t>(std::min<std::int64_t>(context.broker.config.number("fetch.max.bytes"), request.maxBytes));
    return {.replicaId = context.version() >= kReplicaState ? request.replicaState.replicaId : request.replicaId,
            .maxWait = Millis(std::max(0, request.maxWaitMs)),
            .minBytes = std::min(request.minBytes, most),
            .maxBytes = most,
            .isolation = request.isolationLevel == 1 ? IsolationLevel::ReadCommitted : IsolationLevel::ReadUncommitted};
  }

  /// The partitions to read; those that cannot be have their error in pending.found already.
  static std::vector<FetchPartition> resolve(const Context& context, Pending& pending, std::int32_t replicaId) {
    const auto& image = *context.broker.image;
    std::vector<FetchPartition> wanted;
    const std::size_t count = pending.session.partitions.size();
    pending.found.resize(count);
    pending.names.resize(count);
    const bool mayFollow = replicaId < 0 || context.request.allows(Operation::ClusterAction, ResourceType::Cluster, "kafka-cluster");
    for (std::size_t i = 0; i < count; ++i) {
      const SessionPartition& asked = pending.session.partitions[i];
      const bool byId = pending.session.usesTopicIds;
      const image::TopicImage* topic = byId ? image.topic(asked.key.topicId) : image.topic(asked.key.topic);
      const std::string& name = topic != nullptr ? topic->name : asked.key.topic;
      const std::int32_t index = asked.key.partition;
      ErrorCode error = ErrorCode::None;
      if (topic == nullptr && byId) error = ErrorCode::UnknownTopicId;
      else if (!mayFollow || (replicaId == kConsumer && !context.request.allows(Operation::Read, ResourceType::Topic, name)))
        error = ErrorCode::TopicAuthorizationFailed;
      else if (topic == nullptr || index < 0 || static_cast<std::size_t>(index) >= topic->partitions.size())
        error = ErrorCode::UnknownTopicOrPartition;
      pending.names[i] = name;
      pending.found[i].error = error;
      if (error != ErrorCode::None) continue;
      pending.asked.push_back(i);
      wanted.push_back({.partition = {name, index},
                        .topicId = asked.key.topicId,
                        .fetchOffset = asked.fetchOffset,
                        .maxBytes = asked.maxBytes,
                        .currentLeaderEpoch = epochOf(asked.currentLeaderEpoch),
                        .lastFetchedEpoch = epochOf(asked.lastFetchedEpoch)});
    }
    return wanted;
  }
};

}  // namespace

KLAMM_HANDLER(Fetch)

}  // namespace klamm::broker::handlers
