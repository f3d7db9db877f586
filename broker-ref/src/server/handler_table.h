#pragma once
// The one table of served APIs: requests are looked up in it, and ApiVersions is answered from it.

#include <cstdint>
#include <memory>
#include <span>

#include "base/buffer.h"
#include "base/result.h"
#include "protocol/api_table.h"
#include "protocol/codec.h"
#include "server/request_context.h"

namespace klamm::broker {
struct BrokerContext;
}

namespace klamm::broker::server {

/// Where the answer to one request goes. Exactly one of answer(), answerNothing() and close() is called.
/// Threading: any thread; the connection's loop does the work.
class ResponseTarget {
 public:
  virtual ~ResponseTarget() = default;
  virtual void answer(protocol::ConstMessage body, std::int16_t version) = 0;
  /// The request has no response (Produce with acks=0): the next one of the connection is served.
  virtual void answerNothing() = 0;
  virtual void close(Error reason) = 0;
};

/// Move-only ownership of a ResponseTarget. Dropped without an answer, it closes the connection: the client retries
/// elsewhere instead of waiting for ever.
class ResponseSlot {
 public:
  explicit ResponseSlot(std::shared_ptr<ResponseTarget> target) noexcept : target_(std::move(target)) {}
  ResponseSlot(ResponseSlot&&) noexcept = default;
  ResponseSlot& operator=(ResponseSlot&& other) noexcept {
    if (this != &other) {
      drop();
      target_ = std::move(other.target_);
    }
    return *this;
  }
  ~ResponseSlot() { drop(); }

  template <class Response>
  void answer(const Response& response, std::int16_t version) {
    if (const auto target = std::move(target_)) target->answer(protocol::asMessage(response), version);
  }
  void answerNothing() {
    if (const auto target = std::move(target_)) target->answerNothing();
  }
  void close(Error reason) {
    if (const auto target = std::move(target_)) target->close(std::move(reason));
  }
  [[nodiscard]] bool pending() const noexcept { return target_ != nullptr; }

 private:
  void drop() noexcept {
    if (const auto target = std::move(target_)) target->close(Error(ErrorCode::BrokerNotAvailable, "the request was dropped unanswered"));
  }
  std::shared_ptr<ResponseTarget> target_;
};

/// One served API. `serve` decodes the body and calls the handler; it fails (and has not answered) when the body cannot be
/// decoded, which closes the connection.
struct HandlerEntry {
  protocol::ApiKey api = {};
  Status (*serve)(BrokerContext& broker, const RequestContext& request, const Buffer& body, ResponseSlot& slot) = nullptr;
};

/// The served APIs by rising key. Defined by the handlers layer (handlers/handlers.def).
struct HandlerTable {
  std::span<const HandlerEntry* const> entries = {};
  [[nodiscard]] const HandlerEntry* find(protocol::ApiKey api) const noexcept {
    for (const HandlerEntry* entry : entries) {
      if (entry->api == api) return entry;
    }
    return nullptr;
  }
};

}  // namespace klamm::broker::server
