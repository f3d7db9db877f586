#include "hostile/proxy.h"

#include "hostile/claims.h"
#include "hostile/filled.h"
#include "protocol/18_api_versions.h"
#include "protocol/frame.h"
#include "unit/protocol/random_message.h"

namespace klamm::hostile {
namespace {

using namespace protocol;
using protocol::test::AnyMessage;

constexpr Duration kForEver = std::chrono::hours(1);  ///< until the other side or the proxy closes

}  // namespace

struct Proxy::Link {
  struct Asked {
    const ApiInfo* api;
    std::int16_t version;
    std::int32_t correlationId;
  };
  Link(Wire toClient, Wire toBroker) : client(std::move(toClient)), broker(std::move(toBroker)) {}

  Wire client;
  Wire broker;
  std::mutex mutex;
  std::deque<Asked> asked;  ///< unanswered, oldest first
  std::thread requests;
  std::thread answers;
};

Buffer Answer::frameWith(BytesView changed) const {
  std::vector<std::byte> bytes(header.view().begin(), header.view().end());
  bytes.insert(bytes.end(), changed.begin(), changed.end());
  return withLength(bytes);
}

Proxy::Proxy(std::uint16_t brokerPort, std::set<ApiKey> forged, Tamper tamper)
    : brokerPort_(brokerPort), forged_(std::move(forged)), tamper_(std::move(tamper)), acceptor_([this] { accept(); }) {}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const auto& link : links_) {
      link->client.shutDown();
      link->broker.shutDown();
    }
  }
  port_.shutDown();
  acceptor_.join();
  for (const auto& link : links_) {
    link->requests.join();
    link->answers.join();
  }
}

std::set<ApiKey> Proxy::passed() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

void Proxy::accept() {
  while (auto client = port_.accept()) {
    ++connections_;
    auto link = std::make_unique<Link>(*std::move(client), Wire::connect(brokerPort_));
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    Link& running = *links_.emplace_back(std::move(link));
    running.requests = std::thread([this, &running] { pumpRequests(running); });
    running.answers = std::thread([this, &running] { pumpAnswers(running); });
  }
}

void Proxy::pumpRequests(Link& link) {
  for (;;) {
    const Wire::Received received = link.client.receive(kForEver);
    if (received.end != Wire::End::Frame) break;
    const auto request = parseRequest(received.frame);
    if (!request || request->api == nullptr) break;
    const Link::Asked asked{request->api, request->version(), request->header.correlationId};
    if (forged_.contains(asked.api->key)) {
      // Out of order when other answers are still to come; whoever asks for a forged API asks one by one.
      AnyMessage made(*asked.api->response);
      Filled(asked.version, *asked.api->response).fill({made.get().object, asked.api->response->ops});
      const ResponseHeader header{.correlationId = asked.correlationId};
      const Answer answer{asked.api, asked.version, encodeToBuffer(header, asked.api->responseHeaderVersion(asked.version)).value(),
                          Buffer::adopt(encodeWith(std::as_const(made).get(), asked.version)), &link.client};
      {
        const std::lock_guard lock(mutex_);
        passed_.insert(asked.api->key);
      }
      if (!tamper_(answer)) break;
      continue;
    }
    {
      const std::lock_guard lock(link.mutex);
      link.asked.push_back(asked);
    }
    if (!link.broker.send(withLength(received.frame))) break;
  }
  link.client.shutDown();
  link.broker.shutDown();
}

void Proxy::pumpAnswers(Link& link) {
  for (;;) {
    const Wire::Received received = link.broker.receive(kForEver);
    if (received.end != Wire::End::Frame) break;
    Link::Asked asked{};
    {
      const std::lock_guard lock(link.mutex);
      if (link.asked.empty()) break;
      asked = link.asked.front();
      link.asked.pop_front();
    }
    const auto parsed = parseResponse(received.frame, asked.api->key, asked.version);
    if (!parsed) break;
    const Answer answer{asked.api, asked.version, received.frame.slice(0, received.frame.size() - parsed->body.size()),
                        rewritten(*asked.api, asked.version, parsed->body), &link.client};
    {
      const std::lock_guard lock(mutex_);
      passed_.insert(asked.api->key);
    }
    if (!tamper_(answer)) break;
  }
  link.client.shutDown();
  link.broker.shutDown();
}

/// With this proxy's port in place of the broker's, and with the forged APIs among the served ones.
Buffer Proxy::rewritten(const ApiInfo& api, std::int16_t version, const Buffer& body) const {
  AnyMessage message(*api.response);
  if (!decodeInto(message.get(), body, version)) return body;
  if (api.key == ApiKey::ApiVersions) {
    auto& versions = *static_cast<ApiVersionsResponse*>(message.get().object);
    for (const ApiKey key : forged_) {
      const Versions range = apiInfo(key).stableVersions;
      versions.apiKeys.push_back({.apiKey = static_cast<std::int16_t>(key), .minVersion = range.first, .maxVersion = range.last});
    }
  }
  return Buffer::adopt(encodeWith(std::as_const(message).get(), version, {.port = std::pair<std::int64_t, std::int64_t>(brokerPort_, port_.number())}));
}

}  // namespace klamm::hostile
