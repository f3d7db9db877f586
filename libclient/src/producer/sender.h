#pragma once
// Decides what leaves when, and what an answer means for a batch.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/logging.h"
#include "base/mutex.h"
#include "base/random.h"
#include "client/metadata.h"
#include "client/network_client.h"
#include "producer/accumulator.h"
#include "producer/send_metrics.h"
#include "producer/sequences.h"
#include "producer/split.h"
#include "protocol/00_produce.h"
#include "protocol/22_init_producer_id.h"

namespace klamm::producer {

/// The sending half of the producer. It has no thread of its own:
///
///     application thread --- a batch is full, or nothing lingers ---> drive()  --> NetworkClient::submit
///     I/O thread         --- answers, timer, new metadata ----------> tick() / an answer --> callbacks, drive()
///
/// drive() takes ready batches from their queues, one per partition and request, and submits requests while a broker has
/// less than max.in.flight.requests.per.connection of them. One thread drives at a time; another one that comes meanwhile
/// leaves its wish behind and goes on, so nobody waits here for somebody else's write.
///
/// Order: batches of a partition leave in the order of their records. A batch that is sent again goes back in front of
/// younger ones; with idempotence the broker refuses what overtakes it, and with max.in.flight 1 nothing can. Callbacks run
/// on the I/O thread only, in order of the answers.
///
/// Source of the rules: org.apache.kafka.clients.producer.internals.Sender, RecordAccumulator.
/// Threading: drive() from any thread; tick(), abort() and the answers on the I/O thread; applyTopic() from any thread.
class Sender {
 public:
  /// tick() is wanted at this time (or earlier wishes hold). Called from any thread, without locks.
  using WakeAt = std::function<void(TimePoint)>;

  Sender(Accumulator& accumulator, client::NetworkClient& network, client::Metadata& metadata, const Clock& clock,
         Random& random, Log log, WakeAt wakeAt);

  void drive();
  /// Fails what has expired, runs callbacks, drives.
  void tick();
  /// Takes over partitions and leaders of every topic in use, then drives.
  void onMetadata(const client::ClusterSnapshot& snapshot);
  /// The same for one topic, on the thread that wants to send to it.
  void applyTopic(Topic& topic, const client::ClusterSnapshot& snapshot);
  /// Fails every batch that is left, in flight or not, with `error`.
  void abort(const Error& error);

  /// Why nothing can be sent any more (no producer id to be had).
  [[nodiscard]] std::optional<Error> fatalError() const KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] SendMetrics metrics() const KLAMM_EXCLUDES(mutex_);

 private:
  struct Node {
    client::NodeId id = -1;
    std::size_t inFlight = 0;
    std::atomic<bool> full = false;  ///< nothing more may leave before an answer has come
    TimePoint lastDrained = {};
    std::vector<PartitionQueue*> ready = {};
    std::size_t turn = 0;  ///< which queue was first in the last request
  };
  /// Batches on their way to one broker.
  struct Request {
    Node* node = nullptr;
    std::vector<std::unique_ptr<Batch>> batches = {};
    std::int16_t maxVersion = 0;
    TimePoint sentAt = {};
  };
  using Completions = std::vector<Completion>;

  // sender_drain.cc: from the queues to the network.
  void driveOnce();
  void refreshActive() KLAMM_REQUIRES(mutex_);
  TimePoint collectReady(TimePoint now) KLAMM_REQUIRES(mutex_);
  TimePoint examine(PartitionQueue& queue, TimePoint now, bool hurry) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] bool isEmpty(PartitionQueue& queue) KLAMM_REQUIRES(mutex_);
  TimePoint fillRequests(Node& node, TimePoint now) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] std::unique_ptr<Request> nextRequest(Node& node, TimePoint now) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] std::unique_ptr<Batch> drainFirst(PartitionQueue& queue, std::size_t room, bool isFirst, TimePoint now)
      KLAMM_REQUIRES(mutex_);
  [[nodiscard]] bool isMuted(const PartitionQueue& queue) const KLAMM_REQUIRES(mutex_);
  [[nodiscard]] std::size_t inFlightLimit(const Node& node, TimePoint now, TimePoint& next) const;
  void markSlow(Node& node, bool sent, TimePoint now) KLAMM_REQUIRES(mutex_);
  void submit(std::unique_ptr<Request> request);
  [[nodiscard]] Status encode(Batch& batch);
  /// Called inside the connection, under locks of its own: takes none.
  [[nodiscard]] Result<protocol::ProduceRequest> build(const Request& request) const;
  [[nodiscard]] bool wantsProducerId(TimePoint now, TimePoint& next) KLAMM_REQUIRES(mutex_);
  void requestProducerId();
  void onProducerId(Result<protocol::InitProducerIdResponse> result);

  // sender_answers.cc: from the network to the callbacks.
  void onAnswer(std::unique_ptr<Request> request, Result<protocol::ProduceResponse> result);
  void endFlight(Request& request) KLAMM_REQUIRES(mutex_);
  void measure(const Request& request) KLAMM_REQUIRES(mutex_);
  void takeAnswers(Request& request, const protocol::ProduceResponse& response, Completions& done) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] std::unique_ptr<Batch>* findBatch(Request& request, const protocol::ProduceResponse::TopicProduceResponse& topic,
                                                  std::int32_t partition) const KLAMM_REQUIRES(mutex_);
  void settleBatch(std::unique_ptr<Batch> batch, const protocol::ProduceResponse::PartitionProduceResponse& answer,
                   const Error& error, Completions& done) KLAMM_REQUIRES(mutex_);
  void succeed(Batch& batch, std::int64_t baseOffset, std::int64_t logAppendTime, Completions& done) KLAMM_REQUIRES(mutex_);
  void giveUp(Batch& batch, const Error& error, bool maybeWritten, Completions& done) KLAMM_REQUIRES(mutex_);
  void retry(std::unique_ptr<Batch> batch, const Error& error) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] bool split(std::unique_ptr<Batch>& batch) KLAMM_REQUIRES(mutex_);
  void putBack(std::unique_ptr<Batch> batch) KLAMM_REQUIRES(mutex_);
  void passOnHints(const protocol::ProduceResponse& response);
  void expire(TimePoint now, Completions& done) KLAMM_REQUIRES(mutex_);
  void expireQueue(PartitionQueue& queue, TimePoint now, Completions& done) KLAMM_REQUIRES(mutex_);
  [[nodiscard]] Error expiredError(const Batch& batch) const KLAMM_REQUIRES(mutex_);
  void failAll(const Error& error, Completions& done) KLAMM_REQUIRES(mutex_);
  void report(Completions& done) KLAMM_EXCLUDES(mutex_);
  [[nodiscard]] Error describe(const Batch& batch, const Error& error) const;
  [[nodiscard]] Duration backoff(std::int32_t attempts);

  Accumulator& accumulator_;
  const ProducerSettings& settings_;
  client::NetworkClient& network_;
  client::Metadata& metadata_;
  const Clock& clock_;
  Random& random_;
  const Log log_;
  const WakeAt wakeAt_;
  std::atomic<std::uint32_t> driveWishes_ = 0;

  mutable Mutex mutex_;
  std::vector<PartitionQueue*> active_ KLAMM_GUARDED_BY(mutex_);  ///< queues with something in them
  std::unordered_map<client::NodeId, std::unique_ptr<Node>> nodes_ KLAMM_GUARDED_BY(mutex_);
  std::vector<Node*> readyNodes_ KLAMM_GUARDED_BY(mutex_);
  std::vector<Request*> inFlight_ KLAMM_GUARDED_BY(mutex_);
  IdempotentState idempotence_ KLAMM_GUARDED_BY(mutex_);
  SendMetrics metrics_ KLAMM_GUARDED_BY(mutex_);
  std::optional<Error> fatal_ KLAMM_GUARDED_BY(mutex_);
  bool askingForId_ KLAMM_GUARDED_BY(mutex_) = false;
  Error idFailure_ KLAMM_GUARDED_BY(mutex_);  ///< why no producer id came, until one comes
  std::int32_t idAttempts_ KLAMM_GUARDED_BY(mutex_) = 0;
  TimePoint askForIdAt_ KLAMM_GUARDED_BY(mutex_) = {};
  /// No batch expires before; one that is opened after the last sweep expires later than the next.
  TimePoint nextSweep_ KLAMM_GUARDED_BY(mutex_) = TimePoint::min();
  /// Batches that could not be encoded; the I/O thread reports them.
  std::vector<std::pair<std::unique_ptr<Batch>, Error>> broken_ KLAMM_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Request>> outgoing_;  ///< belongs to the thread that drives
};

}  // namespace klamm::producer
