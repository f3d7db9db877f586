#include <algorithm>

#include <fmt/format.h>

#include "dump_log/dumpers.h"
#include "dump_log/log_file.h"

namespace klamm::tools::dump {
namespace {

using record::BatchHeader;
using record::RecordBatchView;
using record::RecordView;
using record::TimestampType;

/// No batch of Kafka's holds more than fits an int32 when decompressed.
constexpr std::size_t kDecompressionLimit = std::numeric_limits<std::int32_t>::max();

std::string_view timestampName(const BatchHeader& header) {
  return header.timestampType() == TimestampType::LogAppendTime ? "LogAppendTime" : "CreateTime";
}

void printBatch(const RecordBatchView& batch, std::uint64_t position, Output& out) {
  const BatchHeader& header = batch.header();
  const auto codec = compress::compressionFromId(header.compressionId());
  const std::string horizon = header.hasDeleteHorizon() ? fmt::format("OptionalLong[{}]", header.baseTimestamp) : "OptionalLong.empty";
  out.write(fmt::format(
      "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} "
      "partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {} position: {} {}: {} size: {} magic: {} "
      "compresscodec: {} crc: {} isvalid: {}\n",
      header.baseOffset, header.lastOffset(), header.count, header.baseSequence, header.lastSequence(), header.producerId,
      header.producerEpoch, header.partitionLeaderEpoch, header.isTransactional(), header.isControl(), horizon, position,
      timestampName(header), header.maxTimestamp, batch.sizeInBytes(), header.magic,
      codec ? compress::compressionName(*codec) : "unknown", header.crc, batch.checkCrc().has_value()));
}

std::int32_t sizeOf(const std::optional<BytesView>& field) { return field ? static_cast<std::int32_t>(field->size()) : -1; }

void printRecord(const RecordBatchView& batch, const RecordView& record, const Wishes& wishes, Output& out) {
  const BatchHeader& header = batch.header();
  std::string line;
  if (!wishes.skipMetadata) {
    const std::int32_t sequence = header.baseSequence < 0 ? record::kNoSequence
                                  : record::incrementSequence(header.baseSequence, static_cast<std::int32_t>(record.offset - header.baseOffset));
    fmt::format_to(std::back_inserter(line), "| offset: {} {}: {} keySize: {} valueSize: {} sequence: {} headerKeys: [", record.offset,
                   timestampName(header), record.timestamp, sizeOf(record.key), sizeOf(record.value), sequence);
    bool first = true;
    for (const auto& recordHeader : record.headers) {
      if (!std::exchange(first, false)) line += ',';
      line += javaText(asBytes(recordHeader.key));
    }
    line += ']';
    if (header.isControl()) line += describeControlRecord(record);
  }
  if (wishes.contents && !header.isControl()) {
    const Contents contents = decodeContents(wishes.decoder, record);
    const auto add = [&line](std::string_view name, const std::string& text) { line.append(line.empty() ? "| " : " ").append(name).append(text); };
    if (contents.key) add("key: ", *contents.key);
    if (contents.payload) add("payload: ", *contents.payload);
  }
  line += '\n';  // of a record that has nothing to show only this is left, as in Kafka's tool
  out.write(line);
}

Status printRecords(const RecordBatchView& batch, const Wishes& wishes, std::int64_t& lastOffset, Findings::Pairs& gaps, Output& out) {
  KLAMM_TRY_ASSIGN(record::RecordReader reader, batch.records(kDecompressionLimit));
  RecordView record;
  while (!out.failed() && reader.next(record)) {
    if (lastOffset != -1 && record.offset != lastOffset + 1) gaps.emplace_back(lastOffset, record.offset);
    lastOffset = record.offset;
    printRecord(batch, record, wishes, out);
  }
  return reader.status();
}

/// "00000000000000000130-0000000007.checkpoint" names the end offset and epoch of a metadata snapshot.
std::string describeCheckpoint(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name == "bootstrap.checkpoint") return "KRaft bootstrap snapshot\n";
  const std::size_t dash = name.find('-');
  if (dash == std::string::npos) return {};
  const auto number = [](const std::string& digits) { return std::strtoll(digits.c_str(), nullptr, 10); };
  return fmt::format("Snapshot end offset: {}, epoch: {}\n", number(name.substr(0, dash)), number(name.substr(dash + 1)));
}

}  // namespace

Status dumpLog(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out) {
  if (path.extension() == ".checkpoint") {
    out.write(describeCheckpoint(path));
  } else {
    const auto offset = offsetOfName(path);
    if (!offset) return fail(ErrorCode::IllegalArgument, "the name of " + path.string() + " does not begin with an offset");
    out.write(fmt::format("Log starting offset: {}\n", *offset));
  }
  KLAMM_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  const std::uint64_t end = std::min<std::uint64_t>(file.size(), static_cast<std::uint64_t>(wishes.maxBytes));
  SegmentReader reader(file, 0, end);
  std::int64_t lastOffset = -1;
  Findings::Pairs gaps;
  while (!out.failed()) {
    const std::uint64_t position = reader.position();
    KLAMM_TRY_ASSIGN(const auto batch, reader.next());
    if (!batch) break;
    printBatch(*batch, position, out);
    if (wishes.deep) KLAMM_TRY(printRecords(*batch, wishes, lastOffset, gaps, out));
  }
  if (!gaps.empty()) findings.nonConsecutive[std::filesystem::absolute(path).string()] = std::move(gaps);
  const std::uint64_t surplus = end - reader.position();
  if (surplus > 0 && wishes.maxBytes == std::numeric_limits<std::int32_t>::max() && !out.failed())
    out.write(fmt::format("Found {} invalid bytes at the end of {}\n", surplus, path.filename().string()));
  return {};
}

}  // namespace klamm::tools::dump
