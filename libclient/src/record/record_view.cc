#include "record/record_view.h"

#include "record/decode.h"

namespace klamm::record {

void RecordHeaders::Iterator::decode() noexcept {
  if (left_ == 0) return;
  Cursor cursor{encoded_.data(), encoded_.data() + encoded_.size()};
  // The bytes were checked by the reader; should they ever not hold, the range ends here.
  if (!decodeHeader(cursor, header_)) left_ = 0;
  encoded_ = BytesView(cursor.at, static_cast<std::size_t>(cursor.end - cursor.at));
}

}  // namespace klamm::record
