#pragma once
// Opening a partition's folder: what is kept, what is built anew, what is cut.

#include <cstdint>
#include <vector>

#include "log/partition_log.h"

namespace klamm::broker::log {

/// Fills a PartitionLog from its folder.
///
///     clean stop:  segments as they are, state from the snapshot at the log end; read are the last batch and, if there are
///                  idempotent producers, the headers of the last 5 MiB
///     after a kill, recovery point 1630:
///        [0 ........ 811][812 ...... 1629][1630 .... 2100, torn batch]
///         trusted         trusted          every batch's CRC is checked, the file is cut behind offset 2100,
///                                          both indexes are built anew; later segments would go
///        producer state: newest readable snapshot at or below 2101, the headers of the last
///                        5 MiB before it (see ProducerTail), then the batch headers behind it
///
/// Threading: that of the log.
class LogLoader {
 public:
  LogLoader(PartitionLog& log, const PartitionLog::OpenOptions& options) : log_(log), options_(options) {}

  [[nodiscard]] Status load();
  /// Sets the producers to what the newest snapshot and the batches behind it say.
  [[nodiscard]] static Status restoreProducers(PartitionLog& log, std::int64_t nowMillis);

 private:
  /// A snapshot names one batch of each producer, and a retry may be of the four before it: they are read from the log. What
  /// is damaged there keeps no log from opening; the snapshot's state is enough for it.
  static void recallBatches(PartitionLog& log, std::int64_t covered);
  [[nodiscard]] Status checkTopicId();
  [[nodiscard]] Status finishSwaps(std::vector<FolderEntry>& entries);
  [[nodiscard]] Status removeLeftovers(std::vector<FolderEntry>& entries);
  [[nodiscard]] Status openSegments(const std::vector<FolderEntry>& entries);
  [[nodiscard]] Status recoverTail();
  [[nodiscard]] Status findLogEnd();
  [[nodiscard]] Status loadEpochs();
  [[nodiscard]] Status startEmptyAt(std::int64_t offset);

  PartitionLog& log_;
  const PartitionLog::OpenOptions& options_;
  std::vector<EpochEntry> recovered_;  ///< epochs that the checked batches carry
};

}  // namespace klamm::broker::log
