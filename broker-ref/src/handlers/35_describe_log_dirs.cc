// DescribeLogDirs: v1-5
// * The data folders with the partitions asked for (null: all) that lie in them, their sizes, and the room on the disk
// * Replicas do not move between folders yet: there are no future ones
// Version notes:
// * v3: error of the answer as a whole; v4: total and usable bytes; v5: cordoned folders (there are none)

#include <algorithm>
#include <filesystem>

#include "handlers/cluster_view.h"
#include "log/log_manager.h"
#include "protocol/35_describe_log_dirs.h"
#include "replica/replica_manager.h"

namespace klamm::broker::handlers {
namespace {

struct DescribeLogDirs {
  using Request = protocol::DescribeLogDirsRequest;
  using Response = protocol::DescribeLogDirsResponse;
  using Folder = Response::DescribeLogDirsResult;

  static Response handle(Context& context, const Request& request) {
    Response response;
    if (!context.request.allows(server::Operation::Describe, server::ResourceType::Cluster, kClusterName)) {
      response.errorCode = ErrorCode::ClusterAuthorizationFailed;
      return response;
    }
    for (const log::LogDirectory& directory : context.broker.logs.directories()) {
      response.results.push_back(describe(context.broker, request, directory));
    }
    return response;
  }

 private:
  static bool isWanted(const Request& request, const TopicPartition& partition) {
    if (!request.topics) return true;
    return std::any_of(request.topics->begin(), request.topics->end(), [&](const Request::DescribableLogDirTopic& topic) {
      return topic.topic == partition.topic && std::find(topic.partitions.begin(), topic.partitions.end(), partition.partition) != topic.partitions.end();
    });
  }

  static Folder describe(BrokerContext& broker, const Request& request, const log::LogDirectory& directory) {
    Folder folder;
    folder.logDir = directory.path;
    if (!directory.online) {
      folder.errorCode = ErrorCode::KafkaStorageError;
      return folder;
    }
    std::error_code error;
    const auto space = std::filesystem::space(directory.path, error);
    if (!error) {
      folder.totalBytes = static_cast<std::int64_t>(space.capacity);
      folder.usableBytes = static_cast<std::int64_t>(space.available);
    }
    for (Partition* partition : broker.replicas.partitions()) {  // by rising name
      const TopicPartition& name = partition->topicPartition();
      if (broker.logs.directoryOf(name) != &directory || !isWanted(request, name)) continue;
      if (folder.topics.empty() || folder.topics.back().name != name.topic) folder.topics.push_back({name.topic, {}, {}});
      Response::DescribeLogDirsPartition described;
      described.partitionIndex = name.partition;
      described.partitionSize = static_cast<std::int64_t>(partition->log().sizeInBytes());
      described.offsetLag = std::max<std::int64_t>(0, partition->highWatermark() - partition->logEndOffset());
      folder.topics.back().partitions.push_back(std::move(described));
    }
    return folder;
  }
};

}  // namespace

KLAMM_HANDLER(DescribeLogDirs)

}  // namespace klamm::broker::handlers
