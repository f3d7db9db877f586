// A broker among clients that keep to no rules: each of them is answered or closed in time, and nobody else notices.

#include <klamm/broker/embedded.h>

#include <atomic>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <regex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "hostile/claims.h"
#include "hostile/filled.h"
#include "hostile/live_memory.h"
#include "hostile/wire.h"
#include "protocol/03_metadata.h"
#include "protocol/18_api_versions.h"
#include "protocol/32_describe_configs.h"
#include "protocol/decode_limits.h"
#include "protocol/frame.h"
#include "unit/protocol/random_message.h"

namespace klamm::hostile {
namespace {

using namespace protocol;
using namespace std::chrono_literals;
using protocol::test::AnyMessage;
using protocol::test::joined;

constexpr Duration kPatience = 20s;  ///< only a failing test waits so long
constexpr std::int32_t kCorrelationId = 77;

/// What else may be allocated in this process while one frame is looked at.
constexpr std::size_t kForConnections = std::size_t{1024} * 1024;

/// Asks for metadata without end, on one connection. Threading: a thread of its own.
class Bystander {
 public:
  explicit Bystander(std::uint16_t port) : thread_([this, port] { run(port); }) {}
  ~Bystander() { stop(); }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  /// How many answers came; -1 when one did not.
  int stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return harmed_ ? -1 : answers_.load();
  }

 private:
  void run(std::uint16_t port) {
    Wire wire = Wire::connect(port);
    for (std::int32_t id = 0; (!stop_ || answers_ == 0) && !harmed_; ++id) {
      const Buffer frame = joined(encodeRequest(MetadataRequest{}, 12, id, "bystander").value());
      const bool sent = wire.send(frame);
      const Wire::Received received = wire.receive(kPatience);
      harmed_ = !sent || received.end != Wire::End::Frame || correlationIdOf(received.frame).value_or(-1) != id;
      ++answers_;
      std::this_thread::sleep_for(5ms);
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<bool> harmed_ = false;
  std::atomic<int> answers_ = 0;
  std::thread thread_;
};

class HostileClients : public testing::Test {
 protected:
  explicit HostileClients(std::map<std::string, std::string> config = {})
      : broker_(broker::Embedded::start({.config = std::move(config), .log = lines()})), bystander_(broker_.port()) {}

  ~HostileClients() override {
    const int answers = bystander_.stop();
    EXPECT_GT(answers, 0) << "another connection was harmed";
  }

  /// The APIs that the broker announces, as a client learns them.
  [[nodiscard]] std::vector<const ApiInfo*> servedApis() {
    Wire wire = Wire::connect(broker_.port());
    EXPECT_TRUE(wire.send(joined(encodeRequest(ApiVersionsRequest{.clientSoftwareName = "t", .clientSoftwareVersion = "1"}, 4, 1, "t").value())));
    const Buffer frame = wire.receive(kPatience).frame;
    const auto body = decode<ApiVersionsResponse>(parseResponse(frame, ApiKey::ApiVersions, 4)->body, 4);
    std::vector<const ApiInfo*> apis;
    for (const auto& one : body->apiKeys) apis.push_back(findApi(one.apiKey));
    EXPECT_GT(apis.size(), 30U);
    return apis;
  }

  [[nodiscard]] static Buffer requestOf(const ApiInfo& api, std::int16_t version, BytesView body) {
    const RequestHeader header{.requestApiKey = static_cast<std::int16_t>(api.key), .requestApiVersion = version, .correlationId = kCorrelationId,
                               .clientId = "hostile"};
    const Buffer head = encodeToBuffer(header, api.requestHeaderVersion(version)).value();
    std::vector<std::byte> frame(head.view().begin(), head.view().end());
    frame.insert(frame.end(), body.begin(), body.end());
    return withLength(frame);
  }

  /// Sends the bytes on a connection of their own; what comes back.
  Wire::Received sendAlone(const Buffer& bytes) {
    Wire wire = Wire::connect(broker_.port());
    wire.send(bytes);
    return wire.receive(kPatience);
  }

  LogSink lines() {
    return [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
  }
  [[nodiscard]] std::size_t countLines(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
  broker::Embedded broker_;
  Bystander bystander_;
};

TEST_F(HostileClients, AreClosedForEveryLengthThatLies) {
  std::size_t sent = 0;
  Duration slowest{};
  for (const ApiInfo* api : servedApis()) {
    for (std::int16_t version = api->stableVersions.first; version <= api->stableVersions.last; ++version) {
      SCOPED_TRACE(std::string(api->name) + " v" + std::to_string(version));
      AnyMessage message(*api->request);
      Filled(version, *api->request).fill({message.get().object, api->request->ops});
      const ConstMessage filled = std::as_const(message).get();
      const std::vector<Length> lengths = lengthsOf(filled, version);
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        for (const Claim& claim : liesAbout(lengths[i], i)) {
          const Buffer frame = requestOf(*api, version, encodeWith(filled, version, {.claim = claim}));
          const MemoryWatch watch;
          const auto start = std::chrono::steady_clock::now();
          const Wire::Received received = sendAlone(frame);
          slowest = std::max<Duration>(slowest, std::chrono::steady_clock::now() - start);
          ASSERT_EQ(received.end, Wire::End::Closed) << lengths[i].path << " as " << claim.toString();
          ASSERT_LE(watch.grown(), memoryAllowed(frame.size()) + kForConnections) << lengths[i].path << " as " << claim.toString();
          ++sent;
        }
      }
    }
  }
  const std::size_t lines = countLines("closed connection");
  EXPECT_GT(lines, 0U);
  EXPECT_LE(lines, sent);
  EXPECT_EQ(countLines(": field "), lines) << "each line names the field";
  std::cout << sent << " requests, slowest end after " << slowest / 1us << " us, " << lines << " log lines\n";
}

TEST_F(HostileClients, AreClosedForALyingHeader) {
  for (const auto& [api, version] : {std::pair{ApiKey::Metadata, 13}, std::pair{ApiKey::Metadata, 1}}) {
    AnyMessage header(RequestHeader::kInfo);
    const std::int16_t headerVersion = apiInfo(api).requestHeaderVersion(version);
    auto& fields = *static_cast<RequestHeader*>(header.get().object);
    fields = {.requestApiKey = static_cast<std::int16_t>(api), .requestApiVersion = static_cast<std::int16_t>(version), .correlationId = 1, .clientId = "abc"};
    const auto lengths = lengthsOf(std::as_const(header).get(), headerVersion);
    ASSERT_FALSE(lengths.empty());
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      for (const Claim& claim : liesAbout(lengths[i], i)) {
        const auto bytes = encodeWith(std::as_const(header).get(), headerVersion, {.claim = claim});
        EXPECT_EQ(sendAlone(withLength(bytes)).end, Wire::End::Closed) << lengths[i].path << " as " << claim.toString();
      }
    }
  }
}

TEST_F(HostileClients, AreAnsweredWhenEveryByteComesAlone) {
  for (const ApiInfo* api : servedApis()) {
    for (const std::int16_t version : {api->stableVersions.first, api->stableVersions.last}) {
      SCOPED_TRACE(std::string(api->name) + " v" + std::to_string(version));
      AnyMessage message(*api->request);
      Filled(version, *api->request).fill({message.get().object, api->request->ops});
      Wire wire = Wire::connect(broker_.port());
      ASSERT_TRUE(wire.sendByteByByte(requestOf(*api, version, encodeWith(std::as_const(message).get(), version))));
      const Wire::Received received = wire.receive(kPatience);
      ASSERT_EQ(received.end, Wire::End::Frame);
      const auto parsed = parseResponse(received.frame, api->key, version);
      ASSERT_TRUE(parsed);
      EXPECT_EQ(parsed->correlationId, kCorrelationId);
      AnyMessage answer(*api->response);
      const auto read = decodeInto(answer.get(), parsed->body, version);
      ASSERT_TRUE(read) << read.error().message();
      EXPECT_EQ(*read, parsed->body.size());
    }
  }
}

TEST_F(HostileClients, AreAnsweredOrClosedForExtremeNumbers) {
  // Requests that may wait as long as they say.
  const std::set<ApiKey> mayWait{ApiKey::Fetch, ApiKey::JoinGroup, ApiKey::Produce};
  std::size_t sent = 0;
  for (const ApiInfo* api : servedApis()) {
    const std::int16_t version = api->stableVersions.last;
    AnyMessage message(*api->request);
    Filled(version, *api->request).fill({message.get().object, api->request->ops});
    const ConstMessage filled = std::as_const(message).get();
    const std::vector<std::string> numbers = numbersOf(filled, version);
    for (std::size_t which = 0; which < numbers.size(); ++which) {
      for (const std::int64_t extreme : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
        SCOPED_TRACE(std::string(api->name) + " " + numbers[which] + " as " + std::to_string(extreme));
        Wire wire = Wire::connect(broker_.port());
        ASSERT_TRUE(wire.send(requestOf(*api, version, encodeWith(filled, version, {.number = NumberChange{which, extreme}}))));
        const Wire::Received received = wire.receive(mayWait.contains(api->key) ? Duration(100ms) : kPatience);
        EXPECT_TRUE(received.end != Wire::End::Silence || mayWait.contains(api->key));
        ++sent;
      }
    }
  }
  std::cout << sent << " requests\n";
  EXPECT_GT(sent, 300U);
}

/// Every text of a request is a name that must lead nowhere: no API makes a file of it, or one outside its folder.
TEST_F(HostileClients, CannotLeaveTheFolderByNames) {
  const std::filesystem::path folder = broker_.dataFolder();
  const std::filesystem::path outside = folder.parent_path() / (folder.filename().string() + "-outside");
  const std::string names[] = {"", ".", "..", "/", "../" + outside.filename().string(), outside.string(), std::string("a\0b", 3), std::string(250, 'n'),
                               std::string(32'767, 'n'), "__cluster_metadata", "__consumer_offsets", "a/../../b", "\xFF\xFE", "%s%n", "a\nb"};
  for (const ApiInfo* api : servedApis()) {
    for (const std::int16_t version : {api->stableVersions.first, api->stableVersions.last}) {
      for (const std::string& name : names) {
        SCOPED_TRACE(std::string(api->name) + " v" + std::to_string(version) + " with '" + name.substr(0, 40) + "'");
        AnyMessage message(*api->request);
        Filled(version, *api->request, name).fill({message.get().object, api->request->ops});
        EXPECT_NE(sendAlone(requestOf(*api, version, encodeWith(std::as_const(message).get(), version))).end, Wire::End::Silence);
      }
    }
  }
  EXPECT_FALSE(std::filesystem::exists(outside));
  static const std::regex kExpected("(__consumer_offsets|__cluster_metadata)-[0-9]+(\\.[0-9a-f]+-delete)?|[a-z-]+(\\.properties|-checkpoint)|\\.[a-z]+|abc-[0-9]+");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(std::regex_match(entry.path().filename().string(), kExpected)) << entry.path();
  }
}

TEST_F(HostileClients, AreClosedForFramesOfNoUse) {
  const auto length = [](std::int32_t claimed) {
    std::vector<std::byte> bytes(4);
    storeBigEndian(bytes.data(), claimed);
    return Buffer::adopt(std::move(bytes));
  };
  for (const std::int32_t claimed : {-1, 0, INT32_MIN, INT32_MAX, 100 * 1024 * 1024 + 1}) {
    const MemoryWatch watch;
    EXPECT_EQ(sendAlone(length(claimed)).end, Wire::End::Closed) << claimed;
    EXPECT_LE(watch.grown(), kForConnections);
  }
  EXPECT_EQ(sendAlone(withLength(asBytes(std::string_view("abc")))).end, Wire::End::Closed) << "no header fits into three bytes";
  EXPECT_EQ(sendAlone(Buffer::copyOf(std::string_view("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))).end, Wire::End::Closed);
  const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  EXPECT_EQ(sendAlone(Buffer::copyOf(hello + std::string(506, 'r'))).end, Wire::End::Closed) << "a TLS hello";
}

TEST_F(HostileClients, AreClosedForWhatIsNotServed) {
  std::set<ApiKey> served;
  for (const ApiInfo* api : servedApis()) served.insert(api->key);
  std::size_t notServed = 0;
  for (const ApiInfo& api : allApis()) {
    if (served.contains(api.key)) continue;
    for (std::int16_t version = api.versions.first; version <= api.versions.last; ++version) {
      SCOPED_TRACE(std::string(api.name) + " v" + std::to_string(version));
      AnyMessage message(*api.request);
      Filled(version, *api.request).fill({message.get().object, api.request->ops});
      EXPECT_EQ(sendAlone(requestOf(api, version, encodeWith(std::as_const(message).get(), version))).end, Wire::End::Closed);
      ++notServed;
    }
  }
  EXPECT_GT(notServed, 50U);
  std::cout << notServed << " requests of APIs that are not served\n";
}

TEST_F(HostileClients, AreClosedForVersionsThatAreNotServed) {
  for (const ApiInfo& api : allApis()) {
    const std::string body(64, '\0');
    for (const int version : {-1, api.stableVersions.last + 1, 32767}) {
      if (api.key == ApiKey::ApiVersions) continue;
      EXPECT_EQ(sendAlone(requestOf(api, static_cast<std::int16_t>(version), asBytes(body))).end, Wire::End::Closed) << api.name << " v" << version;
    }
  }
  for (const std::int16_t key : {std::int16_t{-1}, std::int16_t{9999}, std::int16_t{32767}}) {
    const ApiInfo unknown{.key = static_cast<ApiKey>(key)};
    EXPECT_EQ(sendAlone(requestOf(unknown, 0, {})).end, Wire::End::Closed) << key;
  }
}

TEST_F(HostileClients, AreToldTheVersionsWhenTheyAreNewer) {
  const Wire::Received received = sendAlone(requestOf(apiInfo(ApiKey::ApiVersions), 99, {}));
  ASSERT_EQ(received.end, Wire::End::Frame);
  const auto body = decode<ApiVersionsResponse>(received.frame.slice(4), 0);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->errorCode, ErrorCode::UnsupportedVersion);
  EXPECT_FALSE(body->apiKeys.empty());
}

TEST_F(HostileClients, MayLeaveInTheMiddleOfAFrame) {
  const Buffer frame = joined(encodeRequest(MetadataRequest{}, 12, 1, "t").value());
  for (std::size_t cut = 0; cut < frame.size(); ++cut) {
    Wire orderly = Wire::connect(broker_.port());
    orderly.send(frame.slice(0, cut));
    Wire rude = Wire::connect(broker_.port());
    rude.send(frame.slice(0, cut));
    rude.reset();
  }
}

/// A client that asks and never reads.
TEST_F(HostileClients, CannotFillTheMemoryWithAnswers) {
  DescribeConfigsRequest request;  // about all of the broker's configuration: some hundred times as large in the answer
  request.resources.push_back({.resourceType = 4, .resourceName = "1", .configurationKeys = std::nullopt});
  request.includeSynonyms = request.includeDocumentation = true;
  const Buffer frame = joined(encodeRequest(request, 4, 1, "t").value());
  ASSERT_GT(sendAlone(frame).frame.size(), 20'000U);
  std::vector<std::byte> many;
  for (int i = 0; i < 2000; ++i) many.insert(many.end(), frame.view().begin(), frame.view().end());
  Wire wire = Wire::connect(broker_.port());
  std::thread writer([&] {
    for (int i = 0; i < 4 && wire.send(many); ++i) {
    }
  });
  const MemoryWatch watch;
  std::this_thread::sleep_for(3s);  // as long as it may write, it does
  EXPECT_LE(watch.grown(), std::size_t{4} * 1024 * 1024);
  wire.shutDown();
  writer.join();
}

class StallingClients : public HostileClients {
 protected:
  /// Long enough that the bystander, who asks every 5 ms, is not idle when a busy machine stands still.
  StallingClients() : HostileClients({{"connections.max.idle.ms", "5000"}}) {}
};

TEST_F(StallingClients, AreClosedWhenTheyStopInTheMiddleOfAFrame) {
  const Buffer frame = joined(encodeRequest(MetadataRequest{}, 12, 1, "t").value());
  std::vector<std::pair<std::size_t, Wire>> stalling;
  for (const std::size_t cut : {std::size_t{0}, std::size_t{2}, std::size_t{4}, frame.size() - 1}) {
    Wire& wire = stalling.emplace_back(cut, Wire::connect(broker_.port())).second;
    ASSERT_TRUE(wire.send(frame.slice(0, cut)));
  }
  for (auto& [cut, wire] : stalling) EXPECT_EQ(wire.receive(kPatience).end, Wire::End::Closed) << cut << " bytes";
}

}  // namespace
}  // namespace klamm::hostile
