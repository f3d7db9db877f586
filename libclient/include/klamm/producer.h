#pragma once
// Sends records to topics.

#include <exception>
#include <future>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/config.h>
#include <klamm/detail/producer_core.h>
#include <klamm/exceptions.h>
#include <klamm/metadata.h>
#include <klamm/partitioner.h>
#include <klamm/record.h>
#include <klamm/serializer.h>

namespace [[gnu::visibility("default")]] klamm {

/// Objects that a producer works with. Serializers may be left out for the types that serializer.h has built in.
template <class K, class V>
struct ProducerOptions {
  std::shared_ptr<Serializer<K>> keySerializer = {};
  std::shared_ptr<Serializer<V>> valueSerializer = {};
  std::shared_ptr<Partitioner> partitioner = {};
};

/// Publishes records to a Kafka cluster. One producer serves any number of threads and topics and is faster than several.
///
///     klamm::Producer<std::string, std::string> producer{{{"bootstrap.servers", "localhost:9092"}}};
///     producer.send({.topic = "orders", .key = "k1", .value = "v1"},
///                   [](const auto& sent, const klamm::Error& error) { if (error) std::cerr << error.message(); });
///     producer.flush();
///
/// send() copies the record into the open batch of its partition and returns; the batch leaves when it is full
/// (batch.size) or linger.ms old. What fails in a way that may pass is sent again until delivery.timeout.ms; with
/// idempotence, which is on by default, that neither duplicates nor reorders records within the life of this producer.
/// Callbacks of one partition come in the order of the sends. Unsent and unacknowledged batches take at most
/// buffer.memory; when that is used up, send() waits, for at most max.block.ms.
///
/// With K and V std::string_view or BytesView nothing is copied but into the batch, and nothing is allocated per record.
///
/// Source of the rules: org.apache.kafka.clients.producer.KafkaProducer of Kafka 4.3. Transactions are not available yet:
/// transactional.id is refused.
///
/// Threading: every method from any thread; the destructor when no other call is running. Callbacks run on the producer's
/// one I/O thread: they must not block, and may send but not flush or close.
template <class K, class V>
class Producer {
 public:
  using Record = ProducerRecord<K, V>;

  /// Starts the I/O thread; connects when there is something to send. Throws ConfigException.
  explicit Producer(const Config& config, ProducerOptions<K, V> options = {}) : options_(std::move(options)) {
    checkSerializers();
    throwIfError(detail::makeProducerCore(config, options_.partitioner, core_));
  }
  /// On a core of one's own, e.g. a mock in tests.
  explicit Producer(std::unique_ptr<detail::ProducerCore> core, ProducerOptions<K, V> options = {})
      : core_(std::move(core)), options_(std::move(options)) {
    checkSerializers();
  }
  /// close(), for at most delivery.timeout.ms; in a callback without waiting: what was sent is still delivered behind it.
  ~Producer() = default;
  Producer(Producer&&) noexcept = default;
  Producer& operator=(Producer&&) noexcept = default;

  /// Queues a record; `callback` is called once, on the I/O thread, with the result. A null callback (nullptr) means that
  /// nobody asks.
  ///
  /// Blocks, for at most max.block.ms, while the topic's metadata is not known or buffer.memory is used up. When that does
  /// not help, or the record is too large, the callback gets the error at once, on this thread: RequestTimedOut,
  /// BufferExhausted, MessageTooLarge, TopicAuthorizationFailed, InvalidTopicException and the like.
  /// Throws IllegalStateException after close(), IllegalArgumentException for a negative partition or timestamp, and what
  /// a Serializer throws.
  ///
  /// Always inlined, and member by member: so the record stays in registers. To write it and read it back in other widths
  /// takes longer than to encode it.
  [[gnu::always_inline]] inline void send(const Record& record, SendCallback callback) {
    detail::NumberBytes keyRoom;
    detail::NumberBytes valueRoom;
    detail::BytesRecord bytes{.topic = {record.topic.data(), record.topic.size()}, .headers = {record.headers.data(), record.headers.size()}};
    if (record.partition) bytes.partition = *record.partition;
    if (record.timestamp) bytes.timestamp = *record.timestamp;
    if (record.key) bytes.key = serialized<kKey>(options_.keySerializer.get(), record, *record.key, keyRoom);
    if (record.value) bytes.value = serialized<kValue>(options_.valueSerializer.get(), record, *record.value, valueRoom);
    if (Error error = core_->send(bytes, std::move(callback))) [[unlikely]] throwError(std::move(error));
  }

  /// The same with a future, which costs an allocation per record. get() returns the metadata or throws the error as its
  /// exception.
  [[nodiscard]] std::future<RecordMetadata> send(const Record& record) {
    std::promise<RecordMetadata> promise;
    std::future<RecordMetadata> future = promise.get_future();
    send(record, [promise = std::move(promise)](const RecordMetadata& sent, const Error& error) mutable {
      if (error) promise.set_exception(exceptionOf(error));
      else promise.set_value(sent);
    });
    return future;
  }

  /// Sends everything that was sent before this call without lingering, and waits until all of it has succeeded or failed
  /// and its callbacks have run; delivery.timeout.ms is what limits the wait. Throws IllegalStateException in a callback.
  void flush() { throwIfError(core_->flush()); }

  /// The partitions of a topic. Blocks for at most max.block.ms; throws TimeoutException, TopicAuthorizationException, ...
  [[nodiscard]] std::vector<PartitionInfo> partitionsFor(std::string_view topic) {
    std::vector<PartitionInfo> partitions;
    throwIfError(core_->partitionsFor(topic, partitions));
    return partitions;
  }

  /// What the producer has counted so far, by Kafka's names.
  [[nodiscard]] Metrics metrics() const { return core_->metrics(); }

  /// Takes no more records, waits for those under way for at most `timeout`, fails what is left with Closed (their
  /// callbacks run) and ends the I/O thread. Closing twice is allowed. In a callback it does not wait.
  void close(Millis timeout = Millis::max()) { throwIfError(core_->close(timeout)); }

 private:
  void checkSerializers() const {
    if constexpr (!detail::BuiltInSerializable<K>) {
      if (!options_.keySerializer) throwError({ErrorCode::InvalidClientConfig, "this key type needs ProducerOptions::keySerializer"});
    }
    if constexpr (!detail::BuiltInSerializable<V>) {
      if (!options_.valueSerializer) throwError({ErrorCode::InvalidClientConfig, "this value type needs ProducerOptions::valueSerializer"});
    }
  }

  enum Part { kKey, kValue };

  /// What a Serializer writes lies in memory of the thread, one for keys and one for values.
  template <Part part, class T>
  static BytesView serialized(Serializer<T>* serializer, const Record& record, const T& value, detail::NumberBytes& room) {
    if constexpr (detail::BuiltInSerializable<T>) {
      if (serializer == nullptr) [[likely]] return detail::builtInBytes(value, room);
    }
    thread_local Bytes bytes;
    bytes.clear();
    serializer->serialize(record.topic, record.headers, value, bytes);
    return bytes;
  }

  std::unique_ptr<detail::ProducerCore> core_;
  ProducerOptions<K, V> options_;
};

}  // namespace klamm
