#pragma once
// Raw requests against one broker: an embedded one, or Apache Kafka (see support/test_cluster.h). Every expectation in this
// folder was seen on Apache Kafka 4.3.1, and is seen again whenever the tests run.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/uuid.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

namespace klamm::conformance {

/// "host:port" of the broker under test.
[[nodiscard]] std::string bootstrap();
/// True when the broker under test is not ours.
[[nodiscard]] bool isForeign();
/// A name that no earlier run has used.
[[nodiscard]] std::string uniqueName(const std::string& prefix);

/// One connection that sends a request and waits for its answer. Fails the test after ten seconds, or when the broker closes.
/// Threading: one thread.
class RawClient {
 public:
  RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  template <class Request>
  typename Request::Response call(const Request& request, std::int16_t version) {
    send(request, version);
    return receive<Request>(version);
  }
  template <class Request>
  void send(const Request& request, std::int16_t version) {
    auto frame = protocol::encodeRequest(request, version, ++correlationId_, "conformance");
    ASSERT_TRUE(frame) << frame.error().message();
    sendParts(*frame);
  }
  /// The answer to the oldest request that has none yet.
  template <class Request>
  typename Request::Response receive(std::int16_t version) {
    const Buffer frame = receiveFrame();
    const auto response = protocol::parseResponse(frame, Request::kApiKey, version);
    EXPECT_TRUE(response) << (response ? "" : response.error().message());
    if (!response) return {};
    auto decoded = protocol::decode<typename Request::Response>(response->body, version);
    EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message());
    return decoded ? std::move(*decoded) : typename Request::Response();
  }
  /// True when nothing comes within the time.
  [[nodiscard]] bool isSilentFor(int millis);

 private:
  void sendParts(const Parts& parts);
  Buffer receiveFrame();

  int socket_ = -1;
  std::int32_t correlationId_ = 0;
};

/// Makes a topic, waits until it is there, and returns its id.
Uuid createTopic(RawClient& client, const std::string& name, std::int32_t partitions = 2);
/// Deletes it.
void deleteTopic(RawClient& client, const std::string& name);

}  // namespace klamm::conformance
