#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "dump_log/dumpers.h"
#include "unit/record/kafka_batches.h"
#include "unit/record/support.h"

namespace klamm::tools::dump {
namespace {

using record::test::fromHex;
namespace golden = record::golden;

/// A folder that goes away, with files in it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "klamm-dump-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path write(const std::string& name, const std::vector<Buffer>& parts) const {
    std::ofstream file(path_ / name, std::ios::binary);
    for (const Buffer& part : parts) file << part.text();
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

template <class Dump>
std::string output(const Dump& dump) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("klamm-dump-out-" + std::to_string(getpid()));
  {
    FILE* file = std::fopen(path.c_str(), "w");
    Output out(fileno(file));
    const Status status = dump(out);
    if (!status) out.write("failed: " + status.error().context());
    out.flush();
    std::fclose(file);
  }
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove(path);
  return text;
}

std::string dumped(const std::filesystem::path& path, const Wishes& wishes, Findings& findings) {
  return output([&](Output& out) { return dumpLog(path, wishes, findings, out); });
}

// Expected lines: what Kafka's DumpLogSegments 4.3.1 prints of a file with these bytes.
TEST(DumpLog, PrintsBatchesAndRecordsAsKafka) {
  Folder folder;
  const auto path = folder.write("00000000000000000000.log", {fromHex(golden::kThree)});
  Findings findings;
  const std::string batch =
      "Log starting offset: 0\n"
      "baseOffset: 0 lastOffset: 2 count: 3 baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1 partitionLeaderEpoch: -1 "
      "isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1700000000300 size: ";
  const std::string text = dumped(path, {}, findings);
  EXPECT_EQ(text.substr(0, batch.size()), batch);
  EXPECT_NE(text.find(" magic: 2 compresscodec: none crc: "), std::string::npos);
  EXPECT_NE(text.find(" isvalid: true\n"), std::string::npos);
  const std::string records = dumped(path, {.contents = true, .deep = true}, findings);
  EXPECT_NE(records.find("\n| offset: 0 CreateTime: 1700000000000 keySize: 2 valueSize: 2 sequence: -1 headerKeys: [] key: k1 payload: v1\n"
                         "| offset: 1 CreateTime: 1700000000300 keySize: -1 valueSize: 0 sequence: -1 headerKeys: [] payload: \n"
                         "| offset: 2 CreateTime: 1699999999997 keySize: 0 valueSize: -1 sequence: -1 headerKeys: [h1,,h1] key: \n"),
            std::string::npos);
  EXPECT_TRUE(findings.lines().empty());
}

TEST(DumpLog, ShowsControlRecords) {
  Folder folder;
  const auto path = folder.write("00000000000000000077.log", {fromHex(golden::kCommit), fromHex(golden::kAbort), fromHex(golden::kLeaderChange)});
  Findings findings;
  const std::string text = dumped(path, {.deep = true}, findings);
  EXPECT_NE(text.find("headerKeys: [] endTxnMarker: COMMIT coordinatorEpoch: 9\n"), std::string::npos);
  EXPECT_NE(text.find("headerKeys: [] endTxnMarker: ABORT coordinatorEpoch: 9\n"), std::string::npos);
  EXPECT_NE(text.find(R"(headerKeys: [] LeaderChange: {"version":0,"leaderId":1,"voters":[{"voterId":1}],"grantingVoters":[{"voterId":1}]})"), std::string::npos);
  ASSERT_EQ(findings.nonConsecutive.size(), 1U);
  EXPECT_EQ(findings.nonConsecutive.begin()->second, (Findings::Pairs{{78, 0}}));
}

TEST(DumpLog, TellsOfACutBatchAndOfADamagedOne) {
  Folder folder;
  const Buffer three = fromHex(golden::kThree);
  auto damaged = record::test::copyOf(three);
  damaged[90] ^= std::byte{1};
  Findings findings;
  const auto cut = folder.write("00000000000000000000.log", {three, three.slice(0, 40)});
  EXPECT_NE(dumped(cut, {}, findings).find("Found 40 invalid bytes at the end of 00000000000000000000.log\n"), std::string::npos);
  const auto bad = folder.write("00000000000000000001.log", {Buffer::adopt(std::move(damaged))});
  EXPECT_NE(dumped(bad, {}, findings).find(" isvalid: false\n"), std::string::npos);
  const auto zeros = folder.write("00000000000000000002.log", {Buffer::copyOf(std::string(100, '\0'))});
  EXPECT_NE(dumped(zeros, {}, findings).find("failed: Found record size 0 smaller than minimum record overhead (14) in file "), std::string::npos);
  EXPECT_NE(dumped("/nowhere/00000000000000000000.log", {}, findings).find("cannot open"), std::string::npos);
}

TEST(DumpIndex, HoldsEntriesAgainstTheLog) {
  Folder folder;
  const Buffer forty = fromHex(golden::kFortyNone);
  const auto entry = [](std::int32_t offset, std::int32_t position) {
    std::vector<std::byte> bytes(8);
    storeBigEndian(bytes.data(), offset);
    storeBigEndian(bytes.data() + 4, position);
    return Buffer::adopt(std::move(bytes));
  };
  folder.write("00000000000000000000.log", {forty});
  Findings findings;
  const auto good = folder.write("00000000000000000000.index", {entry(39, 0), entry(0, 0)});
  EXPECT_EQ(output([&](Output& out) { return dumpOffsetIndex(good, {}, findings, out); }), "offset: 39 position: 0\n");
  EXPECT_TRUE(findings.indexMismatches.empty());
  const auto wrong = folder.write("00000000000000000000.index", {entry(38, 0)});
  EXPECT_EQ(output([&](Output& out) { return dumpOffsetIndex(wrong, {.verifyOnly = true}, findings, out); }), "");
  ASSERT_EQ(findings.lines().size(), 2U);
  EXPECT_EQ(findings.lines()[0], "Mismatches in :" + wrong.string());
  EXPECT_EQ(findings.lines()[1], "  Index offset: 38, log offset: 39");
}

TEST(JavaText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(javaText(asBytes("a\xC3\xA9\xF0\x9F\x98\x80z")), "a\xC3\xA9\xF0\x9F\x98\x80z");
  EXPECT_EQ(javaText(asBytes("a\xFFz")), "a\xEF\xBF\xBDz");
  EXPECT_EQ(javaText(asBytes("\xE2\x82" "A")), "\xEF\xBF\xBD" "A");
  EXPECT_EQ(javaText(asBytes("\xC3")), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace klamm::tools::dump
