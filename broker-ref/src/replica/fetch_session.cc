#include "replica/fetch_session.h"

#include <chrono>
#include <limits>

namespace klamm::broker {

namespace {

constexpr std::int32_t kNoSession = 0;
constexpr std::int32_t kInitialEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;
constexpr Duration kEvictableAfter = std::chrono::minutes{2};

constexpr std::int32_t nextEpoch(std::int32_t epoch) noexcept {
  if (epoch < 0) return kFinalEpoch;
  return epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
}

SessionPartitionKey keyOf(const Uuid& id, const std::string& name, std::int32_t partition, bool usesTopicIds) {
  return usesTopicIds ? SessionPartitionKey{id, {}, partition} : SessionPartitionKey{{}, name, partition};
}

std::vector<SessionPartition> partitionsOf(const protocol::FetchRequest& request, bool usesTopicIds) {
  std::vector<SessionPartition> partitions;
  for (const auto& topic : request.topics) {
    for (const auto& asked : topic.partitions) {
      partitions.push_back({.key = keyOf(topic.topicId, topic.topic, asked.partition, usesTopicIds),
                            .fetchOffset = asked.fetchOffset,
                            .maxBytes = asked.partitionMaxBytes,
                            .currentLeaderEpoch = asked.currentLeaderEpoch,
                            .lastFetchedEpoch = asked.lastFetchedEpoch});
    }
  }
  return partitions;
}

/// Whether the client has to hear of the partition, given what it was told last.
bool isNews(const SessionPartition& told, const SessionAnswer& answer) noexcept {
  return answer.hasRecords || answer.failed || answer.diverging || told.toldHighWatermark != answer.highWatermark ||
         told.toldLogStartOffset != answer.logStartOffset;
}

void remember(SessionPartition& told, const SessionAnswer& answer) noexcept {
  // After an error the partition is news again next time, whatever its offsets.
  told.toldHighWatermark = answer.failed ? -1 : answer.highWatermark;
  told.toldLogStartOffset = answer.logStartOffset;
}

}  // namespace

std::size_t FetchSessions::KeyHash::operator()(const SessionPartitionKey& key) const noexcept {
  return std::hash<Uuid>()(key.topicId) ^ std::hash<std::string>()(key.topic) ^ (static_cast<std::size_t>(key.partition) * 0x9E3779B97F4A7C15ULL);
}

void FetchSessions::Session::put(const SessionPartition& partition) {
  const auto found = byKey.find(partition.key);
  if (found == byKey.end()) {
    order.push_back(partition);
    byKey.emplace(partition.key, std::prev(order.end()));
    return;
  }
  SessionPartition& held = *found->second;
  held.fetchOffset = partition.fetchOffset;
  held.maxBytes = partition.maxBytes;
  held.currentLeaderEpoch = partition.currentLeaderEpoch;
  held.lastFetchedEpoch = partition.lastFetchedEpoch;
}

void FetchSessions::Session::forget(const SessionPartitionKey& key) {
  const auto found = byKey.find(key);
  if (found == byKey.end()) return;
  order.erase(found->second);
  byKey.erase(found);
}

FetchContext FetchSessions::begin(const protocol::FetchRequest& request, bool usesTopicIds, TimePoint now) {
  if (request.sessionEpoch != kInitialEpoch && request.sessionEpoch != kFinalEpoch) return beginIncremental(request, usesTopicIds, now);
  if (request.sessionId != kNoSession) sessions_.erase(request.sessionId);
  FetchContext context;
  context.kind = request.sessionEpoch == kFinalEpoch ? FetchContext::Kind::Sessionless : FetchContext::Kind::Full;
  context.usesTopicIds = usesTopicIds;
  context.partitions = partitionsOf(request, usesTopicIds);
  return context;
}

FetchContext FetchSessions::beginIncremental(const protocol::FetchRequest& request, bool usesTopicIds, TimePoint now) {
  FetchContext context{.usesTopicIds = usesTopicIds};
  const auto refuse = [&](ErrorCode error) {
    context.kind = FetchContext::Kind::Failed;
    context.error = error;
    return context;
  };
  const auto found = sessions_.find(request.sessionId);
  if (found == sessions_.end()) return refuse(ErrorCode::FetchSessionIdNotFound);
  Session& session = *found->second;
  if (session.epoch != request.sessionEpoch) return refuse(ErrorCode::InvalidFetchSessionEpoch);
  if (session.usesTopicIds != usesTopicIds) return refuse(ErrorCode::FetchSessionTopicIdError);
  for (const SessionPartition& partition : partitionsOf(request, usesTopicIds)) session.put(partition);
  for (const auto& topic : request.forgottenTopicsData)
    for (const std::int32_t partition : topic.partitions) session.forget(keyOf(topic.topicId, topic.topic, partition, usesTopicIds));
  if (session.order.empty()) {
    sessions_.erase(found);
    return context;
  }
  session.lastUsed = now;
  session.epoch = nextEpoch(session.epoch);
  context.kind = FetchContext::Kind::Incremental;
  context.sessionId = session.id;
  context.sessionEpoch = session.epoch;
  context.partitions.assign(session.order.begin(), session.order.end());
  return context;
}

FetchAnswer FetchSessions::finish(const FetchContext& context, const std::vector<SessionAnswer>& answers, TimePoint now) {
  FetchAnswer answer{.error = context.error, .tell = std::vector<bool>(context.partitions.size(), true)};
  if (context.kind == FetchContext::Kind::Full) answer.sessionId = create(context, answers, now);
  if (context.kind != FetchContext::Kind::Incremental) return answer;
  const auto found = sessions_.find(context.sessionId);
  if (found == sessions_.end() || found->second->epoch != context.sessionEpoch) {
    // A full fetch on another connection has closed the session while this one waited.
    answer.error = found == sessions_.end() ? ErrorCode::FetchSessionIdNotFound : ErrorCode::InvalidFetchSessionEpoch;
    answer.tell.assign(context.partitions.size(), false);
    return answer;
  }
  Session& session = *found->second;
  answer.sessionId = session.id;
  for (std::size_t i = 0; i < context.partitions.size(); ++i) {
    const auto held = session.byKey.find(context.partitions[i].key);
    if (held == session.byKey.end()) continue;
    answer.tell[i] = isNews(*held->second, answers[i]);
    remember(*held->second, answers[i]);
    if (answers[i].hasRecords) session.order.splice(session.order.end(), session.order, held->second);
  }
  return answer;
}

std::int32_t FetchSessions::create(const FetchContext& context, const std::vector<SessionAnswer>& answers, TimePoint now) {
  if (context.partitions.empty() || slots_ == 0) return kNoSession;
  if (sessions_.size() >= slots_ && !makeRoom(context.partitions.size(), now)) return kNoSession;
  auto session = std::make_unique<Session>();
  session->usesTopicIds = context.usesTopicIds;
  session->created = session->lastUsed = now;
  for (std::size_t i = 0; i < context.partitions.size(); ++i) {
    SessionPartition partition = context.partitions[i];
    remember(partition, answers[i]);
    session->put(partition);
  }
  do {
    session->id = static_cast<std::int32_t>(random_.below(std::numeric_limits<std::int32_t>::max() - 1ULL)) + 1;
  } while (sessions_.contains(session->id));
  const std::int32_t id = session->id;
  sessions_.emplace(id, std::move(session));
  return id;
}

bool FetchSessions::makeRoom(std::size_t newSize, TimePoint now) {
  auto stalest = sessions_.end();
  auto smallest = sessions_.end();  // among those that are old enough
  for (auto place = sessions_.begin(); place != sessions_.end(); ++place) {
    const Session& session = *place->second;
    if (stalest == sessions_.end() || session.lastUsed < stalest->second->lastUsed) stalest = place;
    if (now - session.created <= kEvictableAfter) continue;
    if (smallest == sessions_.end() || session.order.size() < smallest->second->order.size()) smallest = place;
  }
  if (stalest == sessions_.end()) return false;
  if (now - stalest->second->lastUsed > kEvictableAfter) {
    sessions_.erase(stalest);
    return true;
  }
  if (smallest == sessions_.end() || newSize < smallest->second->order.size()) return false;
  sessions_.erase(smallest);
  return true;
}

std::size_t FetchSessions::partitionCount() const noexcept {
  std::size_t sum = 0;
  for (const auto& [id, session] : sessions_) sum += session->order.size();
  return sum;
}

}  // namespace klamm::broker
