#pragma once
// The active controller of a quorum of one.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "controller/brokers_control.h"
#include "controller/control.h"
#include "controller/controller_client.h"
#include "image/image_builder.h"
#include "raft/metadata_log.h"

namespace klamm::broker::controller {

/// Turns requests into metadata records, and committed records into images.
///
///     request --area--> records + response
///     records --MetadataLog::append--> replayed into the working image (what the next request sees), response parked
///     committed --> the image is published, listeners act on it, the response leaves
///
/// Replay is the only code that changes metadata; a start runs the same over the whole log.
///
/// Threading: the loop; before run() the thread that starts the broker.
class QuorumController final : public ControllerClient {
 public:
  using Published = std::function<void(std::shared_ptr<const image::ClusterImage> image, const image::ImageDelta& delta)>;

  struct Options {
    std::int32_t nodeId = 0;
    const config::BrokerConfig* config = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    Log log = {};
  };
  QuorumController(const Options& options, raft::MetadataLog& metadata);
  ~QuorumController() override;

  /// Replays the log, becomes its leader, registers this broker and gives its partitions a new leader epoch; all of it is
  /// durable and in the image when this returns.
  [[nodiscard]] Status start(BrokerRegistration broker);
  /// Called with every newly committed image, before the responses that rest on it leave.
  void onPublished(Published listener) { published_ = std::move(listener); }
  /// Called when the metadata log cannot be written any more: the broker must stop.
  void onFailed(std::function<void(Error)> listener) { failed_ = std::move(listener); }
  [[nodiscard]] const std::shared_ptr<const image::ClusterImage>& image() const noexcept { return committedImage_; }
  /// The epoch that this broker is registered with.
  [[nodiscard]] std::int64_t brokerEpoch() const noexcept { return brokerEpoch_; }

  void createTopics(protocol::CreateTopicsRequest request, Done<protocol::CreateTopicsResponse> done) override;
  void deleteTopics(protocol::DeleteTopicsRequest request, Done<protocol::DeleteTopicsResponse> done) override;
  void createPartitions(protocol::CreatePartitionsRequest request, Done<protocol::CreatePartitionsResponse> done) override;
  void alterConfigs(protocol::AlterConfigsRequest request, Done<protocol::AlterConfigsResponse> done) override;
  void incrementalAlterConfigs(protocol::IncrementalAlterConfigsRequest request, Done<protocol::IncrementalAlterConfigsResponse> done) override;
  void allocateProducerIds(protocol::AllocateProducerIdsRequest request, Done<protocol::AllocateProducerIdsResponse> done) override;
  [[nodiscard]] QuorumDescription describeQuorum() const override;

  /// Answers what has waited too long with RequestTimedOut. When to call it next: nextDeadline().
  void expire(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> nextDeadline() const;
  /// Told when nextDeadline() may have changed.
  void onDeadlineChanged(std::function<void()> listener) { deadlineChanged_ = std::move(listener); }
  /// Nothing is answered any more.
  void close();

 private:
  /// A response that waits for its records: called once, with None or why it failed.
  using Parked = std::function<void(ErrorCode)>;
  struct Pending {
    std::int64_t lastOffset = -1;
    TimePoint deadline = {};
    std::shared_ptr<const image::ClusterImage> image = {};
    image::ImageDelta delta = {};
    Parked answer = {};
  };

  template <class Response>
  void finish(Outcome<Response> outcome, std::int32_t timeoutMs, Done<Response> done);
  [[nodiscard]] Result<Pending> appendAndReplay(const RecordList& records);
  [[nodiscard]] Status write(const RecordList& records);
  void committed(const Result<std::int64_t>& highWatermark);
  [[nodiscard]] ControlContext context() const { return {*working_, *options_.config, *options_.random, options_.log, options_.nodeId}; }

  Options options_;
  raft::MetadataLog& metadata_;
  std::shared_ptr<const image::ClusterImage> working_;         ///< with what is appended
  std::shared_ptr<const image::ClusterImage> committedImage_;  ///< with what is committed
  std::deque<Pending> pending_;                                ///< by rising offset
  Published published_;
  std::function<void(Error)> failed_;
  std::function<void()> deadlineChanged_;
  std::int64_t brokerEpoch_ = -1;
  bool closed_ = false;
};

}  // namespace klamm::broker::controller
