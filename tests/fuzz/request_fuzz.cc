// A request frame as a client sends it behind the size: | api key int16 | version int16 | correlation id | ... | body |

#include "fuzz/round_trip.h"
#include "protocol/frame.h"

void klamm::fuzz::run(BytesView input) {
  const auto frame = protocol::parseRequest(Buffer::copyOf(input));
  if (!frame) return demandTyped(frame.error());
  if (frame->api == nullptr || !frame->api->versions.contains(frame->version())) return;
  roundTrip(*frame->api->request, frame->body, frame->version());
}
