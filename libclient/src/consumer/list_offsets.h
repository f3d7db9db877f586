#pragma once
// Offsets by time: ListOffsets to the leaders, for resets and for the application's questions.

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <klamm/record.h>

#include "base/clock.h"
#include "base/result.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "protocol/02_list_offsets.h"

namespace klamm::consumer {

/// Partition to the time that is asked for: -2 earliest, -1 latest, else milliseconds since 1970.
using OffsetQuestions = std::map<TopicPartition, std::int64_t>;

struct FoundOffset {
  ErrorCode error = ErrorCode::None;
  std::int64_t offset = -1;  ///< -1: no such record
  std::int64_t timestamp = -1;
  std::optional<std::int32_t> leaderEpoch = {};
};
using FoundOffsets = std::map<TopicPartition, FoundOffset>;

/// One request per leader.
struct LeaderQuestion {
  client::NodeId leader = -1;
  protocol::ListOffsetsRequest request = {};
};
/// `withoutLeader` gets the partitions whose leader is not known.
[[nodiscard]] std::vector<LeaderQuestion> askLeaders(const OffsetQuestions& questions, const client::ClusterSnapshot& cluster, bool readCommitted,
                                                     Duration timeout, std::set<TopicPartition>& withoutLeader);
[[nodiscard]] FoundOffsets foundOffsets(const protocol::ListOffsetsResponse& response);
/// The metadata is old or the leader is not ready: ask again.
[[nodiscard]] bool passes(ErrorCode code);

/// The application's questions: asked again until every partition has an answer or the deadline comes.
/// Threading: the I/O thread; callbacks run there.
class OffsetQueries {
 public:
  struct Settings {
    bool readCommitted = false;
    Duration requestTimeout = std::chrono::seconds(30);
    Duration retryBackoff = std::chrono::milliseconds(100);
  };
  using Done = std::function<void(Result<FoundOffsets>)>;

  /// `changed`: run() has something to do.
  OffsetQueries(Settings settings, client::NetworkClient& network, client::Metadata& metadata, std::function<void()> changed)
      : settings_(settings), network_(network), metadata_(metadata), changed_(std::move(changed)) {}

  void ask(OffsetQuestions questions, TimePoint deadline, Done done);
  [[nodiscard]] TimePoint run(TimePoint now);
  /// Questions that waited for a leader are asked again.
  void clusterChanged() {
    for (const auto& query : queries_) query->retryAt = {};
  }
  /// Topics that the open questions are about.
  void addTopics(std::set<std::string>& topics) const;

 private:
  struct Query {
    OffsetQuestions open = {};
    FoundOffsets found = {};
    TimePoint deadline = {};
    TimePoint retryAt = {};
    std::size_t inFlight = 0;
    Error failed = {};
    Done done = {};
  };
  void send(const std::shared_ptr<Query>& query, TimePoint now);
  void answered(const std::shared_ptr<Query>& query, Result<protocol::ListOffsetsResponse> response);

  Settings settings_;
  client::NetworkClient& network_;
  client::Metadata& metadata_;
  std::function<void()> changed_;
  std::list<std::shared_ptr<Query>> queries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace klamm::consumer
