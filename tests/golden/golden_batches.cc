// Holds our record batches against those that Kafka's builder and log cleaner write, and writes ours for Kafka to read.
//
//     golden_batches SEEDS OURS [FOLDER] < batches.txt       prints "N batches of M names, K of ours, 0 differences"
//
// Lines are those of java/BatchPairs.java; OURS is the file for its reader. FOLDER/batch is filled with the batches as
// they are stored, for the fuzz targets.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "golden/batches.h"
#include "golden/columns.h"
#include "record/control_record.h"
#include "unit/protocol/random_message.h"

namespace {

using namespace klamm;

constexpr std::size_t kMostDifferencesShown = 20;
constexpr std::size_t kLargestSeedFile = std::size_t{16} * 1024;
constexpr compress::CompressionType kCodecs[] = {compress::CompressionType::None, compress::CompressionType::Gzip, compress::CompressionType::Snappy,
                                                 compress::CompressionType::Lz4, compress::CompressionType::Zstd};

/// Every name that must be there, by our own tables.
std::set<std::string> neededNames() {
  std::set<std::string> names{"marker-delete-horizon"};
  for (const auto codec : kCodecs) {
    const std::string name(compress::compressionName(codec));
    for (const char* kind : {"CREATE_TIME-plain", "CREATE_TIME-idempotent", "CREATE_TIME-transactional", "LOG_APPEND_TIME-plain",
                             "LOG_APPEND_TIME-idempotent", "LOG_APPEND_TIME-transactional", "gaps", "emptied", "delete-horizon"}) {
      names.insert(name + "-" + kind);
    }
  }
  for (int type = 0; record::controlRecordName(static_cast<record::ControlRecordType>(type)) != "UNKNOWN"; ++type) {
    names.emplace(record::controlRecordName(static_cast<record::ControlRecordType>(type)));
  }
  return names;
}

/// Threading: one thread.
class Run {
 public:
  Run(int seeds, const std::string& ours, const std::string& folder) : seeds_(seeds), ours_(ours), folder_(folder) {
    if (folder.empty()) return;
    folder_ /= "batch";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  void line(const std::vector<std::string>& columns) {
    if (columns[0] == "batch") batch(golden::batchPairOf(columns));
    else if (columns[0] == "end") ended_ = std::stoul(columns.at(1)) == batches_;
    else if (columns[0] == "codec") declared(columns, compress::compressionName(static_cast<compress::CompressionType>(std::stoi(columns.at(1)))));
    else if (columns[0] == "control") declared(columns, record::controlRecordName(static_cast<record::ControlRecordType>(std::stoi(columns.at(1)))));
  }

  int finish() {
    const std::set<std::string> needed = neededNames();
    for (const std::string& name : needed) {
      for (int seed = 0; seed < seeds_; ++seed) {
        if (!seen_[name].contains(seed)) difference(name + ": the batch of seed " + std::to_string(seed) + " is missing");
      }
    }
    for (const auto& [name, seeds] : seen_) {
      if (!needed.contains(name)) difference(name + " is not one of ours");
    }
    if (declared_ != std::size(kCodecs) + 7) difference("Kafka has other codecs or control records than we do");
    if (!ended_) difference("the last line is missing, or does not count the batches before it");
    ours_ << "end\t" << made_ << "\n";
    if (!ours_.flush()) difference("cannot write our batches");
    std::cout << batches_ << " batches of " << seen_.size() << " names, " << made_ << " of ours, " << differences_ << " differences\n";
    return differences_ == 0 ? 0 : 1;
  }

 private:
  void difference(const std::string& text) {
    if (++differences_ <= kMostDifferencesShown) std::cout << text.substr(0, 4000) << "\n";
  }

  void declared(const std::vector<std::string>& columns, std::string_view ourName) {
    ++declared_;
    if (columns.at(2) != ourName) difference(columns[0] + " " + columns[1] + " is " + columns[2] + ", ours " + std::string(ourName));
  }

  void batch(const golden::BatchPair& pair) {
    ++batches_;
    seen_[pair.name].insert(pair.seed);
    std::vector<golden::OwnBatch> made;
    const std::string found = golden::differenceOf(pair, made);
    if (!found.empty()) difference(pair.name + " seed " + std::to_string(pair.seed) + " " + found);
    for (const golden::OwnBatch& own : made) {
      ++made_;
      ours_ << "batch\t" << own.name << "\t" << pair.seed << "\t-\t" << protocol::test::toHex(own.bytes) << "\t" << own.description.dump() << "\n";
    }
    if (folder_.empty() || pair.bytes.size() > kLargestSeedFile) return;
    std::ofstream(folder_ / (pair.name + "-" + std::to_string(pair.seed)), std::ios::binary) << pair.bytes.text();
  }

  int seeds_;
  std::ofstream ours_;
  std::filesystem::path folder_;
  std::map<std::string, std::set<int>> seen_;
  std::size_t batches_ = 0;
  std::size_t made_ = 0;
  std::size_t declared_ = 0;
  std::size_t differences_ = 0;
  bool ended_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) {
    std::cerr << "usage: golden_batches SEEDS OURS [FOLDER] < BATCHES\n";
    return 2;
  }
  try {
    Run run(std::stoi(words[0]), words[1], words.size() > 2 ? words[2] : "");
    for (std::string line; std::getline(std::cin, line);) run.line(golden::columnsOf(line));
    return run.finish();
  } catch (const std::exception& fault) {
    std::cerr << "golden_batches: " << fault.what() << "\n";
    return 1;
  }
}
