// Produce: v3-13
// * Appends one batch per partition; each partition has its own outcome
// * acks=0 is never answered; an error then closes the connection, which is all that such a producer can be told
// * Internal topics take records from Kafka's own administration client only
// * Until transactions are served, a transactional id or batch is refused with UNSUPPORTED_VERSION, which Java's producer
//   takes as fatal
// * records = null is INVALID_RECORD (Apache Kafka never answers it)
// Version notes:
// * v3-6: zstd is refused (UNSUPPORTED_COMPRESSION_TYPE)
// * v8: record errors and message
// * v10: the present leader beside NOT_LEADER_OR_FOLLOWER
// * v13: topics by id (UNKNOWN_TOPIC_ID)

#include "handlers/handler.h"
#include "handlers/leader_hint.h"
#include "log/validator.h"
#include "protocol/00_produce.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

using Request = protocol::ProduceRequest;
using Response = protocol::ProduceResponse;
using server::Operation;
using server::ResourceType;

constexpr std::int16_t kZstd = 7;
constexpr std::int16_t kLeaderHint = 10;
constexpr std::int16_t kTopicIds = 13;

/// A request whose partitions are being appended: answers when the last one is done. Threading: the loop.
struct Pending {
  Response response = {};
  Reply<Response> reply;
  std::shared_ptr<const image::ClusterImage> image;
  std::string listener;
  std::int16_t version = 0;
  std::int16_t acks = 0;
  std::size_t open = 1;  ///< one for the loop over the partitions

  void done(std::size_t topic, std::size_t partition, std::string_view name, log::AppendResult result) {
    auto& out = response.responses[topic].partitionResponses[partition];
    out.errorCode = result.error.code();
    out.baseOffset = result.error ? -1 : result.baseOffset;
    out.logAppendTimeMs = result.error ? -1 : result.logAppendTime;
    out.logStartOffset = result.logStartOffset;
    for (log::RecordError& bad : result.recordErrors) {
      out.recordErrors.emplace_back();
      out.recordErrors.back().batchIndex = bad.batchIndex;
      out.recordErrors.back().batchIndexErrorMessage = std::move(bad.message);
    }
    if (result.tellMessage) out.errorMessage = result.error.context();
    if (version >= kLeaderHint && deservesLeaderHint(out.errorCode)) addLeaderHint(*image, listener, name, out.index, out, response);
    finishOne();
  }

  void finishOne() {
    if (--open != 0) return;
    if (acks != 0) return reply(response);
    for (const auto& topic : response.responses)
      for (const auto& partition : topic.partitionResponses)
        if (partition.errorCode != ErrorCode::None) return reply.close({partition.errorCode, "produce with acks=0 to '" + topic.name + "'"});
    reply.answerNothing();
  }
};

/// What refuses a topic before its partitions are looked at.
ErrorCode judgeTopic(const Context& context, const Request& request, const image::TopicImage* topic, bool byId) {
  if (request.transactionalId) return ErrorCode::UnsupportedVersion;
  if (topic == nullptr) return byId ? ErrorCode::UnknownTopicId : ErrorCode::UnknownTopicOrPartition;
  if (!context.request.allows(Operation::Write, ResourceType::Topic, topic->name)) return ErrorCode::TopicAuthorizationFailed;
  constexpr std::string_view kAdminClient = "__admin_client";
  if (image::isInternalTopic(topic->name) && context.request.clientId != kAdminClient) return ErrorCode::InvalidTopicException;
  return ErrorCode::None;
}

/// What is wrong with the bytes before the log looks at them.
ErrorCode judgeRecords(const std::optional<Parts>& records, std::int16_t version) {
  if (!records) return ErrorCode::InvalidRecord;
  const auto batch = log::onlyBatch(records->buffer());
  if (!batch) return batch.error().code();
  const bool zstd = batch->header().compressionId() == static_cast<int>(record::CompressionType::Zstd);
  return zstd && version < kZstd ? ErrorCode::UnsupportedCompressionType : ErrorCode::None;
}

struct Produce {
  using Request = protocol::ProduceRequest;

  static void handle(Context& context, Request request, Reply<Response> reply) {
    auto pending = std::make_shared<Pending>(Pending{.reply = std::move(reply),
                                                     .image = context.broker.image,
                                                     .listener = context.request.listener,
                                                     .version = context.version(),
                                                     .acks = request.acks});
    prepare(request, *pending);
    for (std::size_t t = 0; t < request.topicData.size(); ++t) {
      const auto& asked = request.topicData[t];
      const bool byId = context.version() >= kTopicIds;
      const image::TopicImage* topic = byId ? pending->image->topic(asked.topicId) : pending->image->topic(asked.name);
      const ErrorCode refused = judgeTopic(context, request, topic, byId);
      for (std::size_t p = 0; p < asked.partitionData.size(); ++p) produce(context, request, pending, t, p, topic, refused);
    }
    pending->finishOne();
  }

  /// The answer's shape: that of the request. Everything is made before the first append is under way.
  static void prepare(const Request& request, Pending& pending) {
    for (const auto& topic : request.topicData) {
      auto& out = pending.response.responses.emplace_back();
      out.name = topic.name;
      out.topicId = topic.topicId;
      for (const auto& partition : topic.partitionData) {
        out.partitionResponses.emplace_back().index = partition.index;
        ++pending.open;
      }
    }
  }

  static void produce(Context& context, const Request& request, const std::shared_ptr<Pending>& pending, std::size_t t, std::size_t p,
                      const image::TopicImage* topic, ErrorCode refused) {
    const auto& data = request.topicData[t].partitionData[p];
    if (refused == ErrorCode::None && (data.index < 0 || static_cast<std::size_t>(data.index) >= topic->partitions.size()))
      refused = ErrorCode::UnknownTopicOrPartition;
    if (refused == ErrorCode::None) refused = judgeRecords(data.records, context.version());
    if (refused != ErrorCode::None) return pending->done(t, p, topic != nullptr ? topic->name : "", {.error = Error(refused)});
    const AppendParams params{.requiredAcks = request.acks, .timeout = Millis(request.timeoutMs)};
    context.broker.replicas.append({topic->name, data.index}, data.records->buffer(), params,
                                   [pending, t, p, name = &topic->name](log::AppendResult result) {  // the image keeps the name
                                     pending->done(t, p, *name, std::move(result));
                                   });
  }
};

}  // namespace

KLAMM_HANDLER(Produce)

}  // namespace klamm::broker::handlers
