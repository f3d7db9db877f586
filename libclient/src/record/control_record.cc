#include "record/control_record.h"

namespace klamm::record {

std::string_view controlRecordName(ControlRecordType type) noexcept {
  switch (type) {
    case ControlRecordType::Abort: return "ABORT";
    case ControlRecordType::Commit: return "COMMIT";
    case ControlRecordType::LeaderChange: return "LEADER_CHANGE";
    case ControlRecordType::SnapshotHeader: return "SNAPSHOT_HEADER";
    case ControlRecordType::SnapshotFooter: return "SNAPSHOT_FOOTER";
    case ControlRecordType::KRaftVersion: return "KRAFT_VERSION";
    case ControlRecordType::KRaftVoters: return "KRAFT_VOTERS";
  }
  return "UNKNOWN";
}

std::optional<ControlRecordKey> ControlRecordKey::parse(BytesView key) noexcept {
  ByteReader reader(key);
  const auto version = reader.read<std::int16_t>();
  const auto type = reader.read<std::int16_t>();
  if (!version || !type || *version < 0) return std::nullopt;
  return ControlRecordKey{*version, static_cast<ControlRecordType>(*type)};
}

std::array<std::byte, 4> ControlRecordKey::encode() const noexcept {
  std::array<std::byte, 4> bytes;
  storeBigEndian(bytes.data(), version);
  storeBigEndian(bytes.data() + 2, static_cast<std::int16_t>(type));
  return bytes;
}

std::optional<EndTransactionMarker> EndTransactionMarker::parse(BytesView value) noexcept {
  ByteReader reader(value);
  const auto version = reader.read<std::int16_t>();
  const auto epoch = reader.read<std::int32_t>();
  if (!version || !epoch || *version < 0) return std::nullopt;
  return EndTransactionMarker{*epoch};
}

std::array<std::byte, 6> EndTransactionMarker::encode() const noexcept {
  std::array<std::byte, 6> bytes;
  storeBigEndian<std::int16_t>(bytes.data(), 0);
  storeBigEndian(bytes.data() + 2, coordinatorEpoch);
  return bytes;
}

}  // namespace klamm::record
