// | api key int16 | version int16 | a response frame as a broker sends it behind the size |

#include "fuzz/round_trip.h"
#include "protocol/frame.h"

void klamm::fuzz::run(BytesView bytes) {
  Input input(bytes);
  const protocol::ApiInfo* api = protocol::findApi(static_cast<std::int16_t>(input.uint16()));
  const auto version = static_cast<std::int16_t>(input.uint16());
  if (api == nullptr || !api->versions.contains(version)) return;
  const Buffer frame = Buffer::copyOf(input.rest());
  const auto id = protocol::correlationIdOf(frame.view());
  const auto parsed = protocol::parseResponse(frame, api->key, version);
  if (!parsed) return demandTyped(parsed.error());
  demand(id && *id == parsed->correlationId, "two correlation ids in one frame");
  roundTrip(*api->response, parsed->body, version);
}
