// Holds our messages against those that Kafka's classes write, and writes some for Kafka's classes to read.
//
//     golden_messages check SEEDS [FOLDER] < pairs.txt     prints "N pairs, M messages, 0 differences"
//     golden_messages write SEEDS SEED > pairs.txt
//
// Lines are those of java/MessagePairs.java. FOLDER is filled with small pairs as files for the fuzz targets:
//     request/     | header, which begins with api key int16 and version int16 | body |
//     response/    | api key int16 | version int16 | header | body |
//     stored/      | name of the message, ASCII | 0 | version int16 | body |        headers and what is stored

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/bytes.h"
#include "golden/columns.h"
#include "golden/pairs.h"
#include "unit/protocol/random_message.h"

namespace {

using namespace klamm;
using namespace klamm::protocol;
using golden::Pair;

constexpr std::size_t kMostDifferencesShown = 20;
/// What a fuzzer begins with should be small: so many pairs per message and version, of so many bytes at most.
constexpr int kSeedFiles = 2;
constexpr std::size_t kLargestSeedFile = 4096;

/// Threading: one thread.
class SeedFolder {
 public:
  explicit SeedFolder(std::filesystem::path root) : root_(std::move(root)) {
    if (root_.empty()) return;
    for (const char* kind : {"request", "response", "stored"}) {
      std::filesystem::remove_all(root_ / kind);
      std::filesystem::create_directories(root_ / kind);
    }
  }

  void add(const Pair& pair, const MessageInfo& info) const {
    if (root_.empty() || pair.seed >= kSeedFiles || pair.body.size() > kLargestSeedFile) return;
    const std::string name = std::string(info.name) + "-v" + std::to_string(pair.version) + "-" + std::to_string(pair.seed);
    if (pair.kind == "request") {
      write(root_ / "request" / name, {pair.front, pair.body});
    } else if (pair.kind == "response") {
      write(root_ / "response" / name, {bigEndian(pair.key), bigEndian(pair.version), pair.front, pair.body});
    } else {
      write(root_ / "stored" / name, {Buffer::copyOf(info.name), Buffer::copyOf(std::string_view("", 1)), bigEndian(pair.version), pair.body});
    }
  }

 private:
  static Buffer bigEndian(std::int16_t number) {
    std::byte two[2];
    storeBigEndian(two, number);
    return Buffer::copyOf(BytesView(two));
  }
  static void write(const std::filesystem::path& path, std::initializer_list<Buffer> parts) {
    std::ofstream file(path, std::ios::binary);
    for (const Buffer& part : parts) file << part.text();
    if (!file) throw std::runtime_error("cannot write " + path.string());
  }

  std::filesystem::path root_;
};

/// Shows the first differences and counts all. Threading: one thread.
class Differences {
 public:
  void add(const std::string& text) {
    if (++count_ <= kMostDifferencesShown) std::cout << text << "\n";
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  std::size_t count_ = 0;
};

int check(int seeds, const std::filesystem::path& folder) {
  std::map<std::string, const MessageInfo*, std::less<>> messages;
  for (const MessageInfo* info : allMessages()) messages.emplace(golden::javaClassOf(*info), info);
  golden::Completeness completeness(seeds);
  const SeedFolder files(folder);
  Differences differences;
  std::size_t pairs = 0;
  bool ended = false;
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> columns = golden::columnsOf(line);
    if (columns[0] == "api") completeness.sawApi(columns);
    else if (columns[0] == "class") completeness.sawClass(columns);
    else if (columns[0] == "end") ended = std::stoul(columns.at(1)) == pairs;
    if (columns[0] != "pair") continue;
    ++pairs;
    const Pair pair = golden::pairOf(columns);
    completeness.saw(pair);
    const auto found = messages.find(pair.javaClass);
    if (found == messages.end()) continue;  // completeness says so
    const std::string difference = golden::differenceOf(pair, *found->second);
    if (!difference.empty()) differences.add(pair.javaClass + " v" + std::to_string(pair.version) + " seed " + std::to_string(pair.seed) + " " + difference);
    files.add(pair, *found->second);
  }
  if (!ended) differences.add("the last line is missing, or does not count the pairs before it");
  for (const std::string& fault : completeness.faults()) differences.add(fault);
  std::cout << pairs << " pairs, " << messages.size() << " messages, " << differences.count() << " differences\n";
  return differences.count() == 0 ? 0 : 1;
}

int write(int seeds, std::uint64_t seed) {
  std::size_t pairs = 0;
  for (const MessageInfo* info : allMessages()) {
    for (std::int16_t version = info->versions.first; version <= info->versions.last; ++version) {
      for (int sample = 0; sample < seeds; ++sample) {
        const auto random = seededRandom(seed + pairs++);
        protocol::test::AnyMessage message(*info);
        message.fill(*random, version);
        const auto bytes = protocol::test::encodeAny(std::as_const(message).get(), version);
        if (!bytes) throw std::runtime_error(bytes.error().message());
        std::cout << "pair\t-\t" << golden::javaClassOf(*info) << "\t" << info->key << "\t" << version << "\t" << sample << "\t"
                  << protocol::test::toHex(*bytes) << "\t" << toJson(std::as_const(message).get(), version) << "\n";
      }
    }
  }
  std::cout << "end\t" << pairs << "\n";
  return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() >= 2 && words[0] == "check") return check(std::stoi(words[1]), words.size() > 2 ? words[2] : "");
    if (words.size() == 3 && words[0] == "write") return write(std::stoi(words[1]), std::stoull(words[2]));
  } catch (const std::exception& fault) {
    std::cerr << "golden_messages: " << fault.what() << "\n";
    return 1;
  }
  std::cerr << "usage: golden_messages check SEEDS [FOLDER] < PAIRS, or golden_messages write SEEDS SEED > PAIRS\n";
  return 2;
}
