#include "coordinator/group_coordinator.h"

#include <algorithm>
#include <set>

namespace klamm::broker::coordinator {
namespace {

/// How long to wait before a partition whose log failed is loaded again.
constexpr Millis kReloadDelay{1'000};

/// Collects the answers of several shards to one request, in the order in which they were asked for.
/// Threading: one loop.
template <class Part>
class Gather {
 public:
  Gather(std::size_t parts, Answer<std::vector<Part>> answer) : parts_(parts), missing_(parts), answer_(std::move(answer)) {}

  /// The answer to part `index`; the last one sends them all.
  void set(std::size_t index, Part part) {
    parts_[index] = std::move(part);
    if (--missing_ == 0) answer_(std::move(parts_));
  }

 private:
  std::vector<Part> parts_;
  std::size_t missing_;
  Answer<std::vector<Part>> answer_;
};

template <class Response>
void answerError(Answer<Response>& answer, Response response, ErrorCode error) {
  spoil(response, error);
  answer(std::move(response));
}

/// The next code point of UTF-8; damaged bytes become U+FFFD one by one, as Java decodes them.
char32_t nextCodePoint(std::string_view& text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t value = length == 1 ? lead : lead & (0x7FU >> length);
  bool whole = lead < 0x80 || (lead >= 0xC0 && lead < 0xF8 && text.size() >= length);
  for (std::size_t i = 1; whole && i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    whole = (next & 0xC0) == 0x80;
    value = (value << 6) | (next & 0x3F);
  }
  text.remove_prefix(whole ? length : 1);
  return whole ? value : U'\uFFFD';
}

}  // namespace

std::int32_t partitionOfGroup(std::string_view groupId, std::int32_t partitions) noexcept {
  std::uint32_t hash = 0;
  while (!groupId.empty()) {
    const char32_t c = nextCodePoint(groupId);
    if (c >= 0x10000) {
      hash = hash * 31 + (0xD800 + ((c - 0x10000) >> 10));
      hash = hash * 31 + (0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      hash = hash * 31 + c;
    }
  }
  // Kafka's Utils.abs: the smallest int has no positive counterpart and counts as 0.
  const auto signedHash = static_cast<std::int32_t>(hash);
  const std::int32_t positive = signedHash == INT32_MIN ? 0 : std::abs(signedHash);
  return positive % partitions;
}

GroupCoordinator::GroupCoordinator(std::int32_t brokerId, const GroupConfig& config, std::unique_ptr<PartitionWriter> writer, net::Loop& loop,
                                   Random& random, Log log)
    : brokerId_(brokerId), config_(config), writer_(std::move(writer)), loop_(loop), random_(random), log_(std::move(log)) {}

GroupCoordinator::~GroupCoordinator() {
  *alive_ = false;
  if (timer_ != 0) loop_.cancel(timer_);
}

void GroupCoordinator::close() {
  for (Seat& seat : seats_) {
    seat.led = false;
    seat.runtime->resign();
  }
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
}

// --- leadership --------------------------------------------------------------------------------------------------------

void GroupCoordinator::onImage(const image::ClusterImage& image) {
  if (const image::TopicImage* topic = image.topic(kOffsetsTopic)) {
    for (std::size_t i = seats_.size(); i < topic->partitions.size(); ++i) {
      seats_.push_back({.runtime = std::make_unique<ShardRuntime>(static_cast<std::int32_t>(i), *writer_, config_, loop_.clock(), random_, log_)});
    }
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      Seat& seat = seats_[i];
      seat.led = i < topic->partitions.size() && topic->partitions[i].leader == brokerId_;
      if (!seat.led) seat.runtime->resign();
      else seat.runtime->elect();
    }
  } else {
    for (Seat& seat : seats_) seat.runtime->resign();
    seats_.clear();
  }
  forgetTopics(image);
  loadNext();
}

void GroupCoordinator::forgetTopics(const image::ClusterImage& image) {
  std::set<std::string> gone;
  for (const auto& [name, id] : knownTopics_) {
    const image::TopicImage* topic = image.topic(name);
    if (topic == nullptr || topic->id != id) gone.insert(name);
  }
  if (!gone.empty()) {
    for (const std::string& topic : gone) knownTopics_.erase(topic);
    for (Seat& seat : seats_)
      if (seat.led) seat.toForget.insert(gone.begin(), gone.end());
    forgetWhatWasDeletedMeanwhile();
  }
  if (knownTopics_.size() == image.topics().size()) return;
  for (const auto& topic : image.topics()) knownTopics_[topic->name] = topic->id;
}

void GroupCoordinator::forgetWhatWasDeletedMeanwhile() {
  for (Seat& seat : seats_) {
    if (seat.toForget.empty() || seat.runtime->state() != ShardRuntime::State::Active) continue;
    run(*seat.runtime, [topics = std::exchange(seat.toForget, {})](GroupShard& shard, Moment) { return shard.forgetTopics(topics); });
  }
}

void GroupCoordinator::loadNext() {
  const auto loading = std::find_if(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.runtime->state() == ShardRuntime::State::Loading; });
  if (loading == seats_.end()) {
    forgetWhatWasDeletedMeanwhile();
    return arm();
  }
  // An empty partition is there at once; a long one is read in steps between which the loop serves others.
  if (loading->runtime->load() && !loadPosted_) {
    loadPosted_ = loop_.post([this, alive = alive_] {
      if (!*alive) return;
      loadPosted_ = false;
      loadNext();
    });
    return;
  }
  if (!loadPosted_) loadNext();
}

// --- time --------------------------------------------------------------------------------------------------------------

void GroupCoordinator::arm() {
  std::optional<TimePoint> next;
  for (const Seat& seat : seats_) {
    std::optional<TimePoint> due = seat.runtime->nextDeadline();
    if (seat.led && seat.runtime->state() == ShardRuntime::State::Inactive) due = loop_.now() + kReloadDelay;
    if (due && (!next || *due < *next)) next = due;
  }
  if (!next || (timer_ != 0 && armedFor_ <= *next)) return;
  if (timer_ != 0) loop_.cancel(timer_);
  armedFor_ = *next;
  timer_ = loop_.schedule(*next, [this] { onTimer(); });
}

void GroupCoordinator::onTimer() {
  timer_ = 0;
  const TimePoint now = loop_.now();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    if (seat.led && seat.runtime->state() == ShardRuntime::State::Inactive) seat.runtime->elect();
    if (const auto due = seat.runtime->nextDeadline(); due && *due <= now) seat.runtime->runTimers();
  }
  loadNext();
}

void GroupCoordinator::run(ShardRuntime& shard, const std::function<Step(GroupShard&, Moment)>& event) {
  shard.run(event);
  arm();
}

// --- requests ----------------------------------------------------------------------------------------------------------

ShardRuntime* GroupCoordinator::shardOf(std::string_view groupId) noexcept {
  if (seats_.empty()) return nullptr;
  return seats_[static_cast<std::size_t>(partitionOfGroup(groupId, static_cast<std::int32_t>(seats_.size())))].runtime.get();
}

ErrorCode GroupCoordinator::find(std::string_view groupId, ShardRuntime*& shard) {
  shard = shardOf(groupId);
  if (shard == nullptr) return ErrorCode::NotCoordinator;
  // A shard whose log failed is loaded again after a while: see that the timer runs.
  if (shard->state() == ShardRuntime::State::Inactive) arm();
  return shard->availability();
}

void GroupCoordinator::join(const RequestInfo& info, protocol::JoinGroupRequest request, Answer<protocol::JoinGroupResponse> answer) {
  ShardRuntime* shard = nullptr;
  ErrorCode error = request.groupId.empty() ? ErrorCode::InvalidGroupId : find(request.groupId, shard);
  const Millis session(request.sessionTimeoutMs);
  const bool sessionAllowed = session >= config_.minSessionTimeout && session <= config_.maxSessionTimeout;
  if (error == ErrorCode::None && !sessionAllowed) error = ErrorCode::InvalidSessionTimeout;
  if (error != ErrorCode::None) {
    protocol::JoinGroupResponse refused;
    refused.memberId = request.memberId;
    return answerError(answer, std::move(refused), error);
  }
  run(*shard, [&](GroupShard& groups, Moment now) { return groups.join(info, std::move(request), std::move(answer), now); });
}

void GroupCoordinator::sync(protocol::SyncGroupRequest request, Answer<protocol::SyncGroupResponse> answer) {
  ShardRuntime* shard = nullptr;
  const ErrorCode error = request.groupId.empty() ? ErrorCode::InvalidGroupId : find(request.groupId, shard);
  if (error != ErrorCode::None) return answerError(answer, {}, error);
  run(*shard, [&](GroupShard& groups, Moment now) { return groups.sync(request, std::move(answer), now); });
}

void GroupCoordinator::heartbeat(const protocol::HeartbeatRequest& request, Answer<protocol::HeartbeatResponse> answer) {
  ShardRuntime* shard = nullptr;
  const ErrorCode error = request.groupId.empty() ? ErrorCode::InvalidGroupId : find(request.groupId, shard);
  // While the group is loaded its members are in the dark: they are told to go on.
  if (error == ErrorCode::CoordinatorLoadInProgress) return answer({});
  if (error != ErrorCode::None) return answerError(answer, {}, error);
  run(*shard, [&](GroupShard& groups, Moment now) { return groups.heartbeat(request, std::move(answer), now); });
}

void GroupCoordinator::leave(const protocol::LeaveGroupRequest& request, Answer<protocol::LeaveGroupResponse> answer) {
  ShardRuntime* shard = nullptr;
  const ErrorCode error = request.groupId.empty() ? ErrorCode::InvalidGroupId : find(request.groupId, shard);
  if (error != ErrorCode::None) return answerError(answer, {}, error);
  run(*shard, [&](GroupShard& groups, Moment now) { return groups.leave(request, std::move(answer), now); });
}

void GroupCoordinator::commitOffsets(const RequestInfo& info, const protocol::OffsetCommitRequest& request,
                                     Answer<protocol::OffsetCommitResponse> answer) {
  ShardRuntime* shard = nullptr;
  // The empty group id is allowed here: consumers without a group of members keep offsets under it.
  if (const ErrorCode error = find(request.groupId, shard); error != ErrorCode::None) {
    protocol::OffsetCommitResponse refused;
    for (const auto& topic : request.topics) {
      protocol::OffsetCommitResponse::OffsetCommitResponseTopic told;
      told.name = topic.name;
      told.topicId = topic.topicId;
      for (const auto& partition : topic.partitions) {
        told.partitions.emplace_back();
        told.partitions.back().partitionIndex = partition.partitionIndex;
      }
      refused.topics.push_back(std::move(told));
    }
    return answerError(answer, std::move(refused), error);
  }
  run(*shard, [&](GroupShard& groups, Moment now) { return groups.commitOffsets(info, request, std::move(answer), now); });
}

namespace {
const std::string& idOf(const std::string& group) { return group; }
const std::string& idOf(const protocol::OffsetFetchRequest::OffsetFetchRequestGroup& group) { return group.groupId; }
}  // namespace

template <class Part, class Group, class Ask>
void GroupCoordinator::askEach(const std::vector<Group>& groups, Answer<std::vector<Part>> answer, Ask ask) {
  if (groups.empty()) return answer({});
  const auto gather = std::make_shared<Gather<Part>>(groups.size(), std::move(answer));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Answer<Part> part = [gather, i](Part response) { gather->set(i, std::move(response)); };
    ShardRuntime* shard = nullptr;
    if (const ErrorCode error = find(idOf(groups[i]), shard); error != ErrorCode::None) {
      Part refused;
      refused.groupId = idOf(groups[i]);
      answerError(part, std::move(refused), error);
      continue;
    }
    run(*shard, [&](GroupShard& shardGroups, Moment) { return ask(shardGroups, groups[i], std::move(part)); });
  }
}

void GroupCoordinator::fetchOffsets(const std::vector<protocol::OffsetFetchRequest::OffsetFetchRequestGroup>& groups,
                                    Answer<std::vector<protocol::OffsetFetchResponse::OffsetFetchResponseGroup>> answer) {
  using Part = protocol::OffsetFetchResponse::OffsetFetchResponseGroup;
  askEach<Part>(groups, std::move(answer), [&](GroupShard& shard, const auto& group, Answer<Part> part) {
    return shard.fetchOffsets(group, std::move(part));
  });
}

void GroupCoordinator::deleteOffsets(const protocol::OffsetDeleteRequest& request, Answer<protocol::OffsetDeleteResponse> answer) {
  ShardRuntime* shard = nullptr;
  const ErrorCode error = request.groupId.empty() ? ErrorCode::InvalidGroupId : find(request.groupId, shard);
  if (error != ErrorCode::None) return answerError(answer, {}, error);
  run(*shard, [&](GroupShard& groups, Moment) { return groups.deleteOffsets(request, std::move(answer)); });
}

void GroupCoordinator::describe(const RequestInfo& info, const std::vector<std::string>& groups,
                                Answer<std::vector<protocol::DescribeGroupsResponse::DescribedGroup>> answer) {
  using Part = protocol::DescribeGroupsResponse::DescribedGroup;
  askEach<Part>(groups, std::move(answer), [&](GroupShard& shard, const auto& group, Answer<Part> part) {
    return shard.describe(info, group, std::move(part));
  });
}

void GroupCoordinator::list(const protocol::ListGroupsRequest& request, Answer<protocol::ListGroupsResponse> answer) {
  using Part = protocol::ListGroupsResponse;
  std::vector<ShardRuntime*> asked;
  for (const Seat& seat : seats_)
    if (seat.led) asked.push_back(seat.runtime.get());
  if (asked.empty()) return answer({});
  Answer<std::vector<Part>> merge = [whole = std::make_shared<Answer<Part>>(std::move(answer))](std::vector<Part> parts) {
    Part all;
    for (Part& part : parts) {
      if (part.errorCode != ErrorCode::None) return (*whole)(std::move(part));
      std::move(part.groups.begin(), part.groups.end(), std::back_inserter(all.groups));
    }
    (*whole)(std::move(all));
  };
  const auto gather = std::make_shared<Gather<Part>>(asked.size(), std::move(merge));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Answer<Part> part = [gather, i](Part response) { gather->set(i, std::move(response)); };
    if (const ErrorCode error = asked[i]->availability(); error != ErrorCode::None) {
      answerError(part, {}, error);
      continue;
    }
    run(*asked[i], [&](GroupShard& groups, Moment) { return groups.list(request, std::move(part)); });
  }
}

void GroupCoordinator::deleteGroups(const std::vector<std::string>& groups,
                                    Answer<std::vector<protocol::DeleteGroupsResponse::DeletableGroupResult>> answer) {
  using Part = protocol::DeleteGroupsResponse::DeletableGroupResult;
  askEach<Part>(groups, std::move(answer), [&](GroupShard& shard, const auto& group, Answer<Part> part) {
    return shard.deleteGroup(group, std::move(part));
  });
}

std::size_t GroupCoordinator::groupCount() const noexcept {
  std::size_t count = 0;
  for (const Seat& seat : seats_) count += seat.runtime->shard().groups().size();
  return count;
}

}  // namespace klamm::broker::coordinator
