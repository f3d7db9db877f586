#pragma once
// What --print-data-log shows of a record: its text, or the message that a log of Kafka's own stores.

#include <optional>
#include <string>

#include "record/record_view.h"

namespace klamm::tools::dump {

enum class Decoder { Text, Offsets, ClusterMetadata, TransactionLog, ShareGroupState };

/// Key and payload as they are printed; nothing where nothing is.
struct Contents {
  std::optional<std::string> key = {};
  std::optional<std::string> payload = {};
};

[[nodiscard]] Contents decodeContents(Decoder decoder, const record::RecordView& record);

/// " endTxnMarker: COMMIT coordinatorEpoch: 0" and its like for every type of control record.
[[nodiscard]] std::string describeControlRecord(const record::RecordView& record);

/// The text as Java reads it: every byte that is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string javaText(BytesView bytes);

}  // namespace klamm::tools::dump
