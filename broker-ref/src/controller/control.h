#pragma once
// What the controller's areas have in common: they look at the image and return records and a response, and change nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/logging.h"
#include "base/random.h"
#include "base/result.h"
#include "config/broker_config.h"
#include "image/cluster_image.h"
#include "protocol/stored_record.h"

namespace klamm::broker::controller {

/// What an area may look at. The image holds everything that was appended, committed or not. Threading: one thread.
struct ControlContext {
  const image::ClusterImage& image;
  const config::BrokerConfig& config;
  Random& random;
  const Log& log;
  std::int32_t brokerId = 0;
};

/// Metadata records in their stored form. Threading: a value.
class RecordList {
 public:
  /// Fails with InvalidRequest for a value that no record can carry.
  template <class R>
  [[nodiscard]] Status add(const R& record, std::int16_t version) {
    auto encoded = protocol::encodeMetadata(record, version);
    if (!encoded) return fail(ErrorCode::InvalidRequest, encoded.error().context());
    values_.push_back(*std::move(encoded));
    return {};
  }
  void add(RecordList&& more) {
    for (Buffer& value : more.values_) values_.push_back(std::move(value));
  }
  void clear() { values_.clear(); }
  [[nodiscard]] const std::vector<Buffer>& values() const noexcept { return values_; }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }

 private:
  std::vector<Buffer> values_;
};

template <class Response>
struct Outcome {
  RecordList records = {};
  Response response = {};
};

/// Fills a result of Kafka's usual form.
template <class Entry>
void setError(Entry& entry, const Error& error) {
  entry.errorCode = error.code();
  if (error.code() == ErrorCode::None) entry.errorMessage = std::nullopt;
  else entry.errorMessage = error.context().empty() ? std::string(errorSentence(error.code())) : error.context();
}

/// Why `name` cannot be a topic's, in Kafka's words; InvalidTopicException.
[[nodiscard]] Status checkTopicName(std::string_view name);
/// The existing topic whose metrics would have the same name ('.' and '_' are one there), or null.
[[nodiscard]] const image::TopicImage* collidingTopic(const image::ClusterImage& image, std::string_view name);

}  // namespace klamm::broker::controller
