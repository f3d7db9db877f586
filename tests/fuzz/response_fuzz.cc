// | api key int16 | version int16 | a response frame as a broker sends it behind the size |

#include <algorithm>

#include "consumer/fetch_preview.h"
#include "fuzz/round_trip.h"
#include "protocol/frame.h"

namespace klamm::fuzz {
namespace {

/// A consumer looks at a Fetch answer while it is coming: what it sees must not hang on how many bytes came at a time.
void lookAhead(BytesView frame, std::int16_t version) {
  using consumer::FetchPreview;
  FetchPreview atOnce(version);
  FetchPreview bitByBit(version);
  const FetchPreview::Sight sight = atOnce.look(frame);
  const std::size_t step = 1 + frame.size() / 64;
  for (std::size_t there = 0; there < frame.size(); there += step) (void)bitByBit.look(frame.first(there));
  demand(bitByBit.look(frame) == sight, "what is seen of an answer hangs on how it came");
  const auto same = [](const FetchPreview::Partition& one, const FetchPreview::Partition& other) {
    return one.topic == other.topic && one.topicId == other.topicId && one.index == other.index && one.next == other.next;
  };
  demand(std::equal(atOnce.partitions().begin(), atOnce.partitions().end(), bitByBit.partitions().begin(), bitByBit.partitions().end(), same),
         "the partitions of an answer hang on how it came");
  demand(atOnce.partitions().size() <= frame.size(), "an answer has more partitions than bytes");
}

}  // namespace
}  // namespace klamm::fuzz

void klamm::fuzz::run(BytesView bytes) {
  Input input(bytes);
  const protocol::ApiInfo* api = protocol::findApi(static_cast<std::int16_t>(input.uint16()));
  const auto version = static_cast<std::int16_t>(input.uint16());
  if (api == nullptr || !api->versions.contains(version)) return;
  const Buffer frame = Buffer::copyOf(input.rest());
  if (api->key == protocol::ApiKey::Fetch) lookAhead(frame.view(), version);
  const auto id = protocol::correlationIdOf(frame.view());
  const auto parsed = protocol::parseResponse(frame, api->key, version);
  if (!parsed) return demandTyped(parsed.error());
  demand(id && *id == parsed->correlationId, "two correlation ids in one frame");
  roundTrip(*api->response, parsed->body, version);
}
