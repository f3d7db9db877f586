#include "broker.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "auto_topic_creator.h"
#include "controller/quorum_controller.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/replica_partition_writer.h"
#include "handlers/handler.h"
#include "log/disk_worker.h"
#include "log/log_manager.h"
#include "log_config_of.h"
#include "raft/metadata_log.h"
#include "replica/replica_manager.h"
#include "server/server.h"
#include "storage.h"

namespace klamm::broker {
namespace {

constexpr std::string_view kMetadataFolder = "__cluster_metadata";
constexpr auto kCloseConnections = std::chrono::seconds(1);
constexpr auto kDrainCheck = std::chrono::milliseconds(2);

[[nodiscard]] std::vector<std::string> foldersOf(const config::BrokerConfig& config) {
  std::vector<std::string> folders = config.list("log.dirs");
  if (folders.empty()) folders = config.list("log.dir");
  for (std::string& folder : folders) {
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  }
  return folders;
}

[[nodiscard]] Result<std::int32_t> nodeIdOf(const config::BrokerConfig& config) {
  if (config.isSet("node.id")) return static_cast<std::int32_t>(config.number("node.id"));
  return config.isSet("broker.id") ? static_cast<std::int32_t>(config.number("broker.id")) : 1;
}

/// What this broker cannot be yet is said before anything is touched.
[[nodiscard]] Status checkRoles(const config::BrokerConfig& config, std::int32_t nodeId) {
  const auto roles = config.list("process.roles");
  if (!roles.empty() && roles.size() != 2) {
    return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration process.roles: this broker is always broker and controller",
                                                      config.text("process.roles")));
  }
  const auto voters = config.list("controller.quorum.voters");
  if (voters.size() > 1 || (voters.size() == 1 && !voters.front().starts_with(fmt::format("{}@", nodeId)))) {
    return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration controller.quorum.voters: the quorum is node {} alone",
                                                      config.text("controller.quorum.voters"), nodeId));
  }
  return {};
}

[[nodiscard]] Result<std::map<std::string, std::uint64_t>> connectionOverrides(std::string_view text) {
  std::map<std::string, std::uint64_t> overrides;
  for (const std::string& entry : config::splitList(text)) {
    const std::size_t colon = entry.rfind(':');
    std::uint64_t count = 0;
    const char* end = entry.data() + entry.size();
    const bool parsed = colon != std::string::npos && std::from_chars(entry.data() + colon + 1, end, count).ptr == end;
    if (!parsed) {
      return fail(ErrorCode::InvalidConfig, fmt::format("Invalid value {} for configuration max.connections.per.ip.overrides: entries are written ADDRESS:COUNT", entry));
    }
    overrides.insert_or_assign(entry.substr(0, colon), count);
  }
  return overrides;
}

[[nodiscard]] Result<server::Server::Options> serverOptions(const config::BrokerConfig& config, bool logRequests) {
  server::Server::Options options;
  KLAMM_TRY_ASSIGN(options.listeners, server::listenersOf(config));
  options.limits.maxFrame = static_cast<std::size_t>(config.number("socket.request.max.bytes"));
  options.limits.maxFrameUnauthenticated = static_cast<std::size_t>(config.number("sasl.server.max.receive.size"));
  const std::int64_t idle = config.number("connections.max.idle.ms");
  options.limits.idle = idle < 0 ? Duration(std::chrono::hours(24 * 3650)) : Duration(std::chrono::milliseconds(idle));
  options.counts.total = static_cast<std::uint64_t>(config.number("max.connections"));
  options.counts.perIp = static_cast<std::uint64_t>(config.number("max.connections.per.ip"));
  KLAMM_TRY_ASSIGN(options.counts.perIpOverrides, connectionOverrides(config.text("max.connections.per.ip.overrides")));
  options.socket.sendBuffer = config.isSet("socket.send.buffer.bytes") ? static_cast<int>(config.number("socket.send.buffer.bytes")) : -1;
  options.socket.receiveBuffer = config.isSet("socket.receive.buffer.bytes") ? static_cast<int>(config.number("socket.receive.buffer.bytes")) : -1;
  options.backlog = static_cast<int>(config.number("socket.listen.backlog.size"));
  options.logRequests = logRequests;
  return options;
}

/// Listening names of wild-card addresses are not for people: they can use the loopback one.
[[nodiscard]] net::Endpoint reachable(net::Endpoint bound) {
  if (bound.host == "0.0.0.0") bound.host = "127.0.0.1";
  if (bound.host == "::") bound.host = "::1";
  return bound;
}

}  // namespace

/// Everything in the order in which it is built; it goes in the opposite one.
struct Broker::Parts {
  explicit Parts(const BrokerOptions& options)
      : options(options), disk(options.durable ? log::systemDisk() : log::temporaryDisk()), loop(net::makeLoop()), transport(net::makeTransport(*loop, options.log)),
        worker(std::make_unique<log::ThreadDiskWorker>([this](log::ThreadDiskWorker::Task task) { (void)loop->post(std::move(task)); })),
        topicCreator(contextPointer) {}

  const BrokerOptions& options;
  log::Disk& disk;
  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::Transport> transport;
  std::unique_ptr<log::LogManager> logs;
  std::unique_ptr<log::DiskWorker> worker;
  std::unique_ptr<raft::MetadataLog> metadata;
  std::unique_ptr<controller::QuorumController> controller;
  std::unique_ptr<ReplicaManager> replicas;
  std::unique_ptr<coordinator::GroupCoordinator> groups;
  BrokerContext* contextPointer = nullptr;
  AutoTopicCreator topicCreator;
  std::unique_ptr<BrokerContext> context;
  std::unique_ptr<server::Server> server;
  net::TimerId controllerTimer = 0;
  std::int32_t nodeId = 0;

  [[nodiscard]] Status openLogs(StorageIdentity& identity);
  [[nodiscard]] Status openMetadata(const StorageIdentity& identity);
  void wire(const StorageIdentity& identity);
  [[nodiscard]] Status openPartitions();
  void applyTopic(const image::TopicImage& topic, const image::ClusterImage& image);
  void publish(const std::shared_ptr<const image::ClusterImage>& image, const image::ImageDelta& delta);
  void reconfigure(const image::ClusterImage& image, const image::ImageDelta& delta);
  void armController();
  void shutDown();
  void stopWhenDrained(TimePoint deadline);
  [[nodiscard]] log::LogConfig logConfig(const image::ClusterImage& image, std::string_view topic) const {
    const controller::ConfigView view(options.config, image, nodeId);
    return logConfigOf(view, image.topicConfigs(topic), options.config.number("producer.id.expiration.ms"));
  }
};

Status Broker::Parts::openLogs(StorageIdentity& identity) {
  const auto folders = foldersOf(options.config);
  KLAMM_TRY(checkStorage(disk, folders, nodeId));
  KLAMM_TRY_ASSIGN(logs, log::LogManager::open({&disk, folders, &systemClock(), &systemRandom(), options.log}));
  KLAMM_TRY_ASSIGN(identity, openStorage(disk, folders, nodeId, systemRandom(), systemClock().wallMillis()));
  for (std::size_t i = 0; i < folders.size(); ++i) logs->setDirectoryId(folders[i], identity.directoryIds[i]);
  return {};
}

Status Broker::Parts::openMetadata(const StorageIdentity& identity) {
  const auto& first = logs->directories().front();
  const std::string folder(options.config.text("metadata.log.dir"));
  raft::MetadataLog::Options how;
  how.disk = &disk;
  how.folder = fmt::format("{}/{}-0", folder.empty() ? first.path : folder, kMetadataFolder);
  how.nodeId = nodeId;
  how.segmentBytes = static_cast<std::int32_t>(options.config.number("metadata.log.segment.bytes"));
  how.segmentMs = options.config.number("metadata.log.segment.ms");
  how.cleanShutdown = first.cleanShutdown;
  how.clock = &systemClock();
  how.worker = worker.get();
  how.log = options.log;
  KLAMM_TRY_ASSIGN(metadata, raft::MetadataLog::open(how));
  controller = std::make_unique<controller::QuorumController>(
      controller::QuorumController::Options{nodeId, &options.config, &systemClock(), &systemRandom(), options.log}, *metadata);
  controller::BrokerRegistration registration;
  registration.id = nodeId;
  registration.incarnation = Uuid::random(systemRandom());
  registration.logDirs = identity.directoryIds;
  if (options.config.isSet("broker.rack")) registration.rack = std::string(options.config.text("broker.rack"));
  for (const server::ListenerConfig& listener : server->listeners()) {
    const net::Endpoint* bound = server->boundAddress(listener.name);
    const std::uint16_t port = bound == nullptr ? listener.port : bound->port;
    // Without an advertised address there is none that is right for everybody: the host stays empty, see endpointOf().
    image::BrokerEndpoint endpoint{listener.name, "", port, static_cast<std::int16_t>(listener.protocol)};
    if (listener.advertised) {
      endpoint.host = listener.advertised->host;
      if (listener.advertised->port != 0) endpoint.port = listener.advertised->port;
    }
    registration.endpoints.push_back(std::move(endpoint));
  }
  return controller->start(std::move(registration));
}

void Broker::Parts::wire(const StorageIdentity& identity) {
  ReplicaManager::Options replicaOptions;
  replicaOptions.brokerId = nodeId;
  replicaOptions.fetchSessionSlots = static_cast<std::size_t>(options.config.number("max.incremental.fetch.session.cache.slots"));
  replicaOptions.log = options.log;
  replicas = std::make_unique<ReplicaManager>(replicaOptions, *logs, *worker, *loop);
  const auto groupConfig = coordinator::GroupConfig::from(options.config);
  groups = std::make_unique<coordinator::GroupCoordinator>(
      nodeId, groupConfig, std::make_unique<coordinator::ReplicaPartitionWriter>(std::string(coordinator::kOffsetsTopic), *replicas),
      *loop, systemRandom(), options.log);
  context.reset(new BrokerContext{nodeId, identity.clusterId, options.config, *loop, systemClock(), options.log, controller->image(), *controller,
                                  topicCreator, *logs, *replicas, *groups});
  contextPointer = context.get();
  controller->onPublished([this](const auto& image, const auto& delta) { publish(image, delta); });
  controller->onDeadlineChanged([this] { armController(); });
  controller->onFailed([this](const Error& error) {
    options.log.error("the metadata log cannot be written any more, the broker stops: {}", error.message());
    if (options.failed) options.failed(error);
  });
}

void Broker::Parts::applyTopic(const image::TopicImage& topic, const image::ClusterImage& image) {
  const log::LogConfig config = logConfig(image, topic.name);
  for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
    const image::PartitionImage& partition = topic.partitions[p];
    PartitionAssignment assignment{{topic.name, static_cast<std::int32_t>(p)}, topic.id, partition.leader, partition.leaderEpoch,
                                   partition.partitionEpoch, partition.replicas, partition.isr};
    if (const Status applied = replicas->apply(assignment, config); !applied) {
      options.log.error("partition {}-{} is offline: {}", topic.name, p, applied.error().message());
    }
  }
}

Status Broker::Parts::openPartitions() {
  const image::ClusterImage& image = *controller->image();
  for (const auto& topic : image.topics()) applyTopic(*topic, image);
  replicas->removeStrays([&image](const TopicPartition& partition) {
    return partition.topic == kMetadataFolder || image.partition(partition.topic, partition.partition) != nullptr;
  });
  groups->onImage(image);
  return {};
}

void Broker::Parts::publish(const std::shared_ptr<const image::ClusterImage>& image, const image::ImageDelta& delta) {
  context->image = image;
  for (const auto& topic : delta.removedTopics) {
    for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
      const TopicPartition partition{topic->name, static_cast<std::int32_t>(p)};
      if (const Status removed = replicas->remove(partition); !removed) {
        options.log.warn("partition {}-{}: {}", partition.topic, p, removed.error().message());
      }
    }
  }
  for (const auto& topic : delta.changedTopics) applyTopic(*topic, *image);
  reconfigure(*image, delta);
  groups->onImage(*image);
}

void Broker::Parts::reconfigure(const image::ClusterImage& image, const image::ImageDelta& delta) {
  const auto isBroker = [](const image::ConfigResource& resource) { return resource.type == image::ConfigResourceType::Broker; };
  if (std::any_of(delta.changedConfigs.begin(), delta.changedConfigs.end(), isBroker)) {
    for (const auto& topic : image.topics()) replicas->setConfig(topic->name, logConfig(image, topic->name));
    return;
  }
  for (const image::ConfigResource& resource : delta.changedConfigs) {
    if (resource.type == image::ConfigResourceType::Topic && image.topic(resource.name) != nullptr) {
      replicas->setConfig(resource.name, logConfig(image, resource.name));
    }
  }
}

void Broker::Parts::armController() {
  if (controllerTimer != 0) loop->cancel(std::exchange(controllerTimer, 0));
  const auto next = controller->nextDeadline();
  if (!next) return;
  controllerTimer = loop->schedule(*next, [this] {
    controllerTimer = 0;
    controller->expire(loop->now());
    armController();
  });
}

/// On the loop: what waits is answered first, so that its answers go out with the rest.
void Broker::Parts::shutDown() {
  groups->close();
  replicas->close();
  controller->close();
  if (controllerTimer != 0) loop->cancel(std::exchange(controllerTimer, 0));
  const TimePoint deadline = loop->now() + kCloseConnections;
  server->close(deadline);
  stopWhenDrained(deadline);
}

void Broker::Parts::stopWhenDrained(TimePoint deadline) {
  if (server->isDrained() || loop->now() >= deadline + kDrainCheck) return loop->stop();
  (void)loop->schedule(loop->now() + kDrainCheck, [this, deadline] { stopWhenDrained(deadline); });
}

Broker::Broker(BrokerOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Broker>> Broker::start(BrokerOptions options) {
  std::unique_ptr<Broker> broker(new Broker(std::move(options)));
  KLAMM_TRY(broker->open());
  broker->thread_ = std::thread([parts = broker->parts_.get()] { parts->loop->run(); });
  return broker;
}

/// On the caller's thread, before the loop runs. Binding comes before the folders are changed: a port in use leaves no trace.
Status Broker::open() {
  parts_ = std::make_unique<Parts>(options_);
  Parts& parts = *parts_;
  KLAMM_TRY_ASSIGN(parts.nodeId, nodeIdOf(options_.config));
  KLAMM_TRY(checkRoles(options_.config, parts.nodeId));
  KLAMM_TRY_ASSIGN(auto how, serverOptions(options_.config, options_.logRequests));
  parts.server = std::make_unique<server::Server>(*parts.transport, handlers::handlerTable(), parts.contextPointer, std::move(how), options_.log);
  KLAMM_TRY(parts.server->bind());
  StorageIdentity identity;
  KLAMM_TRY(parts.openLogs(identity));
  if (identity.formatted) options_.log.info("formatted {} for node {} of cluster {}", parts.logs->directories().front().path, parts.nodeId, identity.clusterId);
  KLAMM_TRY(parts.openMetadata(identity));
  parts.wire(identity);
  KLAMM_TRY(parts.openPartitions());
  parts.server->start();
  address_ = reachable(*parts.server->boundAddress(parts.server->listeners().front().name));
  return {};
}

Broker::~Broker() { abandon(); }

void Broker::endLoop() {
  if (thread_.joinable()) thread_.join();
}

Status Broker::stop() {
  if (!parts_) return {};
  if (thread_.joinable()) (void)parts_->loop->post([parts = parts_.get()] { parts->shutDown(); });
  endLoop();
  Parts& parts = *parts_;
  parts.server.reset();
  parts.transport.reset();
  parts.worker.reset();  // finishes what is queued
  const Status metadata = parts.metadata->close();
  const Status logs = parts.logs->close();
  parts_.reset();
  return metadata ? logs : metadata;
}

void Broker::abandon() {
  if (!parts_) return;
  parts_->loop->stop();
  endLoop();
  parts_.reset();
}

}  // namespace klamm::broker
