#include "dump_log/decoders.h"

#include <array>

#include <fmt/format.h>

#include "base/utf8.h"
#include "protocol/api_table.h"
#include "protocol/codec.h"
#include "protocol/records/consumer_protocol_assignment.h"
#include "protocol/records/consumer_protocol_subscription.h"
#include "protocol/records/group_metadata_value.h"
#include "protocol/records/k_raft_version_record.h"
#include "protocol/records/leader_change_message.h"
#include "protocol/records/snapshot_footer_record.h"
#include "protocol/records/snapshot_header_record.h"
#include "protocol/records/voters_record.h"
#include "protocol/stored_record.h"
#include "record/control_record.h"

namespace klamm::tools::dump {
namespace {

using protocol::MessageInfo;
using protocol::MessageKind;
using record::ControlRecordType;

/// A stored message whose type is known at run time. Threading: one thread.
class Message {
 public:
  explicit Message(const MessageInfo& info) : info_(info), object_(info.create()) {}
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() { info_.destroy(object_); }

  [[nodiscard]] Status read(const Buffer& bytes, std::int16_t version) {
    KLAMM_TRY(protocol::decodeInto({object_, &info_}, bytes, version));
    return {};
  }
  [[nodiscard]] std::string json(std::int16_t version) const { return protocol::toJson({object_, &info_}, version); }

 private:
  const MessageInfo& info_;
  void* object_;
};

/// The groups' log, the transactions' log and the share state's log each number their record types from 0.
bool belongsTo(Decoder decoder, std::string_view name) {
  const bool share = name.starts_with("ShareSnapshot") || name.starts_with("ShareUpdate");
  const bool transaction = name.starts_with("TransactionLog");
  switch (decoder) {
    case Decoder::TransactionLog: return transaction;
    case Decoder::ShareGroupState: return share;
    default: return !share && !transaction;
  }
}

const MessageInfo* find(Decoder decoder, MessageKind kind, std::int16_t type) {
  for (const MessageInfo* info : protocol::allMessages())
    if (info->kind == kind && info->key == type && (kind == MessageKind::Metadata || belongsTo(decoder, info->name))) return info;
  return nullptr;
}

/// A name as Kafka's enumerations write it: TopicRecord -> TOPIC_RECORD.
std::string constantCase(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    if (upper && i > 0) text += '_';
    text += upper ? name[i] : static_cast<char>(name[i] - 'a' + 'A');
  }
  return text;
}

/// Puts `replacements` in place of the quoted values of `field`, one after the other; an empty one leaves the value.
void replaceValues(std::string& json, std::string_view field, const std::vector<std::string>& replacements) {
  const std::string before = fmt::format("\"{}\":\"", field);
  std::size_t at = 0;
  for (const std::string& replacement : replacements) {
    at = json.find(before, at);
    if (at == std::string::npos) return;
    const std::size_t begin = at + before.size() - 1;
    const std::size_t end = json.find('"', begin + 1);
    at = end;
    if (replacement.empty()) continue;
    json.replace(begin, end + 1 - begin, replacement);
    at = begin + replacement.size();
  }
}

template <class M>
std::string embedded(const Buffer& bytes) {
  const auto version = protocol::storedPrefix(bytes);
  const auto message = protocol::decodeVersioned<M>(bytes, protocol::NewerVersions::ReadAsNewest);
  if (!version || !message) return {};
  return protocol::toJson(*message, std::min(*version, M::kVersions.last));
}

/// The members' subscriptions and assignments are messages of their own: shown as such for consumers.
void expandMembers(std::string& json, const Buffer& body, std::int16_t version) {
  const auto group = protocol::decode<protocol::GroupMetadataValue>(body, version);
  if (!group || group->protocolType != "consumer") return;
  std::vector<std::string> subscriptions;
  std::vector<std::string> assignments;
  for (const auto& member : group->members) {
    subscriptions.push_back(embedded<protocol::ConsumerProtocolSubscription>(member.subscription));
    assignments.push_back(embedded<protocol::ConsumerProtocolAssignment>(member.assignment));
  }
  replaceValues(json, "subscription", subscriptions);
  replaceValues(json, "assignment", assignments);
}

Contents unreadable(const record::RecordView& record, std::string_view why) {
  return {fmt::format("Error at offset {}, skipping. {}", record.offset, why), {}};
}

Contents coordinatorRecord(Decoder decoder, const record::RecordView& record) {
  if (!record.key) return unreadable(record, "Failed to decode message using offset topic decoder (message had a missing key)");
  const Buffer key = Buffer::unowned(*record.key);
  const auto type = protocol::storedPrefix(key);
  if (!type) return unreadable(record, type.error().context());
  const MessageInfo* keyInfo = find(decoder, MessageKind::CoordinatorKey, *type);
  if (keyInfo == nullptr) return {fmt::format("Unknown record type {} at offset {}, skipping.", *type, record.offset), {}};
  Message keyMessage(*keyInfo);
  if (auto status = keyMessage.read(key.slice(2), 0); !status) return unreadable(record, status.error().context());
  Contents contents;
  contents.key = fmt::format(R"({{"type":"{}","data":{}}})", *type, keyMessage.json(0));
  if (!record.value) {
    contents.payload = "<DELETE>";
    return contents;
  }
  const Buffer value = Buffer::unowned(*record.value);
  const auto version = protocol::storedPrefix(value);
  const MessageInfo* valueInfo = find(decoder, MessageKind::CoordinatorValue, *type);
  if (!version || valueInfo == nullptr) return unreadable(record, "the value has no version");
  Message valueMessage(*valueInfo);
  if (auto status = valueMessage.read(value.slice(2), *version); !status) return unreadable(record, status.error().context());
  std::string json = valueMessage.json(*version);
  if (valueInfo == &protocol::GroupMetadataValue::kInfo) expandMembers(json, value.slice(2), *version);
  contents.payload = fmt::format(R"({{"version":"{}","data":{}}})", *version, json);
  return contents;
}

Contents metadataRecord(const record::RecordView& record) {
  if (record.value && !record.value->empty() && record.value->front() != std::byte{protocol::kMetadataFrameVersion}) {
    return {{}, fmt::format("Error at {}, skipping. Could not deserialize metadata record due to unknown frame version {}(only frame version {} is "
                            "supported)", record.offset, static_cast<int>(record.value->front()), protocol::kMetadataFrameVersion)};
  }
  const auto frame = record.value ? protocol::parseMetadataFrame(Buffer::unowned(*record.value))
                                  : Result<protocol::MetadataFrame>(fail(ErrorCode::MalformedResponse, "the record has no value"));
  if (!frame) return {{}, fmt::format("Error at {}, skipping. {}", record.offset, frame.error().context())};
  const MessageInfo* info = find(Decoder::ClusterMetadata, MessageKind::Metadata, frame->type);
  if (info == nullptr) return {{}, fmt::format("Error at {}, skipping. Unknown metadata id {}", record.offset, frame->type)};
  Message message(*info);
  if (auto status = message.read(frame->body, frame->version); !status)
    return {{}, fmt::format("Error at {}, skipping. {}", record.offset, status.error().context())};
  return {{}, fmt::format(R"({{"type":"{}","version":{},"data":{}}})", constantCase(info->name), frame->version, message.json(frame->version))};
}

/// The messages in control records begin with a field that tells their version.
template <class M>
std::string controlJson(const record::RecordView& record) {
  const Buffer value = Buffer::unowned(record.value.value_or(BytesView()));
  const auto version = protocol::storedPrefix(value);
  if (!version) return "unreadable";
  const std::int16_t readAs = std::min(*version, M::kVersions.last);
  const auto message = protocol::decode<M>(value, readAs);
  return message ? protocol::toJson(*message, readAs) : "unreadable";
}

}  // namespace

Contents decodeContents(Decoder decoder, const record::RecordView& record) {
  if (decoder == Decoder::ClusterMetadata) return metadataRecord(record);
  if (decoder != Decoder::Text) return coordinatorRecord(decoder, record);
  Contents contents;
  if (record.key) contents.key = javaText(*record.key);
  if (record.value) contents.payload = javaText(*record.value);
  return contents;
}

std::string describeControlRecord(const record::RecordView& record) {
  const auto key = record.key ? record::ControlRecordKey::parse(*record.key) : std::nullopt;
  if (!key) return " controlType: UNKNOWN(-1)";
  switch (key->type) {
    case ControlRecordType::Abort:
    case ControlRecordType::Commit: {
      const auto marker = record.value ? record::EndTransactionMarker::parse(*record.value) : std::nullopt;
      return fmt::format(" endTxnMarker: {} coordinatorEpoch: {}", record::controlRecordName(key->type), marker ? marker->coordinatorEpoch : -1);
    }
    case ControlRecordType::LeaderChange: return " LeaderChange: " + controlJson<protocol::LeaderChangeMessage>(record);
    case ControlRecordType::SnapshotHeader: return " SnapshotHeader " + controlJson<protocol::SnapshotHeaderRecord>(record);
    case ControlRecordType::SnapshotFooter: return " SnapshotFooter " + controlJson<protocol::SnapshotFooterRecord>(record);
    case ControlRecordType::KRaftVersion: return " KRaftVersion " + controlJson<protocol::KRaftVersionRecord>(record);
    case ControlRecordType::KRaftVoters: return " KRaftVoters " + controlJson<protocol::VotersRecord>(record);
  }
  return fmt::format(" controlType: {}({})", record::controlRecordName(key->type), static_cast<int>(key->type));
}

std::string javaText(BytesView bytes) { return readUtf8(asText(bytes)); }

}  // namespace klamm::tools::dump
