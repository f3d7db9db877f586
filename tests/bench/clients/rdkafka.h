#pragma once
// The few functions of librdkafka that the benchmark calls, found in the shared library that is named at run time: the build
// needs neither its headers nor the library.

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace klamm::bench::rdkafka {

struct Client;
struct Configuration;
struct Topic;
struct Queue;

struct Message {
  int error;
  Topic* topic;
  std::int32_t partition;
  void* payload;
  std::size_t length;
  void* key;
  std::size_t keyLength;
  std::int64_t offset;
  void* opaque;
};

struct Partition {  // the first members only: the library allocates them
  char* topic;
  std::int32_t partition;
  std::int64_t offset;
};
struct PartitionList;

inline constexpr int kProducer = 0, kConsumer = 1;
inline constexpr std::int32_t kAnyPartition = -1;
inline constexpr int kCopy = 2;
inline constexpr int kQueueFull = -184, kPartitionEnd = -191;

using Delivered = void (*)(Client*, const Message*, void* opaque);

/// Threading: as librdkafka says of each function.
class Library {
 public:
  explicit Library(const std::string& path) : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(::dlerror());
    find("rd_kafka_version_str", version);
    find("rd_kafka_conf_new", newConfiguration);
    find("rd_kafka_conf_set", set);
    find("rd_kafka_conf_set_dr_msg_cb", setDelivered);
    find("rd_kafka_new", newClient);
    find("rd_kafka_destroy", destroy);
    find("rd_kafka_topic_new", newTopic);
    find("rd_kafka_topic_destroy", destroyTopic);
    find("rd_kafka_produce", produce);
    find("rd_kafka_poll", poll);
    find("rd_kafka_flush", flush);
    find("rd_kafka_last_error", lastError);
    find("rd_kafka_err2str", errorText);
    find("rd_kafka_topic_partition_list_new", newPartitions);
    find("rd_kafka_topic_partition_list_add", addPartition);
    find("rd_kafka_topic_partition_list_destroy", destroyPartitions);
    find("rd_kafka_assign", assign);
    find("rd_kafka_queue_get_consumer", consumerQueue);
    find("rd_kafka_queue_destroy", destroyQueue);
    find("rd_kafka_consume_batch_queue", consumeBatch);
    find("rd_kafka_consumer_poll", consumerPoll);
    find("rd_kafka_message_destroy", destroyMessage);
    find("rd_kafka_consumer_close", closeConsumer);
  }
  ~Library() = default;  // its threads may still end: the library stays
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const char* (*version)() = nullptr;
  Configuration* (*newConfiguration)() = nullptr;
  int (*set)(Configuration*, const char* name, const char* value, char* error, std::size_t size) = nullptr;
  void (*setDelivered)(Configuration*, Delivered) = nullptr;
  Client* (*newClient)(int type, Configuration*, char* error, std::size_t size) = nullptr;
  void (*destroy)(Client*) = nullptr;
  Topic* (*newTopic)(Client*, const char* name, void*) = nullptr;
  void (*destroyTopic)(Topic*) = nullptr;
  int (*produce)(Topic*, std::int32_t partition, int flags, void* payload, std::size_t length, const void* key, std::size_t keyLength, void* opaque) = nullptr;
  int (*poll)(Client*, int millis) = nullptr;
  int (*flush)(Client*, int millis) = nullptr;
  int (*lastError)() = nullptr;
  const char* (*errorText)(int) = nullptr;
  PartitionList* (*newPartitions)(int size) = nullptr;
  Partition* (*addPartition)(PartitionList*, const char* topic, std::int32_t partition) = nullptr;
  void (*destroyPartitions)(PartitionList*) = nullptr;
  int (*assign)(Client*, const PartitionList*) = nullptr;
  Queue* (*consumerQueue)(Client*) = nullptr;
  void (*destroyQueue)(Queue*) = nullptr;
  std::ptrdiff_t (*consumeBatch)(Queue*, int millis, Message** messages, std::size_t size) = nullptr;
  Message* (*consumerPoll)(Client*, int millis) = nullptr;
  void (*destroyMessage)(Message*) = nullptr;
  int (*closeConsumer)(Client*) = nullptr;

 private:
  template <class F>
  void find(const char* name, F& function) {
    function = reinterpret_cast<F>(::dlsym(handle_, name));
    if (function == nullptr) throw std::runtime_error(std::string("librdkafka has no ") + name);
  }
  void* handle_;
};

}  // namespace klamm::bench::rdkafka
