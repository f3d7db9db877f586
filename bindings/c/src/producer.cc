#include <cstddef>
#include <cstdint>
#include <klamm.h>
#include <klamm/detail/producer_core.h>
#include <memory>
#include <utility>
#include <vector>

#include "config.h"
#include "deliveries.h"
#include "sized.h"
#include "timeout.h"

using namespace klamm;

/// What klamm_producer_t is. Threading: any thread; immutable but for what its members guard themselves.
struct klamm_producer : c::Handle<c::Kind::Producer> {
  klamm_delivery_fn onDelivery = nullptr;
  void* user = nullptr;
  std::unique_ptr<c::DeliveryQueue> queue = {};
  std::unique_ptr<detail::ProducerCore> core = {};  // the last: its callbacks use the others

  void deliver(const RecordMetadata& sent, const Error& error, void* recordUser) noexcept;
  [[nodiscard]] Error send(const klamm_producer_record_t* record, std::size_t size);

 private:
  [[nodiscard]] SendCallback callbackFor(void* recordUser);
};

namespace {

/// A producer whose callback this thread is in, and the one around it: a callback may send by another producer.
struct Delivering {
  const klamm_producer* producer;
  const Delivering* outer;
};
thread_local const Delivering* delivering = nullptr;

[[nodiscard]] bool isDelivering(const klamm_producer* producer) noexcept {
  const Delivering* at = delivering;
  while (at != nullptr && at->producer != producer) at = at->outer;
  return at != nullptr;
}

/// A record's callback and its place in the queue. Whoever takes the callback gives the place back by calling it; when nobody
/// did and the send has failed, perhaps by an exception, the end of this does.
/// Threading: one thread.
struct Entered {
  c::DeliveryQueue& queue;
  SendCallback callback;
  bool accepted = false;
  ~Entered() {
    if (!accepted && callback) queue.leave();
  }
};

/// What Kafka's format has room for. More is mostly a negative number, and sums of such would wrap around.
constexpr std::size_t kLargestSize = INT32_MAX;

[[nodiscard]] std::optional<BytesView> bytesOf(const void* data, std::size_t size) noexcept {
  if (data == nullptr) return std::nullopt;
  return BytesView(static_cast<const std::byte*>(data), size);
}

[[nodiscard]] Error checkedHeaders(const klamm_producer_record_t& record, std::vector<Header>& headers) {
  if (record.headers == nullptr) return c::illegalArgument("headers is NULL and header_count is not 0");
  if (record.header_count > kLargestSize) return c::illegalArgument("header_count is larger than INT32_MAX");
  headers.clear();
  for (std::size_t i = 0; i < record.header_count; ++i) {
    const klamm_header_t& header = record.headers[i];
    if (header.key == nullptr) return c::illegalArgument("the key of a header is NULL");
    if (header.key_size > kLargestSize || header.value_size > kLargestSize) return c::illegalArgument("a size in a header is larger than INT32_MAX");
    headers.push_back({.key = {header.key, header.key_size}, .value = bytesOf(header.value, header.value_size)});
  }
  return {};
}

[[nodiscard]] Error checkSizes(const klamm_producer_record_t& record) {
  if (record.topic == nullptr) return c::illegalArgument("the topic is NULL");
  if (record.key == nullptr && record.key_size != 0) return c::illegalArgument("key is NULL and key_size is not 0");
  if (record.value == nullptr && record.value_size != 0) return c::illegalArgument("value is NULL and value_size is not 0");
  if (record.key_size > kLargestSize || record.value_size > kLargestSize) return c::illegalArgument("key_size or value_size is larger than INT32_MAX");
  if (record.reserved != 0) return c::illegalArgument("reserved is not 0");
  return {};
}

}  // namespace

void klamm_producer::deliver(const RecordMetadata& sent, const Error& error, void* recordUser) noexcept {
  klamm_delivery_t row = c::deliveryOf(sent, error, recordUser);
  row.topic = sent.topic.data();  // that of a std::string, or of the record: there is a NUL behind it
  const Delivering here{.producer = this, .outer = delivering};
  delivering = &here;
  if (!error) [[likely]] {
    onDelivery(&row, user);
  } else {
    klamm_error described;
    row.error = &described;
    try {
      described = c::describe(error);
    } catch (...) {
      row.error = &c::outOfMemory();
    }
    onDelivery(&row, user);
  }
  delivering = here.outer;
}

SendCallback klamm_producer::callbackFor(void* recordUser) {
  if (queue) return [to = queue.get(), recordUser](const RecordMetadata& sent, const Error& error) { to->push(sent, error, recordUser); };
  if (onDelivery == nullptr) return nullptr;
  return [this, recordUser](const RecordMetadata& sent, const Error& error) { deliver(sent, error, recordUser); };
}

Error klamm_producer::send(const klamm_producer_record_t* given, std::size_t size) {
  klamm_producer_record_t room;
  if (size != sizeof room) [[unlikely]] {  // that of another version; ours is read where it lies
    if (Error error = c::readSized(given, size, room)) return error;
    given = &room;
  }
  const klamm_producer_record_t& record = *given;
  if (Error error = checkSizes(record)) return error;
  detail::BytesRecord bytes{.topic = record.topic};
  if (record.has_partition != 0) bytes.partition = record.partition;
  if (record.has_timestamp != 0) bytes.timestamp = record.timestamp;
  bytes.key = bytesOf(record.key, record.key_size);
  bytes.value = bytesOf(record.value, record.value_size);
  std::vector<Header> headers;
  if (record.header_count != 0) {
    if (Error error = checkedHeaders(record, headers)) return error;
    bytes.headers = headers;
  }
  if (!queue) return core->send(bytes, callbackFor(record.user));
  if (!queue->enter()) return {ErrorCode::BufferExhausted, "delivery_queue_limit records are under way or their deliveries not taken"};
  Entered entered{.queue = *queue, .callback = callbackFor(record.user)};
  Error error = core->send(bytes, std::move(entered.callback));
  entered.accepted = !error;
  return error;
}

int32_t klamm_producer_new(const klamm_config_t* config, const klamm_producer_options_t* options, klamm_producer_t** producer,
                           klamm_error_t** error) {
  return c::guarded(config, error, [&]() -> Error {
    if (producer == nullptr) return c::illegalArgument("nowhere to put the producer");
    klamm_producer_options_t asked{};
    if (options != nullptr) {
      if (Error wrong = c::readSized(options, asked)) return wrong;
    }
    if (asked.on_delivery != nullptr && asked.delivery_queue_limit != 0) {
      return c::illegalArgument("deliveries go to on_delivery or are kept, not both");
    }
    auto made = std::make_unique<klamm_producer>();
    made->onDelivery = asked.on_delivery;
    made->user = asked.user;
    if (asked.delivery_queue_limit != 0) made->queue = std::make_unique<c::DeliveryQueue>(asked.delivery_queue_limit);
    if (Error wrong = detail::makeProducerCore(config->config, nullptr, made->core)) return wrong;
    *producer = made.release();
    return {};
  });
}

void klamm_producer_free(klamm_producer_t* producer) {
  if (c::isA(producer) && !isDelivering(producer)) delete producer;
}

int32_t klamm_producer_send(klamm_producer_t* producer, const klamm_producer_record_t* record, klamm_error_t** error) {
  return klamm_producer_send_batch(producer, record, 1, nullptr, error);
}

int32_t klamm_producer_send_batch(klamm_producer_t* producer, const klamm_producer_record_t* records, size_t count, size_t* sent,
                                  klamm_error_t** error) {
  std::size_t accepted = 0;
  const std::int32_t code = c::guarded(producer, error, [&]() -> Error {
    if (count == 0) return {};
    if (records == nullptr) return c::illegalArgument("the records are NULL");
    const std::size_t size = c::sizeOf(records);
    const auto* at = reinterpret_cast<const unsigned char*>(records);
    for (; accepted < count; ++accepted, at += size) {
      if (Error wrong = producer->send(reinterpret_cast<const klamm_producer_record_t*>(at), size)) return wrong;
    }
    return {};
  });
  if (sent != nullptr) *sent = accepted;
  return code;
}

int32_t klamm_producer_flush(klamm_producer_t* producer, klamm_error_t** error) {
  return c::guarded(producer, error, [&] { return producer->core->flush(); });
}

int32_t klamm_producer_partition_count(klamm_producer_t* producer, const char* topic, int32_t* count, klamm_error_t** error) {
  return c::guarded(producer, error, [&]() -> Error {
    if (topic == nullptr || count == nullptr) return c::illegalArgument("topic or count is NULL");
    std::vector<PartitionInfo> partitions;
    if (Error wrong = producer->core->partitionsFor(topic, partitions)) return wrong;
    *count = static_cast<int32_t>(partitions.size());
    return {};
  });
}

int32_t klamm_producer_take_deliveries(klamm_producer_t* producer, int64_t timeout_ms, klamm_deliveries_t** deliveries,
                                       klamm_error_t** error) {
  return c::guarded(producer, error, [&]() -> Error {
    if (deliveries == nullptr) return c::illegalArgument("nowhere to put the deliveries");
    if (timeout_ms < 0) return c::illegalArgument("the timeout is negative");
    if (!producer->queue) return {ErrorCode::IllegalState, "the producer was made without delivery_queue_limit"};
    auto taken = producer->queue->take(systemClock().now() + c::millis(timeout_ms));
    if (!taken) return {ErrorCode::Closed, "the producer is closed and all deliveries were taken"};
    *deliveries = taken.release();
    return {};
  });
}

int32_t klamm_producer_close(klamm_producer_t* producer, int64_t timeout_ms, klamm_error_t** error) {
  return c::guarded(producer, error, [&] {
    Error wrong = producer->core->close(timeout_ms == KLAMM_DEFAULT_TIMEOUT ? Millis::max() : c::millis(timeout_ms));
    if (!wrong && producer->queue) producer->queue->close();  // behind the last delivery
    return wrong;
  });
}
