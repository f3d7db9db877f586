#pragma once
// The only code that changes metadata: records in, a new image out. A start and a running broker use the same.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "image/cluster_image.h"
#include "protocol/stored_record.h"

namespace klamm::broker::image {

/// What a batch of records changed, for those who act on it. Threading: a value.
struct ImageDelta {
  std::vector<ClusterImage::TopicPtr> changedTopics = {};  ///< as they are now; new ones too
  std::vector<ClusterImage::TopicPtr> removedTopics = {};  ///< as they were
  std::set<ConfigResource> changedConfigs = {};
  bool brokersChanged = false;
  bool featuresChanged = false;
  [[nodiscard]] bool empty() const noexcept {
    return changedTopics.empty() && removedTopics.empty() && changedConfigs.empty() && !brokersChanged && !featuresChanged;
  }
};

/// Replays metadata records on top of an image.
///
///     image at offset 40 --Topic, Partition, Partition (41..43)--> finish() --> image at offset 43 + what changed
///
/// Records of a metadata transaction take effect as they come and are taken back by its abort.
///
/// Threading: one thread; the images that it was given and made are immutable.
class ImageBuilder {
 public:
  explicit ImageBuilder(std::shared_ptr<const ClusterImage> base);
  ~ImageBuilder();
  ImageBuilder(const ImageBuilder&) = delete;
  ImageBuilder& operator=(const ImageBuilder&) = delete;

  /// One record's value. Fails with MalformedResponse when it cannot be decoded or speaks of a topic that is not there: then
  /// the log is damaged and the image must not be used. Types that carry nothing for this broker are passed over.
  [[nodiscard]] Status replay(const Buffer& record, std::int64_t offset);
  [[nodiscard]] Status replay(const protocol::MetadataFrame& frame, std::int64_t offset);
  /// The image with everything replayed so far. `epoch` is that of the last record.
  [[nodiscard]] std::pair<std::shared_ptr<const ClusterImage>, ImageDelta> finish(std::int32_t epoch);

 private:
  struct State;
  friend struct Replayer;
  std::shared_ptr<const ClusterImage> base_;
  std::unique_ptr<State> state_;
  std::unique_ptr<State> beforeTransaction_;
};

}  // namespace klamm::broker::image
