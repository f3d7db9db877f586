#pragma once
// The producer over bytes: accumulator, sender and the client they run on.

#include <atomic>
#include <memory>
#include <new>
#include <string>

#include <klamm/detail/producer_core.h>

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "producer/accumulator.h"
#include "producer/sender.h"
#include "producer/settings.h"

namespace klamm::producer {

/// What send() does on the application's thread, and the timer and life of the sender.
///
/// Threading: any thread; close() by one that is not the I/O thread, which only marks it closed.
class Core final : public detail::ProducerCore {
 public:
  Core(ProducerSettings settings, std::unique_ptr<client::Client> client, std::shared_ptr<Partitioner> partitioner,
       const Clock& clock, Random& random);
  ~Core() override;
  /// A producer that one of its own callbacks destroys is closed behind it, on a thread that lives as long as that takes.
  static void operator delete(Core* core, std::destroying_delete_t);

  [[nodiscard]] Error send(const detail::BytesRecord& record, SendCallback&& callback) override;
  [[nodiscard]] Error flush() override;
  [[nodiscard]] Error close(Millis timeout) override;
  [[nodiscard]] Error partitionsFor(std::string_view topic, std::vector<PartitionInfo>& partitions) override;
  [[nodiscard]] Metrics metrics() const override;

 private:
  /// As sendSlowly() where nothing needs to be waited for, made anew or looked at twice; elsewhere nothing is done, and the queue is null.
  [[nodiscard]] Accumulator::Appended appendToOpen(const detail::BytesRecord& record, SendCallback& callback);
  [[nodiscard]] Error sendSlowly(const detail::BytesRecord& record, SendCallback& callback);
  /// A topic with a partition table, waited for if need be.
  [[nodiscard]] Result<Topic*> usableTopic(const detail::BytesRecord& record, TimePoint& deadline);
  [[nodiscard]] Result<Topic*> awaitTopic(std::string_view name, std::int32_t partition, TimePoint deadline);
  [[nodiscard]] std::string whyNoTopic(std::string_view name, std::int32_t partition, const PartitionTable* table, const Error& wait) const;
  [[nodiscard]] Result<std::int32_t> choosePartition(const Topic& topic, const detail::BytesRecord& record) const;
  [[nodiscard]] bool isSmall(const detail::BytesRecord& record) const noexcept;
  [[nodiscard]] Status checkSize(const detail::BytesRecord& record) const;
  [[nodiscard]] Result<Accumulator::Appended> append(const detail::BytesRecord& record, SendCallback& callback);
  void afterAppend(const Accumulator::Appended& appended);
  void touch(Topic& topic);
  /// Fails what is left and ends the I/O thread.
  void end() KLAMM_REQUIRES(closeMutex_);
  void wakeAt(TimePoint when);
  void arm(TimePoint when);
  void onTimer();
  [[nodiscard]] TimePoint after(Duration duration) const;

  const ProducerSettings settings_;
  const Clock& clock_;
  const std::shared_ptr<Partitioner> partitioner_;
  const bool sendsItself_;  ///< full batches leave on the thread that filled them
  Accumulator accumulator_;
  std::unique_ptr<client::Client> client_;
  Sender sender_;
  std::uint64_t listener_ = 0;
  std::atomic<bool> closing_ = false;
  Mutex closeMutex_;  ///< held for the end only, not while a close() waits for its records
  bool closed_ KLAMM_GUARDED_BY(closeMutex_) = false;
  /// Nanoseconds of the earliest tick that is asked for; INT64_MAX: none.
  std::atomic<std::int64_t> armedFor_ = INT64_MAX;
  net::TimerId timer_ = 0;  ///< the I/O thread's
};

}  // namespace klamm::producer
