#pragma once
// The code under test: a shop that sends its orders to Kafka.

#include <klamm/producer.h>

#include <string>

/// Threading: any thread.
class Shop {
 public:
  explicit Shop(const klamm::Config& config) : producer_(config) {}
  /// The offset of the order in the topic "orders". Throws KafkaException when it could not be stored.
  std::int64_t sell(const std::string& customer, const std::string& item);

 private:
  klamm::Producer<std::string, std::string> producer_;
};
