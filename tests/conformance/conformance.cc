#include "conformance/conformance.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/random.h"
#include "protocol/03_metadata.h"
#include "protocol/19_create_topics.h"
#include "protocol/20_delete_topics.h"
#include "support/test_cluster.h"

namespace klamm::conformance {
namespace {

constexpr int kTimeoutMillis = 10'000;

}  // namespace

bool isForeign() { return test::TestCluster::get().isKafka(); }

std::string bootstrap() { return test::TestCluster::get().bootstrapServers(); }

std::string uniqueName(const std::string& prefix) { return prefix + "-" + Uuid::random(systemRandom()).toString(); }

RawClient::RawClient() {
  const std::string address = bootstrap();
  const std::size_t colon = address.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) return;
  for (const addrinfo* at = found; at != nullptr && socket_ < 0; at = at->ai_next) {
    socket_ = ::socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (socket_ >= 0 && ::connect(socket_, at->ai_addr, at->ai_addrlen) != 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }
  freeaddrinfo(found);
  EXPECT_GE(socket_, 0) << "cannot connect to " << address;
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

void RawClient::sendParts(const Parts& parts) {
  for (const Part& part : parts.list()) {
    const auto& buffer = std::get<Buffer>(part);
    std::size_t sent = 0;
    while (sent < buffer.size()) {
      const ssize_t n = ::send(socket_, buffer.data() + sent, buffer.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(n, 0) << "the connection is closed";
      sent += static_cast<std::size_t>(n);
    }
  }
}

bool RawClient::isSilentFor(int millis) {
  pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, millis) == 0;
}

Buffer RawClient::receiveFrame() {
  const auto read = [this](std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::size_t got = 0;
    while (got < size) {
      EXPECT_FALSE(isSilentFor(kTimeoutMillis)) << "no answer";
      const ssize_t n = ::recv(socket_, bytes.data() + got, size - got, MSG_DONTWAIT);
      EXPECT_GT(n, 0) << "the connection is closed";
      if (n <= 0) return Buffer();
      got += static_cast<std::size_t>(n);
    }
    return Buffer::adopt(std::move(bytes));
  };
  const Buffer length = read(sizeof(std::int32_t));
  if (length.empty()) return {};
  const auto size = loadBigEndian<std::int32_t>(length.data());
  EXPECT_GE(size, 0);
  EXPECT_LT(size, 1 << 26);
  return size < 0 || size >= 1 << 26 ? Buffer() : read(static_cast<std::size_t>(size));
}

Uuid createTopic(RawClient& client, const std::string& name, std::int32_t partitions) {
  protocol::CreateTopicsRequest request;
  request.timeoutMs = kTimeoutMillis;
  request.topics.emplace_back();
  request.topics.back().name = name;
  request.topics.back().numPartitions = partitions;
  request.topics.back().replicationFactor = 1;
  const auto created = client.call(request, 7);
  EXPECT_EQ(created.topics.front().errorCode, ErrorCode::None);
  const Uuid id = created.topics.front().topicId;
  // A cluster tells of a topic a moment after it has made it.
  for (int i = 0; i < 100; ++i) {
    protocol::MetadataRequest ask;
    ask.topics.emplace();
    ask.topics->emplace_back();
    ask.topics->back().name = name;
    if (client.call(ask, 12).topics.front().errorCode == ErrorCode::None) break;
    (void)client.isSilentFor(50);
  }
  return id;
}

void deleteTopic(RawClient& client, const std::string& name) {
  protocol::DeleteTopicsRequest request;
  request.timeoutMs = kTimeoutMillis;
  request.topics.emplace_back();
  request.topics.back().name = name;
  EXPECT_EQ(client.call(request, 6).responses.front().errorCode, ErrorCode::None);
}

}  // namespace klamm::conformance
