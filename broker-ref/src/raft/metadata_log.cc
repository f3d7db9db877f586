#include "raft/metadata_log.h"

#include <fmt/format.h>

#include "base/uuid.h"
#include "protocol/codec.h"
#include "protocol/records/leader_change_message.h"
#include "record/batch_builder.h"
#include "record/control_record.h"

namespace klamm::broker::raft {
namespace {

/// Kafka's id of the metadata topic, AAAAAAAAAAAAAAAAAAAAAQ.
constexpr Uuid kMetadataTopicId{0, 1};
constexpr std::int32_t kMaxBatchBytes = 64 * 1024 * 1024;
constexpr std::size_t kDecompressionLimit = 64 * 1024 * 1024;

[[nodiscard]] std::string statePath(const std::string& folder) { return folder + "/quorum-state"; }

[[nodiscard]] Result<ElectionState> readState(log::Disk& disk, const std::string& folder) {
  const std::string path = statePath(folder);
  if (!disk.exists(path)) return ElectionState{};
  KLAMM_TRY_ASSIGN(const std::string text, disk.readText(path));
  return ElectionState::fromJson(text);
}

}  // namespace

Result<std::unique_ptr<MetadataLog>> MetadataLog::open(const Options& options) {
  KLAMM_TRY(options.disk->createFolder(options.folder));
  KLAMM_TRY_ASSIGN(const ElectionState state, readState(*options.disk, options.folder));
  const std::vector<std::int32_t> voters{options.nodeId};
  if (!state.voters.empty() && state.voters != voters) {
    return fail(ErrorCode::InvalidConfig, fmt::format("{} belongs to another quorum: its voters are not just node {}", options.folder, options.nodeId));
  }
  log::PartitionLog::OpenOptions how;
  how.disk = options.disk;
  how.folder = options.folder;
  how.name = "__cluster_metadata-0";
  how.topicId = kMetadataTopicId;
  how.config.segmentBytes = options.segmentBytes;
  how.config.segmentMs = options.segmentMs;
  how.config.maxMessageBytes = kMaxBatchBytes;
  how.cleanShutdown = options.cleanShutdown;
  how.nowMillis = options.clock->wallMillis();
  how.log = options.log;
  KLAMM_TRY_ASSIGN(auto log, log::PartitionLog::open(how));
  const std::int32_t lastEpoch = log->leaderEpochs().latest().value_or(log::EpochEntry{0, 0}).epoch;
  QuorumState quorum(options.nodeId, voters, state, lastEpoch);
  return std::unique_ptr<MetadataLog>(new MetadataLog(options, std::move(log), RaftNode(options.nodeId, std::move(quorum))));
}

MetadataLog::MetadataLog(const Options& options, std::unique_ptr<log::PartitionLog> log, RaftNode node)
    : options_(options), log_(std::move(log)), node_(std::move(node)) {}

MetadataLog::~MetadataLog() { *alive_ = false; }

Status MetadataLog::replay(const Visitor& visit) {
  return log_->forEachBatch(log_->logStartOffset(), [&visit](const record::RecordBatchView& batch) -> Status {
    if (batch.header().isControl()) return {};
    KLAMM_TRY_ASSIGN(record::RecordReader records, batch.records(kDecompressionLimit));
    record::RecordView record;
    while (records.next(record)) {
      if (!record.value) return fail(ErrorCode::MalformedResponse, fmt::format("metadata log: offset {}: a record without value", record.offset));
      KLAMM_TRY(visit(Buffer::copyOf(*record.value), record.offset, batch.header().partitionLeaderEpoch));
    }
    return records.status();
  });
}

Status MetadataLog::lead() {
  KLAMM_TRY_ASSIGN(const ElectionState state, node_.elect(log_->logEndOffset()));
  KLAMM_TRY(options_.disk->replace(statePath(options_.folder), asBytes(std::string_view(state.toJson())), true));
  KLAMM_TRY(log_->startLeaderEpoch(node_.quorum().epoch()));
  protocol::LeaderChangeMessage message;
  message.leaderId = options_.nodeId;
  for (const std::int32_t voter : node_.quorum().voters()) {
    protocol::LeaderChangeMessage::Voter entry;
    entry.voterId = voter;
    message.voters.push_back(entry);
  }
  message.grantingVoters = message.voters;
  KLAMM_TRY_ASSIGN(const Buffer value, protocol::encodeToBuffer(message, 0));
  record::BatchFields fields;
  fields.control = true;
  fields.partitionLeaderEpoch = node_.quorum().epoch();
  KLAMM_TRY(appendBatch(record::controlBatch(record::ControlRecordType::LeaderChange, value, options_.clock->wallMillis(), fields)));
  return {};
}

Result<std::int64_t> MetadataLog::append(const std::vector<Buffer>& values) {
  const std::int64_t now = options_.clock->wallMillis();
  record::BatchBuilder builder;
  for (const Buffer& value : values) {
    if (!builder.append(now, std::nullopt, value.view())) return fail(ErrorCode::InvalidRequest, "the change has too many metadata records");
  }
  record::BatchFields fields;
  fields.partitionLeaderEpoch = node_.quorum().epoch();
  KLAMM_TRY_ASSIGN(const Buffer batch, builder.close(fields));
  return appendBatch(batch);
}

Result<std::int64_t> MetadataLog::appendBatch(const Buffer& batch) {
  if (broken_) return fail(broken_);
  if (!node_.quorum().isLeader()) return fail(ErrorCode::NotController, "this node does not lead the metadata quorum");
  log::AppendOptions how;
  how.origin = log::AppendOrigin::RaftLeader;
  how.leaderEpoch = node_.quorum().epoch();
  how.nowMillis = options_.clock->wallMillis();
  const log::AppendResult result = log_->appendAsLeader(batch, how);
  if (result.error) return fail(result.error);
  KLAMM_TRY(node_.appended(log_->logEndOffset()));
  if (committed_) startSync();
  return result.lastOffset;
}

Status MetadataLog::syncNow() {
  KLAMM_TRY(log_->flush());
  announce(log_->logEndOffset());
  return {};
}

/// Never announces inside append(): its caller has not noted yet what it waits for.
void MetadataLog::startSync() {
  if (running_ != nullptr || broken_) return;
  running_ = std::make_shared<log::FlushJob>();
  if (auto job = log_->prepareFlush()) *running_ = *std::move(job);
  running_->upTo = log_->logEndOffset();
  options_.worker->run([job = running_]() -> Status { return job->disk != nullptr ? job->run() : Status(); },
                       [this, alive = alive_, job = running_](Status status) {
                         if (*alive) synced(status, job->upTo);
                       });
}

void MetadataLog::synced(const Status& status, std::int64_t upTo) {
  const auto job = std::move(running_);
  if (!status) {
    broken_ = status.error();
    if (committed_) committed_(fail(broken_));
    return;
  }
  if (job->disk != nullptr) log_->flushed(*job);
  if (log_->logEndOffset() > upTo) startSync();
  announce(upTo);
}

void MetadataLog::announce(std::int64_t durableEnd) {
  const auto moved = node_.durable(options_.nodeId, durableEnd);
  if (!moved) return;
  log_->setHighWatermark(*moved);
  if (committed_) committed_(*moved);
}

Status MetadataLog::close() {
  if (!broken_) KLAMM_TRY(log_->flush());
  return log_->close();
}

}  // namespace klamm::broker::raft
