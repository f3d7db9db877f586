#include "controller/quorum_controller.h"

#include <algorithm>

#include "controller/configs_control.h"
#include "controller/topics_control.h"

namespace klamm::broker::controller {
namespace {

constexpr std::int32_t kInternalTimeoutMs = 30'000;

// How a response says that its change did not commit: one overload per form that Kafka's responses have.
template <class Entries>
void failEntries(Entries& entries, ErrorCode error) {
  for (auto& entry : entries) {
    if (entry.errorCode == ErrorCode::None) setError(entry, Error(error));
  }
}
void spoil(protocol::CreateTopicsResponse& response, ErrorCode error) { failEntries(response.topics, error); }
void spoil(protocol::DeleteTopicsResponse& response, ErrorCode error) { failEntries(response.responses, error); }
void spoil(protocol::CreatePartitionsResponse& response, ErrorCode error) { failEntries(response.results, error); }
void spoil(protocol::AlterConfigsResponse& response, ErrorCode error) { failEntries(response.responses, error); }
void spoil(protocol::IncrementalAlterConfigsResponse& response, ErrorCode error) { failEntries(response.responses, error); }
void spoil(protocol::AllocateProducerIdsResponse& response, ErrorCode error) {
  response = {};
  response.errorCode = error;
}

}  // namespace

QuorumController::QuorumController(const Options& options, raft::MetadataLog& metadata)
    : options_(options), metadata_(metadata), working_(std::make_shared<image::ClusterImage>()), committedImage_(working_) {}

QuorumController::~QuorumController() = default;

Status QuorumController::start(BrokerRegistration broker) {
  image::ImageBuilder builder(working_);
  std::int32_t epoch = -1;
  KLAMM_TRY(metadata_.replay([&](const Buffer& value, std::int64_t offset, std::int32_t recordEpoch) {
    epoch = recordEpoch;
    return builder.replay(value, offset);
  }));
  working_ = builder.finish(epoch).first;
  KLAMM_TRY(metadata_.lead());

  KLAMM_TRY_ASSIGN(const RecordList bootstrap, bootstrapRecords(*working_));
  KLAMM_TRY(write(bootstrap));
  brokerEpoch_ = metadata_.logEndOffset();
  KLAMM_TRY_ASSIGN(const RecordList registration, registrationRecords(broker, brokerEpoch_));
  KLAMM_TRY(write(registration));
  KLAMM_TRY_ASSIGN(const RecordList leadership, leadershipRecords(*working_, broker.id));
  KLAMM_TRY(write(leadership));
  KLAMM_TRY(metadata_.syncNow());
  committedImage_ = working_;
  metadata_.onCommitted([this](const Result<std::int64_t>& highWatermark) { committed(highWatermark); });
  return {};
}

/// At the start: in pieces, and nobody waits for an answer.
Status QuorumController::write(const RecordList& records) {
  for (std::size_t at = 0; at < records.values().size(); at += kRecordsPerBatch) {
    const auto first = records.values().begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<Buffer> piece(first, first + static_cast<std::ptrdiff_t>(std::min(kRecordsPerBatch, records.values().size() - at)));
    KLAMM_TRY_ASSIGN(const std::int64_t last, metadata_.append(piece));
    image::ImageBuilder builder(working_);
    std::int64_t offset = last - static_cast<std::int64_t>(piece.size()) + 1;
    for (const Buffer& value : piece) KLAMM_TRY(builder.replay(value, offset++));
    working_ = builder.finish(metadata_.epoch()).first;
  }
  return {};
}

Result<QuorumController::Pending> QuorumController::appendAndReplay(const RecordList& records) {
  // Replayed first: what cannot be replayed must not get into the log.
  image::ImageBuilder builder(working_);
  std::int64_t offset = metadata_.logEndOffset();
  for (const Buffer& value : records.values()) KLAMM_TRY(builder.replay(value, offset++));
  Pending pending;
  KLAMM_TRY_ASSIGN(pending.lastOffset, metadata_.append(records.values()));
  std::tie(pending.image, pending.delta) = builder.finish(metadata_.epoch());
  working_ = pending.image;
  return pending;
}

/// Appends the records and parks the response until they are committed.
template <class Response>
void QuorumController::finish(Outcome<Response> outcome, std::int32_t timeoutMs, Done<Response> done) {
  if (closed_) {
    spoil(outcome.response, ErrorCode::NotController);
    return done(std::move(outcome.response));
  }
  if (outcome.records.empty()) return done(std::move(outcome.response));
  auto pending = appendAndReplay(outcome.records);
  if (!pending) {
    options_.log.error("metadata change refused: {}", pending.error().message());
    spoil(outcome.response, pending.error().code());
    return done(std::move(outcome.response));
  }
  // std::function wants something copyable: the move-only callback is shared.
  auto held = std::make_shared<std::pair<Response, Done<Response>>>(std::move(outcome.response), std::move(done));
  pending->answer = [held](ErrorCode error) {
    if (error != ErrorCode::None) spoil(held->first, error);
    held->second(std::move(held->first));
  };
  pending->deadline = options_.clock->now() + std::chrono::milliseconds(std::max(timeoutMs, 0));
  pending_.push_back(*std::move(pending));
  if (deadlineChanged_) deadlineChanged_();
}

void QuorumController::committed(const Result<std::int64_t>& highWatermark) {
  if (!highWatermark) {
    auto lost = std::move(pending_);
    pending_.clear();
    working_ = committedImage_;
    closed_ = true;
    for (Pending& pending : lost) {
      if (pending.answer) pending.answer(ErrorCode::KafkaStorageError);
    }
    if (failed_) failed_(highWatermark.error());
    return;
  }
  std::vector<Parked> answers;
  while (!pending_.empty() && pending_.front().lastOffset < *highWatermark) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    committedImage_ = pending.image;
    if (published_) published_(pending.image, pending.delta);
    if (pending.answer) answers.push_back(std::move(pending.answer));
  }
  for (const Parked& answer : answers) answer(ErrorCode::None);
  if (deadlineChanged_) deadlineChanged_();
}

void QuorumController::expire(TimePoint now) {
  std::vector<Parked> late;
  for (Pending& pending : pending_) {
    if (pending.answer && pending.deadline <= now) late.push_back(std::exchange(pending.answer, {}));
  }
  for (const Parked& answer : late) answer(ErrorCode::RequestTimedOut);
}

std::optional<TimePoint> QuorumController::nextDeadline() const {
  std::optional<TimePoint> next;
  for (const Pending& pending : pending_) {
    if (pending.answer && (!next || pending.deadline < *next)) next = pending.deadline;
  }
  return next;
}

void QuorumController::close() {
  closed_ = true;
  pending_.clear();
}

void QuorumController::createTopics(protocol::CreateTopicsRequest request, Done<protocol::CreateTopicsResponse> done) {
  finish(controller::createTopics(context(), request), request.timeoutMs, std::move(done));
}
void QuorumController::deleteTopics(protocol::DeleteTopicsRequest request, Done<protocol::DeleteTopicsResponse> done) {
  finish(controller::deleteTopics(context(), request), request.timeoutMs, std::move(done));
}
void QuorumController::createPartitions(protocol::CreatePartitionsRequest request, Done<protocol::CreatePartitionsResponse> done) {
  finish(controller::createPartitions(context(), request), request.timeoutMs, std::move(done));
}
void QuorumController::alterConfigs(protocol::AlterConfigsRequest request, Done<protocol::AlterConfigsResponse> done) {
  finish(controller::alterConfigs(context(), request), kInternalTimeoutMs, std::move(done));
}
void QuorumController::incrementalAlterConfigs(protocol::IncrementalAlterConfigsRequest request, Done<protocol::IncrementalAlterConfigsResponse> done) {
  finish(controller::incrementalAlterConfigs(context(), request), kInternalTimeoutMs, std::move(done));
}
void QuorumController::allocateProducerIds(protocol::AllocateProducerIdsRequest request, Done<protocol::AllocateProducerIdsResponse> done) {
  finish(controller::allocateProducerIds(context(), request), kInternalTimeoutMs, std::move(done));
}

QuorumDescription QuorumController::describeQuorum() const {
  return {metadata_.leaderId(), metadata_.epoch(), metadata_.highWatermark(), metadata_.logEndOffset(), metadata_.voters()};
}

}  // namespace klamm::broker::controller
