#pragma once
// One function per kind of file, each printing what Kafka's DumpLogSegments prints of it.

#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "common/terminal.h"
#include "dump_log/decoders.h"

namespace klamm::tools::dump {

/// What the command line asks for.
struct Wishes {
  Decoder decoder = Decoder::Text;
  bool contents = false;        ///< --print-data-log
  bool deep = false;            ///< --deep-iteration
  bool skipMetadata = false;    ///< --skip-record-metadata
  bool verifyOnly = false;      ///< --verify-index-only
  bool sanityOnly = false;      ///< --index-sanity-check
  std::int32_t maxMessageSize = 5 * 1024 * 1024;
  std::int32_t maxBytes = std::numeric_limits<std::int32_t>::max();
};

/// What does not fit together, by file; told at the end. Threading: one thread.
struct Findings {
  using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
  std::map<std::string, Pairs> indexMismatches = {};
  std::map<std::string, Pairs> timestampMismatches = {};
  std::map<std::string, Pairs> timestampsOutOfOrder = {};
  std::map<std::string, Pairs> offsetsNotFound = {};
  std::map<std::string, Pairs> nonConsecutive = {};

  /// The lines for standard error.
  [[nodiscard]] std::vector<std::string> lines() const;
};

[[nodiscard]] Status dumpLog(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out);
[[nodiscard]] Status dumpOffsetIndex(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out);
[[nodiscard]] Status dumpTimeIndex(const std::filesystem::path& path, const Wishes& wishes, Findings& findings, Output& out);
[[nodiscard]] Status dumpTransactionIndex(const std::filesystem::path& path, Output& out);
[[nodiscard]] Status dumpProducerSnapshot(const std::filesystem::path& path, Output& out);

}  // namespace klamm::tools::dump
