#pragma once
// Answers that wait: for a rebalance, and for the records that they rest on to be committed.

#include <memory>
#include <utility>
#include <vector>

#include <klamm/error.h>

#include "base/inline_function.h"
#include "coordinator/responses.h"

namespace klamm::broker::coordinator {

/// Sends the response of one request; called exactly once. Threading: called on the loop of the shard.
template <class Response>
using Answer = InlineFunction<void(Response)>;

/// A response that leaves when all records that it may rest on are committed, or turned into an error when they are not.
/// `spoil(Response&, ErrorCode)` (responses.h) makes the error. Threading: that of its shard.
class PendingReply {
 public:
  template <class Response>
  PendingReply(Answer<Response> answer, Response response)
      : held_(std::make_unique<Held<Response>>(std::move(answer), std::move(response))) {}

  /// None sends the response as it is. Called once.
  void send(ErrorCode error) { held_->send(error); }

 private:
  struct Sendable {
    virtual ~Sendable() = default;
    virtual void send(ErrorCode error) = 0;
  };
  template <class Response>
  struct Held final : Sendable {
    Held(Answer<Response> answer, Response response) : answer_(std::move(answer)), response_(std::move(response)) {}
    void send(ErrorCode error) override {
      if (error != ErrorCode::None) spoil(response_, error);
      answer_(std::move(response_));
    }
    Answer<Response> answer_;
    Response response_;
  };
  std::unique_ptr<Sendable> held_;
};

}  // namespace klamm::broker::coordinator
