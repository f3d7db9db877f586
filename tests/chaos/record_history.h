#pragma once
// What was sent, acknowledged and read in one run, and whether that keeps Kafka's promises.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <klamm/record.h>

namespace klamm::chaos {

/// Which record: the n-th of a producer. Threading: a value.
struct RecordId {
  std::int32_t producer = 0;
  std::int64_t sequence = 0;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
  [[nodiscard]] std::string toString() const { return std::to_string(producer) + ":" + std::to_string(sequence); }
};

/// How send() of a record ended. Threading: a value.
struct SendOutcome {
  enum class Kind : std::uint8_t {
    Acked,     ///< it is in the log, at `partition` and `offset` (-1: not said)
    Unknown,   ///< it failed after it may have left: it may be in the log, once
    NeverSent, ///< refused before it could leave: it must not be there
  };
  Kind kind = Kind::Acked;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

/// A record as a reader got it. Threading: a value.
struct SeenRecord {
  RecordId id = {};
  bool intact = true;  ///< key, value, headers are those that were sent; without that the id may be wrong
};

/// What a reader got of one partition, in the order it got it. Threading: a value.
struct Reading {
  std::string reader = {};
  std::int32_t partition = 0;
  std::vector<std::pair<std::int64_t, SeenRecord>> records = {};  ///< offset and record
};

enum class AnomalyKind : std::uint8_t {
  Lost,             ///< acknowledged and not in the log
  Duplicated,       ///< in the log twice
  Reordered,        ///< of one producer and partition, a later record lies before an earlier one
  Invented,         ///< in the log and never sent, or refused by send()
  Misplaced,        ///< not where its acknowledgement said
  Damaged,          ///< key, value or headers are others than those that were sent
  CallbackMissing,  ///< send() took it, its callback never came
  CallbackTwice,
  CallbackReordered,   ///< of one producer and partition, acknowledged before an earlier one was
  OffsetsNotAscending, ///< a reader went back, or the log has a hole
  ReaderSkipped,       ///< a reader that keeps its position left records out
  ReaderDisagrees,     ///< a reader got another record at an offset than the log has
};
[[nodiscard]] std::string_view toString(AnomalyKind kind) noexcept;

/// Threading: a value.
struct Anomaly {
  AnomalyKind kind = {};
  std::string text = {};  ///< which record, where
};

/// Collects and judges.
///
///     sent()  for each record before send(); completed() in its callback
///     log     what is read back at the end, each partition from its first offset to its end
///     readings  what readers that keep their own position saw meanwhile: pieces of the log without holes
///
/// Threading: one thread at a time.
class RecordHistory {
 public:
  void sent(RecordId id) { outcomes_[id]; }
  void completed(RecordId id, SendOutcome outcome) { outcomes_[id].push_back(outcome); completions_.push_back({id, outcome}); }
  void addLog(Reading reading) { log_.push_back(std::move(reading)); }
  void addReading(Reading reading) { readings_.push_back(std::move(reading)); }

  /// Everything that is wrong, at most `limit` of each kind.
  [[nodiscard]] std::vector<Anomaly> check(std::size_t limit = 5) const;

  [[nodiscard]] std::size_t sentCount() const noexcept { return outcomes_.size(); }
  [[nodiscard]] std::size_t ackedCount() const noexcept;
  [[nodiscard]] std::size_t logSize() const noexcept;

 private:
  struct Place {
    std::int32_t partition = -1;
    std::int64_t offset = -1;
  };
  class Judge;

  std::map<RecordId, std::vector<SendOutcome>> outcomes_;
  std::vector<std::pair<RecordId, SendOutcome>> completions_;  ///< in the order of the callbacks
  std::vector<Reading> log_;
  std::vector<Reading> readings_;
};

}  // namespace klamm::chaos
