// Messages that are stored or nested in others: | name, ended by a zero byte | version int16 | message |

#include "fuzz/round_trip.h"
#include "protocol/api_table.h"
#include "protocol/stored_record.h"

namespace {

const klamm::protocol::MessageInfo* findMessage(std::string_view name) {
  for (const klamm::protocol::MessageInfo* info : klamm::protocol::allMessages()) {
    if (info->name == name) return info;
  }
  return nullptr;
}

}  // namespace

void klamm::fuzz::run(BytesView bytes) {
  const std::string_view text = asText(bytes);
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return;
  const protocol::MessageInfo* info = findMessage(text.substr(0, end));
  Input input(bytes.subspan(end + 1));
  const auto version = static_cast<std::int16_t>(input.uint16());
  const Buffer body = Buffer::copyOf(input.rest());
  if (const auto frame = protocol::parseMetadataFrame(body); !frame) demandTyped(frame.error());
  if (info != nullptr && info->versions.contains(version)) roundTrip(*info, body, version);
}
