#include "records.h"

#include <memory>

#include "partitions.h"
#include "sized.h"

using namespace klamm;

bool klamm_records::findRun() noexcept {
  while (leftInRun <= 0) {
    if (partition == fetched.partitions.size()) return false;
    const detail::PartitionRun& here = fetched.partitions[partition];
    run = leftInRun < 0 ? here.firstRun : run + 1;
    if (run == here.firstRun + here.runCount) {
      ++partition;
      leftInRun = -1;
      continue;
    }
    at = fetched.runs[run].first;
    leftInRun = fetched.runs[run].count;
  }
  return true;
}

klamm_consumer_record_t klamm_records::next() noexcept {
  const detail::RecordRun& from = fetched.runs[run];
  const TopicPartition& of = *fetched.partitions[partition].partition;
  const detail::RawRecord raw = detail::decodeRecord(from, at);
  at = raw.end;
  --leftInRun;
  klamm_consumer_record_t row;
  row.struct_size = sizeof row;
  row.topic = of.topic.c_str();
  row.offset = raw.offset;
  row.timestamp = raw.timestamp;
  row.key = raw.keySize < 0 ? nullptr : raw.key;
  row.key_size = raw.keySize < 0 ? 0 : static_cast<std::size_t>(raw.keySize);
  row.value = raw.valueSize < 0 ? nullptr : raw.value;
  row.value_size = raw.valueSize < 0 ? 0 : static_cast<std::size_t>(raw.valueSize);
  row.headers = raw.headers;
  row.headers_size = static_cast<std::size_t>(raw.end - raw.headers);
  row.header_count = static_cast<std::size_t>(raw.headerCount);
  row.partition = of.partition;
  row.leader_epoch = from.leaderEpoch;
  row.timestamp_type = from.logAppendTime ? KLAMM_LOG_APPEND_TIME : KLAMM_CREATE_TIME;
  row.reserved = 0;
  return row;
}

size_t klamm_records_count(const klamm_records_t* records) { return c::isA(records) ? records->fetched.count : 0; }

int32_t klamm_records_read(klamm_records_t* records, klamm_consumer_record_t* rows, size_t capacity, size_t* count, klamm_error_t** error) {
  return c::guarded(records, error, [&] {
    return c::fillRows(rows, capacity, count, [&] { return records->findRun(); }, [&] { return records->next(); });
  });
}

void klamm_records_rewind(klamm_records_t* records) {
  if (!c::isA(records)) return;
  records->partition = 0;
  records->leftInRun = -1;
}

int32_t klamm_records_next_offsets(const klamm_records_t* records, klamm_partitions_t** offsets, klamm_error_t** error) {
  return c::guarded(records, error, [&]() -> Error {
    if (offsets == nullptr) return c::illegalArgument("nowhere to put the offsets");
    auto list = std::make_unique<klamm_partitions>();
    for (const detail::PartitionRun& of : records->fetched.partitions) c::add(*list, *of.partition, of.next);
    *offsets = list.release();
    return {};
  });
}

void klamm_records_free(klamm_records_t* records) {
  if (c::isA(records)) delete records;
}

size_t klamm_record_headers(const klamm_consumer_record_t* record, klamm_header_t* headers, size_t capacity) {
  if (record == nullptr || headers == nullptr || !c::isSize<klamm_consumer_record_t>(record->struct_size) || record->headers == nullptr) return 0;
  const HeadersView view(std::min(capacity, record->header_count), {static_cast<const std::byte*>(record->headers), record->headers_size});
  std::size_t count = 0;
  for (const Header& header : view) {
    klamm_header_t& row = headers[count++];
    row.key = header.key.data();
    row.key_size = header.key.size();
    row.value = header.value ? header.value->data() : nullptr;
    row.value_size = header.value ? header.value->size() : 0;
  }
  return count;
}
