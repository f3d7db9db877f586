#include "consumer.h"

#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "names.h"
#include "records.h"
#include "sized.h"

using namespace klamm;

namespace {

/// A listener's functions as the client's listener. Threading: as RebalanceListener.
class CListener final : public RebalanceListener {
 public:
  CListener(klamm_consumer& consumer, const klamm_rebalance_listener_t& functions) : consumer_(consumer), functions_(functions) {}
  void onPartitionsRevoked(const TopicPartitions& partitions) override { call(functions_.on_revoked, partitions); }
  void onPartitionsAssigned(const TopicPartitions& partitions) override { call(functions_.on_assigned, partitions); }
  void onPartitionsLost(const TopicPartitions& partitions) override {
    call(functions_.on_lost != nullptr ? functions_.on_lost : functions_.on_revoked, partitions);
  }

 private:
  void call(klamm_rebalance_fn function, const TopicPartitions& partitions) {
    if (function == nullptr) return;
    const auto list = c::listOf(partitions);
    const c::InCallback mark(consumer_);
    function(&consumer_, list.get(), functions_.user);
  }

  klamm_consumer& consumer_;
  const klamm_rebalance_listener_t functions_;
};

[[nodiscard]] Error listenerOf(klamm_consumer& consumer, const klamm_rebalance_listener_t* given, std::shared_ptr<RebalanceListener>& listener) {
  if (given == nullptr) return {};
  klamm_rebalance_listener_t functions;
  if (Error wrong = c::readSized(given, functions)) return wrong;
  listener = std::make_shared<CListener>(consumer, functions);
  return {};
}

}  // namespace

int32_t klamm_consumer_new(const klamm_config_t* config, klamm_consumer_t** consumer, klamm_error_t** error) {
  return c::guarded(config, error, [&]() -> Error {
    if (consumer == nullptr) return c::illegalArgument("nowhere to put the consumer");
    auto made = std::make_unique<klamm_consumer>();
    Error wrong;
    made->core = detail::makeConsumerCore(config->config, wrong);
    if (wrong) return wrong;
    *consumer = made.release();
    return {};
  });
}

void klamm_consumer_free(klamm_consumer_t* consumer) {
  if (c::isA(consumer) && consumer->callbacks == 0) delete consumer;
}

int32_t klamm_consumer_subscribe(klamm_consumer_t* consumer, const char* const* topics, size_t count,
                                 const klamm_rebalance_listener_t* listener, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    std::vector<std::string> names;
    std::shared_ptr<RebalanceListener> told;
    if (Error wrong = c::namesOf(topics, count, names)) return wrong;
    if (Error wrong = listenerOf(*consumer, listener, told)) return wrong;
    return consumer->core->subscribe(std::move(names), std::move(told));
  });
}

int32_t klamm_consumer_subscribe_pattern(klamm_consumer_t* consumer, const char* pattern, const klamm_rebalance_listener_t* listener,
                                         klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    if (pattern == nullptr) return c::illegalArgument("the pattern is NULL");
    std::shared_ptr<RebalanceListener> told;
    if (Error wrong = listenerOf(*consumer, listener, told)) return wrong;
    return consumer->core->subscribePattern(pattern, std::move(told));
  });
}

int32_t klamm_consumer_unsubscribe(klamm_consumer_t* consumer, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] { return consumer->core->unsubscribe(); });
}

int32_t klamm_consumer_assign(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] {
    return c::isA(partitions) ? consumer->core->assign(c::partitionsIn(*partitions)) : c::illegalArgument("the list is NULL");
  });
}

int32_t klamm_consumer_assignment(klamm_consumer_t* consumer, klamm_partitions_t** partitions, klamm_error_t** error) {
  return c::giveList<TopicPartitions>(consumer, partitions, error, [&](auto& result) { return consumer->core->assignment(result); });
}

int32_t klamm_consumer_poll(klamm_consumer_t* consumer, int64_t timeout_ms, klamm_records_t** records, klamm_error_t** error) {
  return c::guarded(consumer, error, [&]() -> Error {
    if (records == nullptr) return c::illegalArgument("nowhere to put the records");
    auto polled = std::make_unique<klamm_records>();
    if (Error wrong = consumer->core->poll(c::millis(timeout_ms), polled->fetched)) return wrong;
    *records = polled.release();
    return {};
  });
}

int32_t klamm_consumer_pause(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] {
    return c::isA(partitions) ? consumer->core->pause(c::partitionsIn(*partitions)) : c::illegalArgument("the list is NULL");
  });
}

int32_t klamm_consumer_resume(klamm_consumer_t* consumer, const klamm_partitions_t* partitions, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] {
    return c::isA(partitions) ? consumer->core->resume(c::partitionsIn(*partitions)) : c::illegalArgument("the list is NULL");
  });
}

int32_t klamm_consumer_paused(klamm_consumer_t* consumer, klamm_partitions_t** partitions, klamm_error_t** error) {
  return c::giveList<TopicPartitions>(consumer, partitions, error, [&](auto& result) { return consumer->core->paused(result); });
}

void klamm_consumer_wakeup(klamm_consumer_t* consumer) {
  if (c::isA(consumer)) consumer->core->wakeup();
}

int32_t klamm_consumer_close(klamm_consumer_t* consumer, int64_t timeout_ms, klamm_error_t** error) {
  return c::guarded(consumer, error, [&] {
    constexpr Millis kUsual = std::chrono::seconds(30);
    return consumer->core->close(timeout_ms == KLAMM_DEFAULT_TIMEOUT ? kUsual : c::millis(timeout_ms));
  });
}
