#include "consumer/engine.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "consumer/fetch_call.h"
#include "consumer/group/classic.h"
#include "protocol/03_metadata.h"

namespace klamm::consumer {
namespace {

/// Above this version topics are named by id.
constexpr std::int16_t kLastFetchVersionWithNames = 12;
/// LeaveGroup names one member below and a list from here on.
constexpr std::int16_t kFirstLeaveVersionWithMembers = 3;
/// One run() goes round this often at most before it yields to other tasks of the loop.
constexpr int kMaxRounds = 100;

OffsetQueries::Settings querySettings(const ConsumerSettings& settings) {
  return {settings.fetch.readCommitted, settings.group.requestTimeout, settings.group.retryBackoff};
}

Positions::Settings positionSettings(const ConsumerSettings& settings) {
  return {settings.hasGroup, settings.fetch.readCommitted, settings.group.requestTimeout, settings.group.retryBackoff};
}

std::unique_ptr<OffsetCommits> makeCommits(const ConsumerSettings& settings, EngineParts& parts, GroupCoordinatorLink& coordinator,
                                           Membership* membership, std::function<void()> changed) {
  if (!settings.hasGroup) return nullptr;
  OffsetCommits::Hooks hooks;
  hooks.member = [membership] { return membership->metadata(); };
  hooks.rebalancing = [membership] { return membership->rebalancing(); };
  hooks.refused = [membership, &clock = parts.clock](ErrorCode code, std::int32_t generation) { membership->commitRefused(code, generation, clock.now()); };
  hooks.changed = std::move(changed);
  return std::make_unique<OffsetCommits>(OffsetCommits::Settings{settings.group.groupId, settings.group.instanceId, settings.fetch.readCommitted,
                                                                 settings.group.requestTimeout, settings.group.retryBackoff},
                                         parts.network, coordinator, parts.clock, std::move(hooks));
}

}  // namespace

Engine::Engine(const ConsumerSettings& settings, ConsumerShared& shared, EngineParts parts)
    : settings_(settings),
      shared_(shared),
      parts_(std::move(parts)),
      coordinator_(parts_.coordinators, settings.group.groupId, settings.group.requestTimeout, [this](const Status& status) { coordinatorChanged(status); }),
      membership_(std::make_unique<ClassicMembership>(settings.group, settings.assignors, parts_.random)),
      commits_(makeCommits(settings, parts_, coordinator_, membership_.get(), [this] { run(); })),
      queries_(querySettings(settings), parts_.network, parts_.metadata, [this] { run(); }),
      positions_(positionSettings(settings), shared, parts_.network, parts_.metadata, commits_.get(), parts_.clock, [this] { run(); }),
      fetcher_{settings.fetch} {
  listenToMetadata();
}

void Engine::listenToMetadata() {
  metadataListener_ = parts_.metadata.addListener([this, alive = std::weak_ptr<bool>(alive_)](const client::Snapshot& cluster) {
    if (!alive.expired()) clusterChanged(cluster);
  });
}

Engine::~Engine() { parts_.metadata.removeListener(metadataListener_); }

void Engine::run() {
  if (running_) {
    again_ = true;
    return;
  }
  running_ = true;
  TimePoint now = parts_.clock.now();
  for (int round = 0; round < kMaxRounds; ++round) {
    again_ = false;
    wakeAt_ = TimePoint::max();
    step(now);
    if (!again_) break;
    now = parts_.clock.now();
  }
  running_ = false;
  if (again_) wakeAt_ = now;
  if (parts_.wakeAt) parts_.wakeAt(wakeAt_);
}

void Engine::step(TimePoint now) {
  if (!closing_) updateTopicsOfInterest();
  runTopicQuestions(now);
  if (settings_.hasGroup) runMembership(now);
  if (commits_) wantBy(commits_->run(now));
  wantBy(queries_.run(now));
  if (closing_) return;
  wantBy(positions_.run(now));
  runFetcher(now);
}

// ---- group ----------------------------------------------------------------------------------------------------------------------

void Engine::runMembership(TimePoint now) {
  const auto node = coordinator_.node();
  if (node && !coordinatorWasKnown_) membership_->coordinatorFound(now);
  if (!node && coordinatorWasKnown_) membership_->coordinatorLost();
  coordinatorWasKnown_ = node.has_value();
  const TimePoint polledAt{TimePoint::duration(shared_.lastPoll.load(std::memory_order_relaxed))};
  if (polledAt > seenPoll_) {
    seenPoll_ = polledAt;
    membership_->polled(polledAt);
  }
  GroupActions actions = membership_->poll(now);
  if (node && actions.leave) sendLeave(std::move(*actions.leave), *node);
  if (actions.forgetCoordinator && node) {
    coordinator_.wrong(*node);
    again_ = true;
  }
  if (node) {
    for (GroupRequest& request : actions.requests) send(std::move(request), *node);
  }
  if (actions.needsCoordinator) coordinator_.need(now);
  {
    const MutexLock lock(shared_.mutex);
    shared_.groupMetadata = membership_->metadata();
    shared_.memberSilent = membership_->silent();
    for (GroupEvent& event : actions.events) {
      if (event.kind == GroupEvent::Kind::Fail) {
        shared_.raise(std::move(event.error));
        continue;
      }
      if (event.kind == GroupEvent::Kind::Lose) {  // what was to be revoked in peace is lost by now
        for (GroupEvent& waiting : shared_.groupEvents) {
          if (waiting.kind == GroupEvent::Kind::Revoke) waiting.kind = GroupEvent::Kind::Lose;
        }
      }
      shared_.groupEvents.push_back(std::move(event));
    }
    if (!actions.events.empty()) shared_.notify();
  }
  wantBy(actions.wakeAt);
}

template <class Request>
void Engine::sendGroupRequest(Request request, std::uint64_t token, Duration timeout, client::NodeId node) {
  client::CallOptions options;
  options.timeout = timeout;
  constexpr bool parks = !std::is_same_v<Request, protocol::HeartbeatRequest>;
  if (parks) ++parked_;
  parts_.network.send<Request>(node, client::Channel::Coordinator, std::move(request), options,
                               [this, alive = std::weak_ptr<bool>(alive_), token](Result<typename Request::Response> response) {
                                 if (alive.expired()) return;
                                 if (parks) --parked_;
                                 const TimePoint now = parts_.clock.now();
                                 if (response) membership_->answered(token, GroupResponse(std::move(*response)), now);
                                 else membership_->answered(token, klamm::fail(response.error()), now);
                                 run();
                               });
}

void Engine::send(GroupRequest request, client::NodeId node) {
  std::visit([&](auto&& body) { sendGroupRequest(std::forward<decltype(body)>(body), request.token, request.timeout, node); }, std::move(request.body));
}

void Engine::sendLeave(protocol::LeaveGroupRequest request, client::NodeId node) {
  client::CallOptions options;
  options.timeout = settings_.group.requestTimeout;
  ++pendingAtClose_;
  // A JoinGroup is answered when the whole group has joined, and what follows it on its connection waits as long.
  const client::Channel channel = parked_ > 0 ? client::Channel::General : client::Channel::Coordinator;
  parts_.network.sendBuilt<protocol::LeaveGroupRequest>(
      node, channel,
      [held = std::make_shared<protocol::LeaveGroupRequest>(std::move(request))](std::int16_t version) -> Result<protocol::LeaveGroupRequest> {
        protocol::LeaveGroupRequest built = *held;
        if (version < kFirstLeaveVersionWithMembers) {
          built.memberId = built.members.front().memberId;
          built.members.clear();
        }
        return built;
      },
      options,
      [this, alive = std::weak_ptr<bool>(alive_)](Result<protocol::LeaveGroupResponse>) {
        if (!alive.expired()) answerPending();
      });
}

void Engine::coordinatorChanged(const Status& status) {
  const TimePoint now = parts_.clock.now();
  if (!status) {
    parts_.log.info("group '{}': {}", settings_.group.groupId, status.error().message());
    membership_->coordinatorFailed(status.error(), now);
    if (!status.error().retriable() && commits_) commits_->fail(status.error());
  }
  run();
}

void Engine::released() {
  membership_->released(parts_.clock.now());
  run();
}

void Engine::rebalance(const std::string& reason) {
  membership_->rebalance(reason, parts_.clock.now());
  run();
}

void Engine::leave(const std::string& reason) {
  membership_->leave(reason, parts_.clock.now());
  patternResolved_ = false;
  run();
}

// ---- subscription and metadata ----------------------------------------------------------------------------------------------------

void Engine::subscriptionChanged() {
  const TimePoint now = parts_.clock.now();
  std::optional<std::set<std::string>> topics;
  bool pattern = false;
  {
    const MutexLock lock(shared_.mutex);
    if (shared_.subscriptions.type() == SubscriptionType::Topics) topics = shared_.subscriptions.topics();
    pattern = shared_.subscriptions.type() == SubscriptionType::Pattern;
  }
  if (topics) membership_->subscribe(*topics, now);
  if (pattern && allTopics_) matchPattern(*parts_.metadata.snapshot(), now);
  run();
}

void Engine::matchPattern(const client::ClusterSnapshot& cluster, TimePoint now) {
  std::vector<std::string> all;
  for (const auto& [name, topic] : cluster.topics) {
    const bool exists = topic->error != ErrorCode::UnknownTopicOrPartition && topic->error != ErrorCode::InvalidTopicException;
    if (exists && !(settings_.excludeInternalTopics && topic->isInternal)) all.push_back(name);
  }
  std::set<std::string> topics;
  {
    const MutexLock lock(shared_.mutex);
    if (shared_.subscriptions.type() != SubscriptionType::Pattern) return;
    if (!shared_.subscriptions.matchTopics(all) && patternResolved_) return;
    topics = shared_.subscriptions.topics();
  }
  patternResolved_ = true;
  membership_->subscribe(topics, now);
}

void Engine::raiseTopicErrors(const client::ClusterSnapshot& cluster) {
  const MutexLock lock(shared_.mutex);
  const auto check = [&](const std::string& name) KLAMM_NO_THREAD_SAFETY_ANALYSIS {
    const client::TopicMetadata* topic = cluster.topic(name);
    if (topic == nullptr) return;
    if (topic->error == ErrorCode::InvalidTopicException || topic->error == ErrorCode::TopicAuthorizationFailed) {
      shared_.raise(Error(topic->error, "topic '" + name + "'"));
    }
  };
  if (shared_.subscriptions.type() == SubscriptionType::Topics) {
    for (const std::string& name : shared_.subscriptions.topics()) check(name);
  } else if (shared_.subscriptions.type() == SubscriptionType::Assigned) {
    const std::string* last = nullptr;
    for (const auto& [partition, state] : shared_.subscriptions.partitions()) {
      if (last == nullptr || *last != partition.topic) check(partition.topic);
      last = &partition.topic;
    }
  }
}

void Engine::clusterChanged(const client::Snapshot& cluster) {
  const TimePoint now = parts_.clock.now();
  if (allTopics_) matchPattern(*cluster, now);
  raiseTopicErrors(*cluster);
  if (settings_.hasGroup) membership_->clusterChanged(cluster, now);
  positions_.clusterChanged(*cluster);
  queries_.clusterChanged();
  run();
}

void Engine::updateTopicsOfInterest() {
  std::set<std::string> topics = membership_->groupTopics();
  bool all = false;
  {
    const MutexLock lock(shared_.mutex);
    const auto& subscribed = shared_.subscriptions.topics();
    topics.insert(subscribed.begin(), subscribed.end());
    for (const auto& [partition, state] : shared_.subscriptions.partitions()) topics.insert(partition.topic);
    all = shared_.subscriptions.type() == SubscriptionType::Pattern;
  }
  queries_.addTopics(topics);
  for (const TopicQuestion& question : topicQuestions_) topics.insert(question.topic);
  if (all != allTopics_) {
    allTopics_ = all;
    parts_.metadata.setAllTopics(all);
    if (all) parts_.metadata.requestUpdate("a pattern was subscribed to");
  }
  if (topics == interest_) return;
  interest_ = topics;
  parts_.metadata.setTopics({topics.begin(), topics.end()});
  if (!std::exchange(watchesMetadata_, true)) watchMetadata();
}

/// An error that does not go away (a TLS handshake, say) is told by poll(): nobody else may be waiting for metadata.
void Engine::watchMetadata() {
  parts_.metadata.await(parts_.metadata.version(), TimePoint::max(), [this, alive = std::weak_ptr<bool>(alive_)](Result<client::Snapshot> update) {
    if (alive.expired()) return;
    if (!update) {
      const Error& error = update.error();
      if (!error.fatal() || error.code() == ErrorCode::Closed) {
        watchesMetadata_ = false;
        return;
      }
      refuseAll(error);
    }
    watchMetadata();
  });
}

/// Whoever asks about a topic learns it, else the next poll().
void Engine::refuseAll(const Error& error) {
  const auto questions = std::exchange(topicQuestions_, {});
  for (const TopicQuestion& question : questions) question.done(klamm::fail(error));
  if (!questions.empty()) return;
  const MutexLock lock(shared_.mutex);
  shared_.raise(error);
}

void Engine::askTopic(std::string topic, TimePoint deadline, TopicDone done) {
  topicQuestions_.push_back({std::move(topic), deadline, std::move(done)});
  run();
}

void Engine::runTopicQuestions(TimePoint now) {
  if (topicQuestions_.empty()) return;
  const client::Snapshot cluster = parts_.metadata.snapshot();
  std::vector<TopicQuestion> open;
  for (TopicQuestion& question : std::exchange(topicQuestions_, {})) {
    const client::TopicMetadata* topic = cluster->topic(question.topic);
    if (topic != nullptr && topic->error != ErrorCode::LeaderNotAvailable) {
      question.done(cluster);
    } else if (question.deadline <= now) {
      question.done(klamm::fail(ErrorCode::RequestTimedOut, "no metadata of topic '" + question.topic + "' came in time"));
    } else {
      if (topic != nullptr) parts_.metadata.requestUpdate("topic '" + question.topic + "' has no leader yet");
      wantBy(question.deadline);
      open.push_back(std::move(question));
    }
  }
  for (TopicQuestion& question : open) topicQuestions_.push_back(std::move(question));
}

void Engine::askAllTopics(TimePoint deadline, TopicsDone done) {
  protocol::MetadataRequest request;
  request.topics = std::nullopt;
  client::CallOptions options;
  options.timeout = std::max<Duration>(deadline - parts_.clock.now(), std::chrono::milliseconds(1));
  auto held = std::make_shared<TopicsDone>(std::move(done));
  parts_.network.send<protocol::MetadataRequest>(client::kAnyNode, client::Channel::General, std::move(request), options, [held](Result<protocol::MetadataResponse> response) {
    if (!response) {
      (*held)(klamm::fail(response.error()));
      return;
    }
    std::map<std::int32_t, Node> nodes;
    for (const auto& broker : response->brokers) nodes[broker.nodeId] = {broker.nodeId, broker.host, broker.port, broker.rack};
    const auto nodesOf = [&](const std::vector<std::int32_t>& ids) {
      std::vector<Node> result;
      for (const std::int32_t id : ids) result.push_back(nodes.count(id) != 0 ? nodes[id] : Node{id, "", -1, {}});
      return result;
    };
    std::map<std::string, std::vector<PartitionInfo>> topics;
    for (const auto& topic : response->topics) {
      if (!topic.name || topic.errorCode != ErrorCode::None) continue;
      auto& infos = topics[*topic.name];
      for (const auto& one : topic.partitions) {
        PartitionInfo& info = infos.emplace_back();
        info.topic = *topic.name;
        info.partition = one.partitionIndex;
        if (const auto leader = nodes.find(one.leaderId); leader != nodes.end()) info.leader = leader->second;
        info.replicas = nodesOf(one.replicaNodes);
        info.inSyncReplicas = nodesOf(one.isrNodes);
        info.offlineReplicas = nodesOf(one.offlineReplicas);
      }
    }
    (*held)(std::move(topics));
  });
}

// ---- offsets and records ------------------------------------------------------------------------------------------------------------

void Engine::commit(OffsetCommits::Commit commit) {
  if (commits_) commits_->commit(std::move(commit));
  run();
}

void Engine::lookUpCommitted(OffsetCommits::Lookup lookup) {
  if (commits_) commits_->lookUp(std::move(lookup));
  run();
}

void Engine::askOffsets(OffsetQuestions questions, TimePoint deadline, OffsetQueries::Done done) {
  queries_.ask(std::move(questions), deadline, std::move(done));
  run();
}

void Engine::runFetcher(TimePoint now) {
  std::vector<Fetcher::Request> requests;
  {
    const client::Snapshot cluster = parts_.metadata.snapshot();
    const MutexLock lock(shared_.mutex);
    requests = fetcher_.plan(shared_.subscriptions, *cluster, now);
    shared_.fetcherHeld = fetcher_.held();
  }
  if (fetcher_.leaderMissing()) parts_.metadata.requestUpdate("an assigned partition has no known leader");
  for (Fetcher::Request& request : requests) sendFetch(std::move(request));
  wantBy(fetcher_.retryAt());
}

void Engine::sendFetch(Fetcher::Request request) {
  client::CallOptions options;
  // On a slow line the rest of the answer before it takes its time, too.
  options.timeout = settings_.group.requestTimeout * (request.ahead ? 2 : 1) + settings_.fetch.maxWait;
  if (!request.topicIds) options.maxVersion = kLastFetchVersionWithNames;
  auto call = std::make_unique<FetchCall>(
      std::move(request.body), options,
      [this, alive = std::weak_ptr<bool>(alive_), node = request.node](const FetchPreview& preview) {
        if (!alive.expired()) fetchBegun(node, preview);
      },
      [this, alive = std::weak_ptr<bool>(alive_), node = request.node, sentAt = parts_.clock.now()](Result<protocol::FetchResponse> response) {
        if (!alive.expired()) fetched(node, sentAt, std::move(response));
      });
  parts_.network.submit(request.node, client::Channel::Fetch, std::move(call));
}

void Engine::fetchBegun(client::NodeId node, const FetchPreview& preview) {
  if (fetcher_.begun(node, preview)) run();
}

void Engine::fetched(client::NodeId node, TimePoint sentAt, Result<protocol::FetchResponse> response) {
  const TimePoint now = parts_.clock.now();
  const bool lost = !response;
  if (lost && response.error().code() == ErrorCode::MalformedResponse) {  // tried again, but the application should know
    const MutexLock lock(shared_.mutex);
    shared_.raise(response.error());
  }
  Fetcher::Answer answer = fetcher_.digest(node, std::move(response), now);  // checksums, without the lock
  const std::vector<client::LeaderHint> hints = std::move(answer.hints);
  const std::vector<Node> nodes = std::move(answer.nodes);
  bool refresh = false;
  {
    const MutexLock lock(shared_.mutex);
    const std::size_t before = shared_.fetched.size();
    if (!lost) {
      shared_.metrics.latencyMillis.add(std::chrono::duration<double, std::milli>(now - sentAt).count());
      shared_.metrics.fetchBytes.add(static_cast<double>(answer.bytes));
    }
    refresh = fetcher_.apply(std::move(answer), shared_.subscriptions, shared_.fetched, now);
    if (shared_.fetched.size() != before) shared_.notify();
  }
  if (!hints.empty()) parts_.metadata.applyHints(hints, nodes);
  if (refresh || lost) parts_.metadata.requestUpdate(lost ? "a fetch got no answer" : "a fetch was refused");
  run();
}

// ---- end ------------------------------------------------------------------------------------------------------------------------------

void Engine::close(std::function<void()> done) {
  closing_ = true;
  membership_->leave("the consumer is being closed", parts_.clock.now());
  ++pendingAtClose_;  // this function itself: done() comes after everything was sent
  closed_ = std::move(done);
  run();
  for (Fetcher::Request& request : fetcher_.closeSessions()) {
    client::CallOptions options;
    options.timeout = settings_.group.requestTimeout;
    if (!request.topicIds) options.maxVersion = kLastFetchVersionWithNames;
    // A courtesy to the broker, which would find out by itself: nobody waits for the answer.
    parts_.network.send<protocol::FetchRequest>(request.node, client::Channel::Fetch, std::move(request.body), options, [](Result<protocol::FetchResponse>) {});
  }
  answerPending();
}

void Engine::finishClose() {
  if (pendingAtClose_ == 0 && closed_) std::exchange(closed_, nullptr)();
}

}  // namespace klamm::consumer
