#pragma once
// What the tests of the one list share: names, topics, and records in and out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <klamm/admin.h>
#include <klamm/consumer.h>
#include <klamm/producer.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/uuid.h"
#include "support/test_cluster.h"

namespace klamm::test {

using namespace std::chrono_literals;
using TextProducer = Producer<std::string, std::string>;
using TextConsumer = Consumer<std::string, std::string>;

/// The timestamp of record 0 of fill(): an hour ago, so that no broker takes the records for outdated.
inline std::int64_t firstTimestamp() {
  static const std::int64_t at = systemClock().wallMillis() - 3'600'000;
  return at;
}

/// How long anything may take that must come.
inline constexpr auto kPatience = 60s;

/// One test on the cluster of this run; its topics and groups bear names of their own. Threading: one thread.
class ClientTest : public ::testing::Test {
 protected:
  /// A configuration with which a client gets in, and the values given.
  static Config config(std::initializer_list<std::pair<std::string_view, std::string_view>> values = {}) {
    Config result = TestCluster::get().clientConfig();
    for (const auto& [name, value] : values) result.set(name, value);
    return result;
  }
  /// The same for a member of a group, or one that reads alone, from the beginning.
  static Config reading(const std::string& group, std::initializer_list<std::pair<std::string_view, std::string_view>> values = {}) {
    Config result = config({{"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}});
    if (!group.empty()) result.set("group.id", group);
    for (const auto& [name, value] : values) result.set(name, value);
    return result;
  }
  /// "what-" and 22 characters that no run had before.
  static std::string uniqueName(const std::string& what) { return what + "-" + Uuid::random(systemRandom()).toString(); }

  Admin& admin() {
    if (!admin_) admin_ = std::make_unique<Admin>(config());
    return *admin_;
  }
  /// Makes a topic and waits until every partition has a leader that says so to clients.
  std::string makeTopic(const std::string& what, std::int32_t partitions = 1, std::map<std::string, std::string> configs = {}) {
    const std::string name = uniqueName(what);
    admin().createTopics({{.name = name, .partitions = partitions, .configs = std::move(configs)}}).all.get();
    awaitLeaders(name, partitions);
    return name;
  }
  /// Every broker must say so: a client may ask any of them first.
  void awaitLeaders(const std::string& topic, std::int32_t partitions) {
    std::istringstream servers(config().properties().at("bootstrap.servers"));
    for (std::string server; std::getline(servers, server, ',');) {
      Admin asked(config({{"bootstrap.servers", server}}));
      awaitLeaders(asked, topic, partitions);
    }
  }
  static void awaitLeaders(Admin& asked, const std::string& topic, std::int32_t partitions) {
    eventually("topic " + topic + " has leaders", [&] {
      try {
        const auto described = asked.describeTopics({topic}).values.at(topic).get();
        return described.partitions.size() == static_cast<std::size_t>(partitions) &&
               std::all_of(described.partitions.begin(), described.partitions.end(), [](const auto& one) { return one.leader.has_value(); });
      } catch (const UnknownTopicOrPartitionException&) {
        return false;  // not every broker has heard of it
      }
    });
  }
  /// `count` records "0", "1", ... to one partition, timestamps firstTimestamp() + 0, 1, ...
  static void fill(const std::string& topic, int count, std::int32_t partition = 0, int from = 0, Config with = config()) {
    TextProducer producer(with);
    std::vector<std::future<RecordMetadata>> sent;
    for (int i = from; i < from + count; ++i) {
      sent.push_back(producer.send({.topic = topic, .partition = partition, .timestamp = firstTimestamp() + i, .key = "k" + std::to_string(i), .value = std::to_string(i)}));
    }
    producer.flush();
    for (auto& one : sent) one.get();
  }
  /// Asks again until it is so; fails the test after kPatience.
  static void eventually(const std::string& what, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) {
        FAIL() << "not within " << kPatience.count() << " s: " << what;
      }
      std::this_thread::sleep_for(10ms);
    }
  }
  /// Polls until `count` records are there (no more may come), and returns their values in order of arrival.
  template <class AnyConsumer>
  static std::vector<std::string> take(AnyConsumer& consumer, std::size_t count) {
    std::vector<std::string> values;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (values.size() < count && std::chrono::steady_clock::now() < end) {
      for (const auto& record : consumer.poll(100ms)) values.push_back(record.value.value_or("(null)"));
    }
    EXPECT_EQ(values.size(), count);
    return values;
  }
  /// The value of the first record that comes; what comes with it is let go.
  template <class AnyConsumer>
  static std::string takeOne(AnyConsumer& consumer) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      for (const auto& record : consumer.poll(100ms)) return record.value.value_or("(null)");
    }
    return "(nothing)";
  }
  /// Polls until the group has given this consumer `partitions` partitions.
  template <class AnyConsumer>
  static void awaitAssignment(AnyConsumer& consumer, std::size_t partitions) {
    eventually("an assignment of " + std::to_string(partitions) + " partitions", [&] {
      (void)consumer.poll(50ms);
      return consumer.assignment().size() == partitions;
    });
  }
  /// "0", "1", ... as fill() writes them.
  static std::vector<std::string> numbers(int from, int to) {
    std::vector<std::string> result;
    for (int i = from; i < to; ++i) result.push_back(std::to_string(i));
    return result;
  }

 private:
  std::unique_ptr<Admin> admin_;
};

/// What a call threw: its class is checked by EXPECT_THROW, its text by this. "nothing" when it did not throw.
template <class Call>
std::string thrownBy(Call call) {
  try {
    call();
  } catch (const KafkaException& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace klamm::test
