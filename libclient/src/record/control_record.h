#pragma once
// Control records: the markers that brokers and quorums write between the records of clients.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"

namespace klamm::record {

/// The type in a control record's key.
enum class ControlRecordType : std::int16_t {
  Abort = 0,
  Commit = 1,
  LeaderChange = 2,
  SnapshotHeader = 3,
  SnapshotFooter = 4,
  KRaftVersion = 5,
  KRaftVoters = 6,
};

/// Kafka's name, e.g. "LEADER_CHANGE"; "UNKNOWN" for a number it does not have.
[[nodiscard]] std::string_view controlRecordName(ControlRecordType type) noexcept;

/// key: version int16 (0) | type int16
struct ControlRecordKey {
  std::int16_t version = 0;
  ControlRecordType type = ControlRecordType::Abort;

  /// nullopt when the key has fewer than four bytes or a negative version. An unknown type is kept as its number.
  [[nodiscard]] static std::optional<ControlRecordKey> parse(BytesView key) noexcept;
  [[nodiscard]] std::array<std::byte, 4> encode() const noexcept;
};

/// value of Commit and Abort: version int16 (0) | coordinatorEpoch int32
struct EndTransactionMarker {
  std::int32_t coordinatorEpoch = 0;

  [[nodiscard]] static std::optional<EndTransactionMarker> parse(BytesView value) noexcept;
  [[nodiscard]] std::array<std::byte, 6> encode() const noexcept;
};

}  // namespace klamm::record
