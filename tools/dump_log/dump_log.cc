// klamm dump-log: Kafka's DumpLogSegments.

#include <fmt/format.h>

#include "common/terminal.h"
#include "common/tools.h"
#include "dump_log/dumpers.h"

namespace klamm::tools {
namespace {

using dump::Decoder;
using dump::Findings;
using dump::Wishes;

constexpr Option kOptions[] = {
    {"files", Takes::Value, "FILE,...", "The files to print: .log, .index, .timeindex, .txnindex, .snapshot, .checkpoint."},
    {"print-data-log", Takes::Nothing, "", "Print keys and values too."},
    {"deep-iteration", Takes::Nothing, "", "Print every record, not only the batches."},
    {"skip-record-metadata", Takes::Nothing, "", "Print of each record the key and value only; leaves control records out."},
    {"offsets-decoder", Takes::Nothing, "", "Read the records as those of __consumer_offsets."},
    {"cluster-metadata-decoder", Takes::Nothing, "", "Read the records as those of __cluster_metadata."},
    {"transaction-log-decoder", Takes::Nothing, "", "Read the records as those of __transaction_state."},
    {"share-group-state-decoder", Takes::Nothing, "", "Read the records as those of __share_group_state."},
    {"verify-index-only", Takes::Nothing, "", "Hold indexes against the log without printing them."},
    {"index-sanity-check", Takes::Nothing, "", "Only check what a broker checks of an index when it starts."},
    {"max-message-size", Takes::Value, "BYTES", "Largest batch that an index entry may lead to (default 5242880)."},
    {"max-bytes", Takes::Value, "BYTES", "Read at most so much of each log."},
    {"key-decoder-class", Takes::OptionalValue, "", ""},
    {"value-decoder-class", Takes::OptionalValue, "", ""},
    {"remote-log-metadata-decoder", Takes::Nothing, "", ""},
};

constexpr Command kCommand = {
    "dump-log",
    "Prints the files of a broker's folder, to look into a log or to find what is wrong with it.",
    "--files FILE,... [options]",
    "  klamm dump-log --files data/orders-0/00000000000000000000.log --print-data-log\n"
    "  klamm dump-log --files data/__consumer_offsets-3/00000000000000000000.log --offsets-decoder\n",
    kOptions};

Wishes wishesOf(const Arguments& arguments) {
  Wishes wishes;
  if (arguments.has("remote-log-metadata-decoder")) throw UsageError("tiered storage is not supported: --remote-log-metadata-decoder");
  for (const char* option : {"key-decoder-class", "value-decoder-class"})
    if (arguments.has(option) && !arguments.textOr(option, "").ends_with("StringDecoder"))
      throw UsageError(fmt::format("--{}: Java classes cannot be loaded; keys and values are printed as text", option));
  if (arguments.has("offsets-decoder")) wishes.decoder = Decoder::Offsets;
  if (arguments.has("transaction-log-decoder")) wishes.decoder = Decoder::TransactionLog;
  if (arguments.has("cluster-metadata-decoder")) wishes.decoder = Decoder::ClusterMetadata;
  if (arguments.has("share-group-state-decoder")) wishes.decoder = Decoder::ShareGroupState;
  wishes.contents = arguments.has("print-data-log") || wishes.decoder != Decoder::Text || arguments.has("key-decoder-class") ||
                    arguments.has("value-decoder-class");
  wishes.deep = arguments.has("deep-iteration") || wishes.contents;
  wishes.skipMetadata = arguments.has("skip-record-metadata");
  wishes.verifyOnly = arguments.has("verify-index-only");
  wishes.sanityOnly = arguments.has("index-sanity-check");
  wishes.maxMessageSize = arguments.int32("max-message-size").value_or(wishes.maxMessageSize);
  wishes.maxBytes = arguments.int32("max-bytes").value_or(wishes.maxBytes);
  return wishes;
}

Status dumpFile(const std::string& file, const Wishes& wishes, Findings& findings, Output& out) {
  out.write("Dumping " + file + "\n");
  const std::filesystem::path path(file);
  const std::string ending = path.extension().string();
  if (ending == ".log" || ending == ".checkpoint") return dump::dumpLog(path, wishes, findings, out);
  if (ending == ".index") return dump::dumpOffsetIndex(path, wishes, findings, out);
  if (ending == ".timeindex") return dump::dumpTimeIndex(path, wishes, findings, out);
  if (ending == ".txnindex") return dump::dumpTransactionIndex(path, out);
  if (ending == ".snapshot") return dump::dumpProducerSnapshot(path, out);
  say("Ignoring unknown file " + file);
  return {};
}

}  // namespace

const Command& dumpLogCommand() noexcept { return kCommand; }

int runDumpLog(const Call& call) {
  const auto arguments = readCall(kCommand, call);
  if (!arguments) return 0;
  const std::string files = arguments->required("files");
  const Wishes wishes = wishesOf(*arguments);
  Findings findings;
  Output out;
  for (std::size_t begin = 0; begin <= files.size() && !out.failed();) {
    const std::size_t comma = std::min(files.find(',', begin), files.size());
    if (comma > begin) {
      if (const Status status = dumpFile(files.substr(begin, comma - begin), wishes, findings, out); !status) {
        out.flush();
        complain(status.error().context());
        return 1;
      }
    }
    begin = comma + 1;
  }
  out.flush();
  for (const std::string& line : findings.lines()) say(line);
  return 0;
}

}  // namespace klamm::tools

namespace klamm::tools::dump {

std::vector<std::string> Findings::lines() const {
  std::vector<std::string> lines;
  const auto tell = [&lines](const std::map<std::string, Pairs>& byFile, std::string_view title, std::string_view form) {
    for (const auto& [file, pairs] : byFile) {
      lines.push_back(fmt::format(fmt::runtime(title), file));
      for (const auto& [first, second] : pairs) lines.push_back(fmt::format(fmt::runtime(form), first, second));
    }
  };
  tell(indexMismatches, "Mismatches in :{}", "  Index offset: {}, log offset: {}");
  tell(timestampMismatches, "Found timestamp mismatch in :{}", "  Index timestamp: {}, log timestamp: {}");
  tell(timestampsOutOfOrder, "Found out of order timestamp in :{}", "  Index timestamp: {}, Previously indexed timestamp: {}");
  tell(offsetsNotFound, "The following indexed offsets are not found in the log.", "Indexed offset: {}, found log offset: {}");
  tell(nonConsecutive, "Non-consecutive offsets in {}", "  {} is followed by {}");
  return lines;
}

}  // namespace klamm::tools::dump
