#pragma once
// Messages from the JSON of Kafka's converters, so that bytes can be made of values that no decoder of ours has touched.

#include <cstdint>
#include <string>

#include "protocol/codec.h"

namespace klamm::golden {

/// Fills `message`, which must be new, from JSON as Kafka prints it, with the bytes of records in base64 and unknown
/// tagged fields as "_tags": [{"tag": 7, "data": "..."}]. Returns what is wrong with the JSON: a type that does not fit,
/// a name that the message does not have. Empty when all is well.
[[nodiscard]] std::string fillFromJson(protocol::MutableMessage message, const std::string& json);

}  // namespace klamm::golden
