// Writes inputs from which the fuzz targets begin, made by our own encoders:  fuzz_make_seeds FOLDER
// What Kafka's own classes wrote is better still and comes from tests/golden when that has run.

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/random.h"
#include "protocol/api_table.h"
#include "protocol/frame.h"
#include "record/batch_builder.h"
#include "unit/protocol/random_message.h"

namespace {

using namespace klamm;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

constexpr std::size_t kLargestSeed = 16384;

/// Threading: one thread.
class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void write(const std::string& target, const std::string& name, std::string_view content) {
    if (content.size() > kLargestSeed) return;
    fs::create_directories(folder_ / target);
    std::ofstream file(folder_ / target / name, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + (folder_ / target / name).string());
    ++count_;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  fs::path folder_;
  std::size_t count_ = 0;
};

std::string int16(int value) { return {static_cast<char>(static_cast<unsigned>(value) >> 8U), static_cast<char>(value)}; }

/// A frame without its size.
std::string body(const Result<Parts>& frame) {
  return frame ? std::string(protocol::test::joined(*frame).text().substr(sizeof(std::int32_t))) : std::string();
}

void writeMessages(Seeds& seeds, Random& random) {
  for (const protocol::ApiInfo& api : protocol::allApis()) {
    for (std::int16_t version = api.versions.first; version <= api.versions.last; ++version) {
      const std::string name = std::string(api.name) + "-" + std::to_string(version);
      protocol::test::AnyMessage request(*api.request);
      request.fill(random, version);
      seeds.write("request", name, body(protocol::encodeRequestFrame(api.key, std::as_const(request).get(), version, 7, "seed")));
      protocol::test::AnyMessage response(*api.response);
      response.fill(random, version);
      seeds.write("response", name, int16(static_cast<int>(api.key)) + int16(version) +
                  body(protocol::encodeResponseFrame(api.key, std::as_const(response).get(), version, 7)));
    }
  }
  for (const protocol::MessageInfo* info : protocol::allMessages()) {
    if (info->kind == protocol::MessageKind::Request || info->kind == protocol::MessageKind::Response) continue;
    for (std::int16_t version = info->versions.first; version <= info->versions.last; ++version) {
      protocol::test::AnyMessage message(*info);
      message.fill(random, version);
      const auto bytes = protocol::test::encodeAny(std::as_const(message).get(), version);
      if (!bytes) continue;
      seeds.write("stored", std::string(info->name) + "-" + std::to_string(version),
                  std::string(info->name) + std::string(1, '\0') + int16(version) + std::string(bytes->text()));
    }
  }
}

Buffer batch(record::CompressionType codec, int records, std::int64_t baseOffset) {
  record::BatchBuilder builder;
  const std::string value(40, 'v');
  const std::vector<record::RecordHeader> headers = {{"h", asBytes("1")}, {"null", std::nullopt}};
  for (int i = 0; i < records; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const auto withKey = i % 3 == 0 ? std::nullopt : std::optional<BytesView>(asBytes(key));
    static_cast<void>(builder.append(1'700'000'000'000 + i, withKey, asBytes(value), i % 2 == 0 ? headers : std::vector<record::RecordHeader>()));
  }
  return builder.close({.compression = {codec, {}}, .baseOffset = baseOffset, .producerId = 5, .producerEpoch = 0,
                        .baseSequence = static_cast<std::int32_t>(baseOffset)}).value_or(Buffer());
}

void writeBatches(Seeds& seeds) {
  for (int codec = 0; codec <= 4; ++codec) {
    const auto type = static_cast<record::CompressionType>(codec);
    const std::string name(compress::compressionName(type));
    std::string several;
    for (const int records : {1, 5, 60}) {
      const Buffer bytes = batch(type, records, static_cast<std::int64_t>(several.size()));
      several.append(bytes.text());
      seeds.write("batch", name + "-" + std::to_string(records), bytes.text());
      const std::string content(bytes.text().substr(record::BatchHeader::kSize));
      const std::string head = {static_cast<char>(codec), '\0', static_cast<char>(records)};
      seeds.write("records", name + "-" + std::to_string(records), head + content);
      seeds.write("codec", name + "-" + std::to_string(records), std::string(1, static_cast<char>(codec)) + content);
    }
    seeds.write("batch", name + "-several", several);
    const std::string plain(batch(record::CompressionType::None, 5, 0).text().substr(record::BatchHeader::kSize));
    seeds.write("records", name + "-compressed-here", std::string{static_cast<char>(codec), '\1', '\5'} + plain);
  }
  seeds.write("batch", "control", record::controlBatch(record::ControlRecordType::Commit, asBytes(std::string_view("\0\0\0\0\0\7", 6)), 1'700'000'000'000,
                                                       {.producerId = 5, .producerEpoch = 0, .transactional = true, .control = true}).text());
}

/// See segment_fuzz.cc for the form.
void writeSegments(Seeds& seeds) {
  const std::string first(batch(record::CompressionType::None, 3, 0).text());
  const std::string second(batch(record::CompressionType::Zstd, 2, 3).text());
  const std::string third(batch(record::CompressionType::None, 4, 5).text());
  const std::string index = std::string("\0\0\0\4", 4) + std::string(2, '\0') + int16(static_cast<int>(first.size()));
  const std::string times = std::string("\0\0\1\x8b\xcf\xe5\x68\2", 8) + std::string("\0\0\0\2", 4);
  const std::string epochs = "0\n1\n0 0\n";
  const auto folder = [&](int flags, const std::string& log, const std::string& later) {
    return std::string(1, static_cast<char>(flags)) + int16(static_cast<int>(index.size())) + int16(static_cast<int>(times.size())) + int16(0) +
           int16(static_cast<int>(epochs.size())) + int16(static_cast<int>(later.size())) + int16(0) + index + times + epochs + later + log;
  };
  for (int flags = 0; flags < 16; ++flags) {
    seeds.write("segment", "two-" + std::to_string(flags), folder(flags, first + second, third));
    seeds.write("segment", "torn-" + std::to_string(flags), folder(flags, first + second.substr(0, second.size() - 7), third));
  }
  seeds.write("segment", "empty", std::string(13, '\0'));
}

void writeTexts(Seeds& seeds) {
  seeds.write("properties", "client", "bootstrap.servers=localhost:9092\n# comment\nacks = all\nlinger.ms: 5\ncompression.type zstd\n"
                                      "client.id=a\\u00e9\\\n   b\nauto.offset.reset=by_duration:PT1H\nmax.poll.records=500\n");
  seeds.write("properties", "broker", "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:9092,CONTROLLER://:9093\n"
                                      "log.dirs=/tmp/x\nlog.retention.hours=168\nunknown.key=1\n! other comment\nkey\\ with\\=signs = v\n");
  seeds.write("command_line", "topics", "--topic\norders\n--partitions=3\n--list\n--property\nkey.separator=:\n--state\n--zookeeper\nx");
  seeds.write("command_line", "groups", "--bootstrap-server\nlocalhost:9092\n--group\ng\n--reset-offsets\n--to-offset=5\n--topic\nt:0,1\n--dry-run\n");
  seeds.write("command_line", "console", "--bootstrap-server=a:1\n--topic\nt\n--command-property\nacks=all\n--from-beginning\n--offset\nearliest\n"
                                         "--max-messages\n10\n--formatter-property\nprint.key=true\n--group\ng\n");
  seeds.write("command_line", "perf", "--num-records\n100\n--record-size=10\n--throughput\n-1\n--files\na.log,b.index\n--deep-iteration\n--messages\n5\n");
  seeds.write("command_line", "times", "P1DT2H3M4S\n2024-02-29T12:30:00.500Z\n2024-02-29T12:30:00+01:00\norders:0,1,2\norders\n-PT5M\n");
  seeds.write("command_line", "records", "h1:v1,h2:v2\tkey\tvalue\nNULL\tNULL\tNULL\r\nno key\r:\tx\n--topic=:");
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: fuzz_make_seeds FOLDER\n";
    return 2;
  }
  Seeds seeds(words[1]);
  const auto random = seededRandom(4711);
  writeMessages(seeds, *random);
  writeBatches(seeds);
  writeSegments(seeds);
  writeTexts(seeds);
  std::cout << seeds.count() << " seeds written to " << words[1] << "\n";
  return seeds.count() > 500 ? 0 : 1;
}
