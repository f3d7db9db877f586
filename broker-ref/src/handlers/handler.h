#pragma once
// How a handler looks: one file per API, named by its key, in one of two shapes.
//
//     struct Heartbeat {                                        struct DescribeCluster {
//       using Request = protocol::HeartbeatRequest;               using Request = protocol::DescribeClusterRequest;
//       static void handle(Context&, Request,                     static Request::Response handle(Context&, const Request&);
//                          Reply<Request::Response>);           };
//     };
//     KLAMM_HANDLER(Heartbeat)      at the end of the file, outside the anonymous namespace; and one row in handlers.def
//
// The first may keep the Reply and answer later; the second answers at once. Versions, decoding and the answer's header are
// the table's business: a handler asks context.version() only where the versions differ in meaning.

#include <concepts>
#include <utility>

#include "handlers/broker_context.h"
#include "server/handler_table.h"
#include "server/request_context.h"

namespace klamm::broker::handlers {

/// The broker and the request that is served. Threading: the loop that serves the connection; lives as long as the call to
/// handle(): copy what an answer that waits will need.
struct Context {
  BrokerContext& broker;
  const server::RequestContext& request;
  [[nodiscard]] std::int16_t version() const noexcept { return request.apiVersion; }
};

/// The right and duty to answer one request: move-only, used once. Dropped unanswered it closes the connection.
/// Threading: any thread.
template <class Response>
class Reply {
 public:
  Reply(server::ResponseSlot slot, std::int16_t version) noexcept : slot_(std::move(slot)), version_(version) {}

  void operator()(const Response& response) { slot_.answer(response, version_); }
  /// For Produce with acks=0 alone.
  void answerNothing() { slot_.answerNothing(); }
  /// Closes the connection, which is how Kafka tells a client what it cannot answer.
  void close(Error reason) { slot_.close(std::move(reason)); }
  [[nodiscard]] bool pending() const noexcept { return slot_.pending(); }

 private:
  server::ResponseSlot slot_;
  std::int16_t version_;
};

template <class H>
concept ImmediateHandler = requires(Context& context, const typename H::Request& request) {
  { H::handle(context, request) } -> std::same_as<typename H::Request::Response>;
};

template <class H>
concept ParkingHandler = requires(Context& context, typename H::Request request, Reply<typename H::Request::Response> reply) {
  { H::handle(context, std::move(request), std::move(reply)) } -> std::same_as<void>;
};

/// Decodes, calls, answers.
template <class H>
  requires ImmediateHandler<H> || ParkingHandler<H>
Status serve(BrokerContext& broker, const server::RequestContext& request, const Buffer& body, server::ResponseSlot& slot) {
  using Request = typename H::Request;
  KLAMM_TRY_ASSIGN(Request message, protocol::decode<Request>(body, request.apiVersion));
  Context context{broker, request};
  if constexpr (ImmediateHandler<H>) {
    slot.answer(H::handle(context, message), request.apiVersion);
  } else {
    H::handle(context, std::move(message), Reply<typename Request::Response>(std::move(slot), request.apiVersion));
  }
  return {};
}

/// All that handlers.def names, by rising key.
[[nodiscard]] server::HandlerTable handlerTable() noexcept;

}  // namespace klamm::broker::handlers

/// Makes the handler known to the table under the name of its struct.
#define KLAMM_HANDLER(Name)                                                                                   \
  extern constinit const ::klamm::broker::server::HandlerEntry k##Name##Handler;                              \
  constinit const ::klamm::broker::server::HandlerEntry k##Name##Handler{                                     \
      Name::Request::kApiKey, &::klamm::broker::handlers::serve<Name>};
