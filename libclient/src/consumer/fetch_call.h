#pragma once
// A Fetch on its way.

#include <functional>
#include <optional>
#include <utility>

#include "client/call.h"
#include "consumer/fetch_preview.h"
#include "protocol/01_fetch.h"

namespace klamm::consumer {

/// Tells where its answer will end as soon as that can be seen, which may be long before it is there.
/// Threading: see Call; `seen` and the callback on the I/O thread.
class FetchCall final : public client::TypedCall<protocol::FetchRequest> {
 public:
  using Seen = std::function<void(const FetchPreview&)>;

  FetchCall(protocol::FetchRequest request, const client::CallOptions& options, Seen seen,
            client::ResponseCallback<protocol::FetchRequest> callback)
      : TypedCall(options, std::move(callback)), request_(std::move(request)), seen_(std::move(seen)) {}

  [[nodiscard]] Result<const protocol::FetchRequest*> request(std::int16_t) override { return &request_; }
  void begun(BytesView front, std::int16_t version) override {
    if (!seen_) return;
    if (!preview_) preview_.emplace(version);
    const FetchPreview::Sight sight = preview_->look(front);
    if (sight == FetchPreview::Sight::NotYet) return;
    const Seen seen = std::exchange(seen_, nullptr);
    if (sight == FetchPreview::Sight::Known) seen(*preview_);
  }

 private:
  protocol::FetchRequest request_;
  Seen seen_;
  std::optional<FetchPreview> preview_;
};

}  // namespace klamm::consumer
