#include "support/test_cluster.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

#include <klamm/broker/embedded.h>

#include "support/certificates.h"

namespace klamm::test {
namespace {

std::string environment(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr ? text : "";
}

/// A broker of ours in this process. Threading: one thread at a time.
class EmbeddedCluster final : public TestCluster {
 public:
  [[nodiscard]] std::string kind() const override { return "klamm"; }
  [[nodiscard]] std::string bootstrapServers() const override { return broker_.bootstrapServers(); }
  void killNode(int) override { broker_.kill(); }
  void startNode(int) override { broker_.restart(); }

 private:
  broker::Embedded broker_ = broker::Embedded::start();
};

/// A broker of ours in this process that speaks TLS alone and wants to know who comes. Threading: one thread at a time.
class TlsCluster final : public TestCluster {
 public:
  [[nodiscard]] std::string kind() const override { return "klamm_tls"; }
  [[nodiscard]] std::string bootstrapServers() const override { return broker_.bootstrapServers(); }
  [[nodiscard]] Config clientConfig() const override {
    Config config = TestCluster::clientConfig();
    config.set("security.protocol", "SSL");
    config.set("ssl.truststore.type", "PEM").set("ssl.truststore.certificates", certificates_.authority.certificate());
    config.set("ssl.keystore.type", "PEM").set("ssl.keystore.certificate.chain", certificates_.client.certificate);
    return config.set("ssl.keystore.key", certificates_.client.key);
  }
  [[nodiscard]] bool isPlaintext() const override { return false; }
  void killNode(int) override { broker_.kill(); }
  void startNode(int) override { broker_.restart(); }

 private:
  [[nodiscard]] std::map<std::string, std::string> brokerConfig() const {
    return {{"listeners", "SSL://localhost:0"},
            {"security.inter.broker.protocol", "SSL"},
            {"ssl.keystore.type", "PEM"},
            {"ssl.keystore.certificate.chain", certificates_.server.certificate},
            {"ssl.keystore.key", certificates_.server.key},
            {"ssl.truststore.type", "PEM"},
            {"ssl.truststore.certificates", certificates_.authority.certificate()},
            {"ssl.client.auth", "required"}};
  }
  Certificates certificates_;
  broker::Embedded broker_ = broker::Embedded::start({.config = brokerConfig()});
};

/// Apache Kafka that somebody else has started. Threading: one thread at a time.
class KafkaCluster final : public TestCluster {
 public:
  explicit KafkaCluster(int nodes) : nodes_(nodes) {}

  [[nodiscard]] std::string kind() const override { return nodes_ == 1 ? "kafka" : "kafka" + std::to_string(nodes_); }
  [[nodiscard]] std::string bootstrapServers() const override { return knownBootstrap(); }
  [[nodiscard]] int nodes() const override { return nodes_; }
  [[nodiscard]] bool isKafka() const override { return true; }
  void killNode(int node) override { control("kill", node); }
  void startNode(int node) override { control("start", node); }

  static std::string knownBootstrap() {
    if (std::string given = environment("KLAMM_TEST_BOOTSTRAP"); !given.empty()) return given;
    std::ifstream file(home() + "/bootstrap");
    std::string line;
    std::getline(file, line);
    return line;
  }
  static std::string whyMissing() {
    if (!knownBootstrap().empty()) return {};
    return "Apache Kafka is not running: neither KLAMM_TEST_BOOTSTRAP=host:port nor KLAMM_TEST_KAFKA_HOME=folder tells where "
           "(tests/peers/kafka.py up 1 --home FOLDER starts one)";
  }

 private:
  static std::string home() { return environment("KLAMM_TEST_KAFKA_HOME"); }

  static void control(const std::string& verb, int node) {
    if (home().empty()) throw std::runtime_error("only a cluster with KLAMM_TEST_KAFKA_HOME can be told to " + verb + " a node");
    const std::string command = "python3 '" KLAMM_SOURCE_DIR "/tests/peers/kafka.py' " + verb + " " + std::to_string(node) + " --home '" + home() + "'";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }

  int nodes_;
};

/// The kinds there are.
const std::array<ClusterKind, 4>& kinds() {
  static const std::array<ClusterKind, 4> all{{
      {"klamm", [] { return std::make_unique<EmbeddedCluster>(); }},
      {"klamm_tls", [] { return std::make_unique<TlsCluster>(); }},
      {"kafka", [] { return std::make_unique<KafkaCluster>(1); }, KafkaCluster::whyMissing},
      {"kafka3", [] { return std::make_unique<KafkaCluster>(3); }, KafkaCluster::whyMissing},
  }};
  return all;
}

const ClusterKind& chosenKind() {
  const std::string wanted = environment("KLAMM_TEST_CLUSTER").empty() ? "klamm" : environment("KLAMM_TEST_CLUSTER");
  const auto found = std::find_if(kinds().begin(), kinds().end(), [&](const ClusterKind& kind) { return kind.name == wanted; });
  if (found == kinds().end()) throw std::runtime_error("KLAMM_TEST_CLUSTER=" + wanted + ": there is no such kind of cluster");
  return *found;
}

}  // namespace

TestCluster& TestCluster::get() {
  if (const std::string why = missing(); !why.empty()) throw std::runtime_error(why);
  static const std::unique_ptr<TestCluster> cluster = chosenKind().make();
  return *cluster;
}

std::string TestCluster::missing() { return chosenKind().missing(); }

Config TestCluster::clientConfig() const { return Config{{"bootstrap.servers", bootstrapServers()}}; }

void TestCluster::killNode(int) { throw std::runtime_error("this kind of cluster cannot kill a node"); }
void TestCluster::startNode(int) { throw std::runtime_error("this kind of cluster cannot start a node"); }

}  // namespace klamm::test
