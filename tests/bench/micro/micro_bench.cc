// The smallest parts of the hot paths, each with the allocations that one turn of it makes.

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/murmur2.h"
#include "compress/codec.h"
#include "protocol/03_metadata.h"
#include "protocol/codec.h"
#include "record/batch.h"
#include "record/batch_builder.h"

#include "allocations.h"

namespace klamm {
namespace {

using benchmark::State;
constexpr std::size_t kBatch = 1'000'000;
constexpr std::int64_t kNow = 1'700'000'000'000;

/// Counts what is allocated between its making and its end, for each turn of the benchmark.
class Allocations {
 public:
  explicit Allocations(State& state) : state_(state), before_(bench::allocations()) {}
  ~Allocations() {
    state_.counters["allocations"] = benchmark::Counter(static_cast<double>(bench::allocations() - before_), benchmark::Counter::kAvgIterations);
  }
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;

 private:
  State& state_;
  std::size_t before_;
};

BytesView bytesOf(const std::string& text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

/// Log-like lines that repeat words but not themselves.
std::vector<std::string> lines(std::size_t size, std::size_t count) {
  static constexpr const char* kWords[] = {"timeout", "connection", "refused", "retry", "user", "session", "order", "cache", "replica", "snapshot", "disk", "request"};
  std::minstd_rand random(7);
  std::vector<std::string> made;
  for (std::size_t n = 0; n < count; ++n) {
    std::string line = R"({"ts":)" + std::to_string(kNow + static_cast<std::int64_t>(n)) + R"(,"msg":")";
    while (line.size() < size) line += std::string(kWords[random() % std::size(kWords)]) + "=" + std::to_string(random() % 1000) + " ";
    line.resize(size);
    made.push_back(std::move(line));
  }
  return made;
}

Buffer batchOf(const std::vector<std::string>& values, record::BatchMemory memory = {}, record::Compression how = {}) {
  record::BatchBuilder builder(std::move(memory));
  for (std::size_t n = 0; builder.sizeInBytes() + values[0].size() + 30 < kBatch; ++n) {
    if (!builder.append(kNow, std::nullopt, bytesOf(values[n % values.size()]))) break;
  }
  record::BatchFields fields;
  fields.compression = how;
  return builder.close(fields).value();
}

void crc(State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  const Allocations counted(state);
  for (auto _ : state) benchmark::DoNotOptimize(crc32c(bytesOf(bytes)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(crc)->Name("crc32c")->Arg(100)->Arg(1024)->Arg(16 * 1024)->Arg(1024 * 1024);

void murmur(State& state) {
  const std::string key(static_cast<std::size_t>(state.range(0)), 'k');
  const Allocations counted(state);
  for (auto _ : state) benchmark::DoNotOptimize(murmur2(bytesOf(key)));
}
BENCHMARK(murmur)->Name("murmur2")->Arg(16)->Arg(100);

/// One turn is one record; the batch is closed, CRC and all, whenever it is full.
void encodeRecord(State& state) {
  const auto values = lines(static_cast<std::size_t>(state.range(0)), 64);
  const auto memory = record::BatchMemory::allocate(kBatch + 4096);
  record::BatchBuilder builder(memory);
  const Allocations counted(state);
  std::size_t n = 0;
  for (auto _ : state) {
    if (builder.sizeInBytes() + values[0].size() + 30 > kBatch) {
      benchmark::DoNotOptimize(builder.close({}));
      builder = record::BatchBuilder(memory);
    }
    benchmark::DoNotOptimize(builder.append(kNow, std::nullopt, bytesOf(values[n++ & 63])));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encodeRecord)->Name("record/encode")->Arg(10)->Arg(100)->Arg(1000);

/// One turn is one record; each batch is parsed and its CRC checked when it begins.
void decodeRecord(State& state) {
  const Buffer bytes = batchOf(lines(static_cast<std::size_t>(state.range(0)), 1000));
  record::RecordReader reader;
  record::RecordView view;
  const Allocations counted(state);
  for (auto _ : state) {
    if (!reader.next(view)) {
      const auto batch = record::RecordBatchView::parse(bytes).value();
      if (!batch.checkCrc()) state.SkipWithError("the CRC is wrong");
      reader = batch.records(kBatch).value();
      if (!reader.next(view)) state.SkipWithError("no record");
    }
    benchmark::DoNotOptimize(view);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decodeRecord)->Name("record/decode")->Arg(10)->Arg(100)->Arg(1000);

void compressBatch(State& state) {
  const Buffer plain = batchOf(lines(100, 20'000));
  const auto type = static_cast<compress::CompressionType>(state.range(0));
  std::vector<std::byte> out;
  const Allocations counted(state);
  for (auto _ : state) {
    out.clear();
    if (!compress::compress({type}, plain.view(), out)) state.SkipWithError("not compressed");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(plain.size()));
  state.counters["ratio"] = static_cast<double>(plain.size()) / static_cast<double>(out.size());
  state.SetLabel(std::string(compress::compressionName(type)));
}
BENCHMARK(compressBatch)->Name("compress/1MB")->DenseRange(1, 4);

void decompressBatch(State& state) {
  const Buffer plain = batchOf(lines(100, 20'000));
  const auto type = static_cast<compress::CompressionType>(state.range(0));
  std::vector<std::byte> packed;
  if (!compress::compress({type}, plain.view(), packed)) state.SkipWithError("not compressed");
  const Allocations counted(state);
  for (auto _ : state) benchmark::DoNotOptimize(compress::decompress(type, packed, 2 * kBatch).value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(plain.size()));
  state.SetLabel(std::string(compress::compressionName(type)));
}
BENCHMARK(decompressBatch)->Name("decompress/1MB")->DenseRange(1, 4);

protocol::MetadataResponse metadata(std::int32_t partitions) {
  protocol::MetadataResponse response;
  response.brokers.resize(1);
  response.topics.resize(1);
  response.topics[0].name = "a-topic";
  for (std::int32_t n = 0; n < partitions; ++n) {
    auto& partition = response.topics[0].partitions.emplace_back();
    partition.partitionIndex = n;
    partition.replicaNodes = partition.isrNodes = {1, 2, 3};
  }
  return response;
}

void encodeMetadata(State& state) {
  const auto response = metadata(1000);
  const Allocations counted(state);
  for (auto _ : state) benchmark::DoNotOptimize(protocol::encode(response, 13).value());
}
BENCHMARK(encodeMetadata)->Name("protocol/encode Metadata of 1000 partitions");

void decodeMetadata(State& state) {
  const Buffer bytes = protocol::encodeToBuffer(metadata(1000), 13).value();
  const Allocations counted(state);
  for (auto _ : state) benchmark::DoNotOptimize(protocol::decode<protocol::MetadataResponse>(bytes, 13).value());
}
BENCHMARK(decodeMetadata)->Name("protocol/decode Metadata of 1000 partitions");

}  // namespace
}  // namespace klamm

BENCHMARK_MAIN();
