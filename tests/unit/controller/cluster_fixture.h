#pragma once
// An image with brokers 1 to n and the topics that a test makes, for the controller's areas.

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "controller/brokers_control.h"
#include "controller/control.h"
#include "image/image_builder.h"

namespace klamm::broker::controller {

class ClusterTest : public testing::Test {
 protected:
  explicit ClusterTest(int brokers = 1) {
    for (int id = 1; id <= brokers; ++id) {
      BrokerRegistration broker;
      broker.id = id;
      broker.logDirs = {Uuid{5, static_cast<std::uint64_t>(id)}};
      apply(registrationRecords(broker, image_->offset() + 1).value());
    }
  }

  [[nodiscard]] ControlContext context() { return {*image_, config_, *random_, log_, 1}; }
  /// Replays records as a commit would.
  void apply(const RecordList& records) {
    image::ImageBuilder builder(image_);
    std::int64_t offset = image_->offset();
    for (const Buffer& value : records.values()) ASSERT_TRUE(builder.replay(value, ++offset));
    image_ = builder.finish(1).first;
  }

  std::shared_ptr<const image::ClusterImage> image_ = std::make_shared<image::ClusterImage>();
  config::BrokerConfig config_;
  std::unique_ptr<Random> random_ = seededRandom(7);
  std::vector<std::string> warnings_;
  Log log_{[this](LogLevel, std::string_view line) { warnings_.emplace_back(line); }};
};

}  // namespace klamm::broker::controller
