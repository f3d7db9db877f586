// The content of one batch: | attributes byte | compress it ourselves? byte | count byte | records, or a codec's stream |
// With the second byte odd the records reach the decoder whatever the codec; with an even one the codec meets the bytes.

#include "compress/codec.h"
#include "fuzz/batches.h"

void klamm::fuzz::run(BytesView bytes) {
  Input input(bytes);
  record::BatchHeader header;
  header.attributes = input.byte();
  const bool compresses = (input.byte() & 1U) != 0;
  header.count = input.byte();
  header.lastOffsetDelta = header.count - 1;
  header.baseTimestamp = header.maxTimestamp = 1'700'000'000'000;
  const BytesView content = input.rest();

  std::vector<std::byte> batch(record::BatchHeader::kSize);
  const auto codec = compress::compressionFromId(header.compressionId());
  if (compresses && codec && *codec != compress::CompressionType::None) {
    demand(compress::compress({*codec, {}}, content, batch).has_value(), "does not compress");
  } else {
    batch.insert(batch.end(), content.begin(), content.end());
  }
  header.batchLength = static_cast<std::int32_t>(batch.size() - record::BatchHeader::kLogOverhead);
  header.store(batch.data());
  record::updateCrc(batch);
  checkBatches(Buffer::adopt(std::move(batch)));
}
