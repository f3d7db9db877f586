#pragma once
// The producer in bytes and error values: what Producer<K, V>, the C interface and mocks stand on.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/bytes.h>
#include <klamm/config.h>
#include <klamm/detail/inline_function.h>
#include <klamm/error.h>
#include <klamm/headers.h>
#include <klamm/metadata.h>
#include <klamm/metrics.h>
#include <klamm/partitioner.h>
#include <klamm/record.h>

namespace [[gnu::visibility("default")]] klamm {

/// Called exactly once per record with where it went, or with why it did not. Move-only; holds a callable of at most 48
/// bytes in place, aligned no stricter than a pointer (capture a pointer to another one).
using SendCallback = detail::InlineFunction<void(const RecordMetadata&, const Error&), 48>;

namespace detail {

/// A record whose key and value are bytes already. Threading: a value.
struct BytesRecord {
  std::string_view topic = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> timestamp = {};
  std::optional<BytesView> key = {};
  std::optional<BytesView> value = {};
  std::span<const Header> headers = {};
};

/// The calls of Producer without templates and exceptions. Threading: any thread.
class ProducerCore {
 public:
  virtual ~ProducerCore() = default;
  /// An error: the call itself was wrong (closed, a partition below 0); the callback is not called. None: the callback was
  /// taken, and is called once, also with errors met inside this call.
  [[nodiscard]] virtual Error send(const BytesRecord& record, SendCallback&& callback) = 0;
  [[nodiscard]] virtual Error flush() = 0;
  [[nodiscard]] virtual Error close(Millis timeout) = 0;
  [[nodiscard]] virtual Error partitionsFor(std::string_view topic, std::vector<PartitionInfo>& partitions) = 0;
  [[nodiscard]] virtual Metrics metrics() const = 0;
};

/// Checks the configuration and starts the I/O thread; sets `core` when there is no error.
[[nodiscard]] Error makeProducerCore(const Config& config, std::shared_ptr<Partitioner> partitioner,
                                     std::unique_ptr<ProducerCore>& core);

}  // namespace detail
}  // namespace klamm
