#pragma once
// What admin calls have to say of topics.

#include <cstdint>
#include <deque>
#include <klamm.h>
#include <klamm/metadata.h>
#include <string>
#include <vector>

#include "error.h"
#include "handle.h"

namespace klamm::c {

/// One topic: the row that C sees, and what it points to. Not moved once it is filled. Threading: one thread at a time.
struct TopicRow {
  std::string name = {};
  std::string id = {};
  klamm_error error = {};
  std::deque<std::vector<std::int32_t>> nodes = {};
  std::vector<klamm_topic_partition_info_t> partitions = {};
  klamm_topic_t seen = {};

  void describe(const std::string& topicId, bool isInternal, std::int32_t partitionCount);
  void describe(const TopicDescription& topic);

 private:
  const std::vector<std::int32_t>& idsOf(const std::vector<Node>& of);
};

}  // namespace klamm::c

/// What klamm_topics_t is. Threading: one thread at a time.
struct klamm_topics : klamm::c::Handle<klamm::c::Kind::Topics> {
  std::deque<klamm::c::TopicRow> rows = {};  // a deque moves nothing when it grows

  klamm::c::TopicRow& add(const std::string& name, const klamm::Error& error);
};
