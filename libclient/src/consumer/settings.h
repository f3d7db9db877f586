#pragma once
// A consumer's configuration, parsed once.

#include <string>

#include <klamm/config.h>

#include "base/result.h"
#include "client/client.h"
#include "consumer/fetcher.h"
#include "consumer/group/classic.h"
#include "consumer/reset_policy.h"

namespace klamm::consumer {

/// Threading: a value.
struct ConsumerSettings {
  client::ClientSettings client = {};
  FetchSettings fetch = {};
  GroupSettings group = {};
  std::vector<std::shared_ptr<PartitionAssignor>> assignors = {};
  ResetPolicy reset = {};
  bool hasGroup = false;
  bool autoCommit = true;                                   ///< enable.auto.commit, if there is a group
  Duration autoCommitInterval = std::chrono::seconds(5);    ///< auto.commit.interval.ms
  std::size_t maxPollRecords = 500;                         ///< max.poll.records
  Duration apiTimeout = std::chrono::minutes(1);            ///< default.api.timeout.ms
  bool excludeInternalTopics = true;                        ///< exclude.internal.topics

  /// InvalidClientConfig that names the key and what is allowed.
  [[nodiscard]] static Result<ConsumerSettings> from(const Config& config);
};

}  // namespace klamm::consumer
