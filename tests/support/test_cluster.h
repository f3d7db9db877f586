#pragma once
// The cluster that an integration test talks to: one list of tests, several kinds of clusters.

#include <functional>
#include <memory>
#include <string>

#include <klamm/config.h>

namespace klamm::test {

/// A cluster of the kind that the environment variable KLAMM_TEST_CLUSTER names (default: klamm):
///
///     klamm       an embedded klamm-broker, started at the first use
///     klamm_tls   the same with TLS alone, client certificates required
///     kafka       one node of Apache Kafka that runs already
///     kafka3      three of them
///
/// Where Apache Kafka listens stands in KLAMM_TEST_BOOTSTRAP, or in the file `bootstrap` of the folder KLAMM_TEST_KAFKA_HOME
/// that `tests/peers/kafka.py up N --home FOLDER` made; nodes can be killed and started with such a folder only.
///
/// A new kind is one class in test_cluster.cc and one row of its table of kinds; tests ask for capabilities, not for kinds.
///
/// Threading: one thread at a time.
class TestCluster {
 public:
  /// The cluster of this process; lives until it ends. Throws std::runtime_error when there is none to be had.
  [[nodiscard]] static TestCluster& get();
  /// Why the kind that is asked for is not there, e.g. Apache Kafka was not started; empty when it is.
  [[nodiscard]] static std::string missing();

  virtual ~TestCluster() = default;

  /// "klamm", "kafka", ...
  [[nodiscard]] virtual std::string kind() const = 0;
  /// "127.0.0.1:41234,127.0.0.1:41235"
  [[nodiscard]] virtual std::string bootstrapServers() const = 0;
  /// What every client needs to get in: bootstrap.servers, and how to secure the connection.
  [[nodiscard]] virtual Config clientConfig() const;
  /// Brokers, and so the highest replication factor.
  [[nodiscard]] virtual int nodes() const { return 1; }
  /// Clients need no more than bootstrap.servers, so that a test may open a socket of its own.
  [[nodiscard]] virtual bool isPlaintext() const { return true; }
  /// The broker is Apache Kafka.
  [[nodiscard]] virtual bool isKafka() const { return false; }

  /// Ends a node as kill -9 does, and starts it again on its folder and port (1 .. nodes()). Returns when it is gone, or
  /// ready. Throws std::runtime_error for a kind that cannot.
  virtual void killNode(int node);
  virtual void startNode(int node);
};

/// One kind of cluster: how to start it, or to find it. Threading: immutable.
struct ClusterKind {
  std::string name;
  std::function<std::unique_ptr<TestCluster>()> make;
  std::function<std::string()> missing = [] { return std::string(); };
};

}  // namespace klamm::test
