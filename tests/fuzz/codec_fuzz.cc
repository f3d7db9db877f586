// | codec byte | a compressed stream |: whole and piecewise decompression agree, and what we compress comes back.

#include "compress/codec.h"
#include "fuzz/fuzz.h"

namespace {

using namespace klamm;            // NOLINT(google-build-using-namespace)
using namespace klamm::compress;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kLimit = std::size_t{1} << 20;

void checkStream(CompressionType codec, BytesView compressed) {
  const auto whole = decompress(codec, compressed, kLimit);
  if (!whole) fuzz::demandTyped(whole.error());
  if (whole) fuzz::demand(whole->size() <= kLimit, "more than the limit");
  const auto stream = openStream(codec, compressed);
  std::size_t seen = 0;
  while (seen <= kLimit) {
    const auto piece = stream->next();
    if (!piece) {
      fuzz::demandTyped(piece.error());
      return fuzz::demand(!whole, "in pieces it is damaged, as a whole it is not");
    }
    if (piece->empty()) break;
    if (whole) {
      fuzz::demand(seen + piece->size() <= whole->size() && std::equal(piece->begin(), piece->end(), whole->data() + seen), "the pieces are not the whole");
    }
    seen += piece->size();
  }
  fuzz::demand(whole ? seen == whole->size() : seen > kLimit, "the pieces end elsewhere");
}

}  // namespace

void klamm::fuzz::run(BytesView bytes) {
  Input input(bytes);
  const auto codec = compressionFromId(input.byte() % 5);
  const BytesView content = input.rest();
  checkStream(*codec, content);
  std::vector<std::byte> compressed;
  demand(compress::compress({*codec, {}}, content, compressed).has_value(), "does not compress");
  const auto back = decompress(*codec, compressed, content.size());
  demand(back && std::equal(back->view().begin(), back->view().end(), content.begin(), content.end()), "what we compressed is another thing");
}
