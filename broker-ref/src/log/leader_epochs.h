#pragma once
// Which leader epoch began at which offset: the file leader-epoch-checkpoint.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/disk.h"

namespace klamm::broker::log {

struct EpochEntry {
  std::int32_t epoch = -1;
  std::int64_t startOffset = -1;
  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

/// The history of leadership, both columns rising.
///
///     0          version          epoch 0 wrote 0..99, epoch 2 wrote 100..249, epoch 5 writes since 250
///     3          entries          end of epoch 2 = start of the next known one = 250
///     0 0                         end of epoch 3 (never seen) = end of epoch 2 = 250
///     2 100
///     5 250
///
/// The file may lag behind by an epoch that has no record yet: a start drops such an entry anyhow, as it begins at the log's
/// end. So a broker that becomes leader of a thousand partitions writes nothing.
///
/// Threading: one thread, that of the log.
class LeaderEpochs {
 public:
  LeaderEpochs(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  /// Reads the file; false when it is absent or damaged (there are no entries then).
  [[nodiscard]] bool load();
  /// `epoch` begins at `startOffset`. Entries that contradict it (later ones, or ones at or behind this offset) go; an epoch
  /// that is known already stays as it is. True when something changed.
  bool assign(std::int32_t epoch, std::int64_t startOffset);
  /// Drops epochs that begin at or behind `offset`. True when something changed.
  bool truncateFromEnd(std::int64_t offset);
  /// Lets the history begin at `offset`: of the epochs before it only the last stays, moved there.
  bool truncateFromStart(std::int64_t offset);
  void clear();
  /// Writes the file, unless it says so already.
  [[nodiscard]] Status save();

  [[nodiscard]] std::optional<EpochEntry> latest() const;
  /// The epoch that wrote `offset`; -1 when it is older than the history.
  [[nodiscard]] std::int32_t epochOf(std::int64_t offset) const;
  /// The largest epoch not above `epoch` and the offset behind its last record; {-1, -1} when the question cannot be
  /// answered: epoch -1, or one above all known.
  [[nodiscard]] EpochEntry endOffsetFor(std::int32_t epoch, std::int64_t logEndOffset) const;
  [[nodiscard]] const std::vector<EpochEntry>& entries() const noexcept { return entries_; }

 private:
  Disk& disk_;
  std::string path_;
  std::vector<EpochEntry> entries_;
  bool saved_ = false;  ///< the file says what entries_ do
};

}  // namespace klamm::broker::log
