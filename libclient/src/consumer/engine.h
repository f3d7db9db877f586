#pragma once
// The I/O thread's half of a consumer: runs membership, positions, commits and fetching over the network client.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/logging.h"
#include "base/random.h"
#include "client/coordinator_finder.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "consumer/coordinator.h"
#include "consumer/fetcher.h"
#include "consumer/group/membership.h"
#include "consumer/list_offsets.h"
#include "consumer/offset_commits.h"
#include "consumer/positions.h"
#include "consumer/settings.h"
#include "consumer/shared.h"

namespace klamm::consumer {

/// What the engine stands on.
struct EngineParts {
  client::NetworkClient& network;
  client::Metadata& metadata;
  client::CoordinatorFinder& coordinators;
  const Clock& clock;
  Random& random;
  Log log = {};
  /// Call run() at this time; replaces what was asked before.
  std::function<void(TimePoint)> wakeAt = {};
};

/// Every event (an answer, new metadata, a task of the application, the time) ends in run(), which asks each part what is
/// to be done now. No part waits.
///
///     application --post--> subscribe, commit, ... --+
///     NetworkClient --answers-----------------------+--> run(): membership, commits, queries, positions, fetcher --> requests
///     Metadata --snapshots--------------------------+                        |
///     timer ----------------------------------------+                        +--> ConsumerShared: records, events
///
/// Threading: the I/O thread, constructor and destructor excepted (the loop must not run its tasks then).
class Engine {
 public:
  Engine(const ConsumerSettings& settings, ConsumerShared& shared, EngineParts parts);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Everything that is due.
  void run();

  // Tasks of the application.

  /// The topics, the pattern or the assignment changed.
  void subscriptionChanged();
  void released();
  void rebalance(const std::string& reason);
  /// Leaves the group without waiting.
  void leave(const std::string& reason);
  void commit(OffsetCommits::Commit commit);
  void lookUpCommitted(OffsetCommits::Lookup lookup);
  void askOffsets(OffsetQuestions questions, TimePoint deadline, OffsetQueries::Done done);
  /// Waits until the metadata say something final about the topic.
  using TopicDone = std::function<void(Result<client::Snapshot>)>;
  void askTopic(std::string topic, TimePoint deadline, TopicDone done);
  /// Asks for all topics once.
  using TopicsDone = std::function<void(Result<std::map<std::string, std::vector<PartitionInfo>>>)>;
  void askAllTopics(TimePoint deadline, TopicsDone done);
  /// Leaves the group, closes fetch sessions; `done` when the brokers have answered. The deadline is the caller's affair.
  void close(std::function<void()> done);

 private:
  struct TopicQuestion {
    std::string topic = {};
    TimePoint deadline = {};
    TopicDone done = {};
  };

  void listenToMetadata();
  void watchMetadata();
  void refuseAll(const Error& error);
  void step(TimePoint now);
  void runMembership(TimePoint now);
  void send(GroupRequest request, client::NodeId node);
  void sendLeave(protocol::LeaveGroupRequest request, client::NodeId node);
  template <class Request>
  void sendGroupRequest(Request request, std::uint64_t token, Duration timeout, client::NodeId node);
  void runFetcher(TimePoint now);
  void sendFetch(Fetcher::Request request);
  void fetchBegun(client::NodeId node, const FetchPreview& preview);
  void fetched(client::NodeId node, TimePoint sentAt, Result<protocol::FetchResponse> response);
  void coordinatorChanged(const Status& status);
  void clusterChanged(const client::Snapshot& cluster);
  void matchPattern(const client::ClusterSnapshot& cluster, TimePoint now);
  void raiseTopicErrors(const client::ClusterSnapshot& cluster);
  void runTopicQuestions(TimePoint now);
  void updateTopicsOfInterest();
  void wantBy(TimePoint when) { wakeAt_ = std::min(wakeAt_, when); }
  void answerPending() { --pendingAtClose_; finishClose(); }
  void finishClose();

  const ConsumerSettings& settings_;
  ConsumerShared& shared_;
  EngineParts parts_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  GroupCoordinatorLink coordinator_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<OffsetCommits> commits_;
  OffsetQueries queries_;
  Positions positions_;
  Fetcher fetcher_;

  std::uint64_t metadataListener_ = 0;
  bool watchesMetadata_ = false;
  std::set<std::string> interest_;
  bool allTopics_ = false;
  bool patternResolved_ = false;
  std::vector<TopicQuestion> topicQuestions_;
  bool coordinatorWasKnown_ = false;
  TimePoint seenPoll_ = {};
  std::size_t parked_ = 0;  ///< JoinGroup and SyncGroup requests without an answer

  TimePoint wakeAt_ = TimePoint::max();
  bool running_ = false;
  bool again_ = false;
  bool closing_ = false;
  std::size_t pendingAtClose_ = 0;
  std::function<void()> closed_;
};

}  // namespace klamm::consumer
