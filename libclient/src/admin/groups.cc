// Listing, describing and deleting groups.

#include <algorithm>
#include <cctype>

#include "admin/core.h"
#include "protocol/15_describe_groups.h"
#include "protocol/16_list_groups.h"
#include "protocol/42_delete_groups.h"
#include "protocol/69_consumer_group_describe.h"
#include "protocol/records/consumer_protocol_assignment.h"
#include "protocol/stored_record.h"

namespace klamm::admin {
namespace {

using protocol::ConsumerGroupDescribeRequest;
using protocol::ConsumerGroupDescribeResponse;
using protocol::DescribeGroupsRequest;
using protocol::DescribeGroupsResponse;
using protocol::ListGroupsRequest;
using protocol::ListGroupsResponse;
using DescriptionGather = Gather<std::string, ConsumerGroupDescription>;

constexpr std::string_view kConsumerProtocol = "consumer";
constexpr std::int16_t kListGroupsStates = 4;
constexpr std::int16_t kListGroupsTypes = 5;

/// Errors after which another broker, or the same one later, may answer.
Error coordinatorMoved(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotCoordinator:
    case ErrorCode::CoordinatorNotAvailable:
    case ErrorCode::CoordinatorLoadInProgress: return Error(code);
    default: return Error();
  }
}

TopicPartitions partitionsOf(const std::vector<ConsumerGroupDescribeResponse::TopicPartitions>& topics) {
  TopicPartitions partitions;
  for (const auto& topic : topics) {
    for (const std::int32_t partition : topic.partitions) partitions.push_back({topic.topicName, partition});
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

/// What the leader of a classic group wrote for a member; empty while the group has not been assigned anything, and when
/// the bytes are not an assignment (groups may carry what they like).
TopicPartitions classicAssignment(const Buffer& bytes) {
  TopicPartitions partitions;
  const auto assignment = protocol::decodeVersioned<protocol::ConsumerProtocolAssignment>(bytes, protocol::NewerVersions::ReadAsNewest);
  if (!assignment) return partitions;
  for (const auto& topic : assignment->assignedPartitions) {
    for (const std::int32_t partition : topic.partitions) partitions.push_back({topic.topic, partition});
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

ConsumerGroupDescription descriptionOf(const ConsumerGroupDescribeResponse::DescribedGroup& from) {
  ConsumerGroupDescription group;
  group.groupId = from.groupId;
  group.partitionAssignor = from.assignorName;
  group.type = "Consumer";
  group.state = from.groupState;
  group.groupEpoch = from.groupEpoch;
  group.targetAssignmentEpoch = from.assignmentEpoch;
  for (const auto& one : from.members) {
    MemberDescription member;
    member.memberId = one.memberId;
    member.groupInstanceId = one.instanceId;
    member.clientId = one.clientId;
    member.host = one.clientHost;
    member.assignment = partitionsOf(one.assignment.topicPartitions);
    member.targetAssignment = partitionsOf(one.targetAssignment.topicPartitions);
    member.memberEpoch = one.memberEpoch;
    group.members.push_back(std::move(member));
  }
  return group;
}

ConsumerGroupDescription descriptionOf(const DescribeGroupsResponse::DescribedGroup& from) {
  ConsumerGroupDescription group;
  group.groupId = from.groupId;
  group.isSimpleConsumerGroup = from.protocolType.empty();
  group.partitionAssignor = from.protocolData;
  group.type = "Classic";
  group.state = from.groupState;
  for (const auto& one : from.members) {
    MemberDescription member;
    member.memberId = one.memberId;
    member.groupInstanceId = one.groupInstanceId;
    member.clientId = one.clientId;
    member.host = one.clientHost;
    member.assignment = classicAssignment(one.memberAssignment);
    group.members.push_back(std::move(member));
  }
  return group;
}

void describeClassic(Router& router, CallSpec<DescribeGroupsRequest> spec, std::shared_ptr<DescriptionGather> gather) {
  const std::string id = spec.route.group;
  spec.build = [id](std::int16_t) -> Result<DescribeGroupsRequest> {
    DescribeGroupsRequest request;
    request.groups = {id};
    return request;
  };
  spec.doubt = [](const auto& answer) { return answer.groups.empty() ? Error() : coordinatorMoved(answer.groups.front().errorCode); };
  spec.done = [&router, id, gather = std::move(gather)](Result<DescribeGroupsResponse> answer) {
    if (!answer) return gather->fail(id, answer.error());
    for (const auto& from : answer->groups) {
      if (Error error = errorOf(from.errorCode, from.errorMessage)) {
        gather->fail(id, std::move(error));
      } else if (!from.protocolType.empty() && from.protocolType != kConsumerProtocol) {
        gather->fail(id, Error(ErrorCode::IllegalArgument, "group '" + id + "' is not a consumer group (" + from.protocolType + ")"));
      } else {
        auto group = descriptionOf(from);
        const auto node = router.client().coordinators().known(client::CoordinatorType::Group, id);
        if (node) group.coordinator = router.client().network().node(*node).value_or(Node{.id = *node});
        gather->set(id, std::move(group));
      }
    }
  };
  RoutedCall<DescribeGroupsRequest>::start(router, std::move(spec));
}

bool sameIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Brokers from v4 and v5 on filter themselves; whatever they are, the answer is filtered again.
bool chosen(const std::vector<std::string>& wanted, const std::string& actual) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) { return sameIgnoringCase(one, actual); });
}

/// Asks every broker, each about the groups that it coordinates; one that fails fails the whole, as half a list would
/// look like a whole one.
class GroupList {
 public:
  explicit GroupList(OutcomeCallback<std::vector<GroupListing>> done) : done_(std::move(done)) {}
  ~GroupList() {
    std::vector<GroupListing> list;
    for (auto& [id, group] : groups_) list.push_back(std::move(group));
    done_({error_, error_ ? std::vector<GroupListing>() : std::move(list)});
  }
  GroupList(const GroupList&) = delete;
  GroupList& operator=(const GroupList&) = delete;

  void fail(const Error& error) {
    if (!error_) error_ = error;
  }
  void take(const ListGroupsResponse& answer, const AdminOptions& options) {
    if (answer.errorCode != ErrorCode::None) return fail(answer.errorCode);
    for (const auto& from : answer.groups) {
      if (!chosen(options.groupStates, from.groupState) || !chosen(options.groupTypes, from.groupType)) continue;
      groups_[from.groupId] = {from.groupId, from.protocolType, from.groupState, from.groupType};
    }
  }

 private:
  OutcomeCallback<std::vector<GroupListing>> done_;
  std::map<std::string, GroupListing> groups_;
  Error error_;
};

}  // namespace

void NetworkAdminCore::listGroups(const AdminOptions& options, OutcomeCallback<std::vector<GroupListing>> done) {
  auto list = std::make_shared<GroupList>(std::move(done));
  // Brokers come and go: the list of them is asked for anew.
  const std::uint64_t seen = client_->metadata().version();
  if (seen != 0) client_->metadata().requestUpdate("listing groups");
  client_->metadata().await(seen, deadlineOf(options), [this, options, list](Result<client::Snapshot> snapshot) {
    if (!snapshot) return list->fail(snapshot.error());
    for (const auto& [id, node] : (*snapshot)->nodes) {
      auto spec = specOf<ListGroupsRequest>("listGroups", Route::to(id), options);
      spec.build = [options](std::int16_t version) -> Result<ListGroupsRequest> {
        ListGroupsRequest request;
        if (version >= kListGroupsStates) request.statesFilter = options.groupStates;
        else if (!options.groupStates.empty()) return klamm::fail(ErrorCode::UnsupportedVersion, "the broker cannot list groups by state");
        if (version >= kListGroupsTypes) request.typesFilter = options.groupTypes;
        else if (!options.groupTypes.empty()) return klamm::fail(ErrorCode::UnsupportedVersion, "the broker cannot list groups by type");
        return request;
      };
      spec.doubt = [](const auto& answer) { return coordinatorMoved(answer.errorCode); };
      spec.done = [list, options](Result<ListGroupsResponse> answer) {
        if (answer) list->take(*answer, options);
        else list->fail(answer.error());
      };
      RoutedCall<ListGroupsRequest>::start(router_, std::move(spec));
    }
  });
}

void NetworkAdminCore::describeConsumerGroups(std::vector<std::string> groups, const AdminOptions& options,
                                              OutcomesCallback<std::string, ConsumerGroupDescription> done) {
  auto gather = std::make_shared<DescriptionGather>(std::move(done));
  for (const std::string& id : groups) gather->expect(id);
  for (const std::string& id : groups) {
    auto spec = specOf<ConsumerGroupDescribeRequest>("describeConsumerGroups", Route::coordinatorOf(id), options);
    spec.build = [id](std::int16_t) -> Result<ConsumerGroupDescribeRequest> {
      ConsumerGroupDescribeRequest request;
      request.groupIds = {id};
      return request;
    };
    spec.doubt = [](const auto& answer) { return answer.groups.empty() ? Error() : coordinatorMoved(answer.groups.front().errorCode); };
    spec.done = [this, id, options, gather](Result<ConsumerGroupDescribeResponse> answer) {
      const ErrorCode code = answer ? (answer->groups.empty() ? ErrorCode::UnknownServerError : answer->groups.front().errorCode)
                                    : answer.error().code();
      // A classic group, or a broker that knows no others.
      if (code == ErrorCode::GroupIdNotFound || code == ErrorCode::UnsupportedVersion) {
        return describeClassic(router_, specOf<DescribeGroupsRequest>("describeConsumerGroups", Route::coordinatorOf(id), options), gather);
      }
      if (!answer) return gather->fail(id, answer.error());
      if (code != ErrorCode::None) return gather->fail(id, answer->groups.empty() ? Error(code) : errorOf(code, answer->groups.front().errorMessage));
      auto group = descriptionOf(answer->groups.front());
      const auto node = client_->coordinators().known(client::CoordinatorType::Group, id);
      if (node) group.coordinator = client_->network().node(*node).value_or(Node{.id = *node});
      gather->set(id, std::move(group));
    };
    RoutedCall<ConsumerGroupDescribeRequest>::start(router_, std::move(spec));
  }
}

void NetworkAdminCore::deleteConsumerGroups(std::vector<std::string> groups, const AdminOptions& options, TextOutcomes done) {
  auto gather = std::make_shared<Gather<std::string, Nothing>>(std::move(done));
  for (const std::string& id : groups) gather->expect(id);
  for (const std::string& id : groups) {
    auto spec = specOf<protocol::DeleteGroupsRequest>("deleteConsumerGroups", Route::coordinatorOf(id), options);
    spec.build = [id](std::int16_t) -> Result<protocol::DeleteGroupsRequest> {
      protocol::DeleteGroupsRequest request;
      request.groupsNames = {id};
      return request;
    };
    spec.doubt = [](const auto& answer) { return answer.results.empty() ? Error() : coordinatorMoved(answer.results.front().errorCode); };
    spec.done = [id, gather](Result<protocol::DeleteGroupsResponse> answer) {
      if (!answer) return gather->fail(id, answer.error());
      for (const auto& result : answer->results) gather->fail(result.groupId, Error(result.errorCode));
    };
    RoutedCall<protocol::DeleteGroupsRequest>::start(router_, std::move(spec));
  }
}

}  // namespace klamm::admin
