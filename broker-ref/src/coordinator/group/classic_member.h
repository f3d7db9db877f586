#pragma once
// A member of a classic group.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "coordinator/answer.h"
#include "protocol/11_join_group.h"
#include "protocol/14_sync_group.h"

namespace klamm::broker::coordinator {

/// A way to assign partitions that the member supports, with what it tells the leader under it.
struct MemberProtocol {
  std::string name = {};
  Buffer metadata = {};
  friend bool operator==(const MemberProtocol&, const MemberProtocol&) = default;
};

/// What a JoinGroup says about the member. The buffers are copies: a slice would keep the whole request alive.
struct MemberTerms {
  Millis rebalanceTimeout{0};
  Millis sessionTimeout{0};
  std::vector<MemberProtocol> protocols = {};
};

/// Threading: that of its group.
struct ClassicMember {
  std::string memberId = {};
  std::optional<std::string> groupInstanceId = {};  ///< set for a static member (KIP-345)
  std::string clientId = {};
  std::string clientHost = {};
  std::string protocolType = {};
  MemberTerms terms = {};
  Buffer assignment = {};
  bool isNew = false;                                  ///< has not been through a rebalance: it sends no heartbeats yet
  Answer<protocol::JoinGroupResponse> awaitingJoin = {};  ///< the JoinGroup that waits for the joining phase to end
  Answer<protocol::SyncGroupResponse> awaitingSync = {};  ///< the SyncGroup that waits for the leader's assignment

  [[nodiscard]] bool isStatic() const noexcept { return groupInstanceId.has_value(); }
  [[nodiscard]] bool isAwaitingJoin() const noexcept { return static_cast<bool>(awaitingJoin); }
  [[nodiscard]] bool isAwaitingSync() const noexcept { return static_cast<bool>(awaitingSync); }
  /// A parked request stands for heartbeats, except of a new member: it may be gone without a trace.
  [[nodiscard]] bool isAliveWhileParked() const noexcept { return !isNew && (isAwaitingJoin() || isAwaitingSync()); }
  [[nodiscard]] bool supports(const std::string& protocolName) const noexcept {
    for (const MemberProtocol& protocol : terms.protocols)
      if (protocol.name == protocolName) return true;
    return false;
  }
  [[nodiscard]] Buffer metadata(const std::string& protocolName) const {
    for (const MemberProtocol& protocol : terms.protocols)
      if (protocol.name == protocolName) return protocol.metadata;
    return {};
  }
  [[nodiscard]] std::size_t protocolBytes() const noexcept {
    std::size_t sum = 0;
    for (const MemberProtocol& protocol : terms.protocols) sum += protocol.name.size() + protocol.metadata.size();
    return sum;
  }
};

}  // namespace klamm::broker::coordinator
