#include "chaos/record_history.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace klamm::chaos {

std::string_view toString(AnomalyKind kind) noexcept {
  static constexpr std::array<std::string_view, 12> kNames{
      "lost", "duplicated", "reordered", "invented", "misplaced", "damaged", "callback missing", "callback twice",
      "callback reordered", "offsets not ascending", "reader skipped", "reader disagrees"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// One check. Threading: one thread.
class RecordHistory::Judge {
 public:
  Judge(const RecordHistory& history, std::size_t limit) : history_(history), limit_(limit) {}

  std::vector<Anomaly> judge() {
    for (const Reading& partition : history_.log_) readLog(partition);
    checkOutcomes();
    checkCallbackOrder();
    for (const Reading& reading : history_.readings_) checkReading(reading);
    return std::move(anomalies_);
  }

 private:
  template <class... Args>
  void found(AnomalyKind kind, fmt::format_string<Args...> text, Args&&... args) {
    if (counts_[kind]++ < limit_) anomalies_.push_back({kind, fmt::format(text, std::forward<Args>(args)...)});
  }

  void readLog(const Reading& log) {
    std::map<std::int32_t, std::int64_t> lastOf;  // by producer
    std::int64_t expected = 0;  // nothing is ever deleted
    for (const auto& [offset, record] : log.records) {
      if (offset != expected) found(AnomalyKind::OffsetsNotAscending, "partition {}: offset {} comes where {} was due", log.partition, offset, expected);
      expected = offset + 1;
      byOffset_[{log.partition, offset}] = record;
      const std::string where = fmt::format("record {} at partition {} offset {}", record.id.toString(), log.partition, offset);
      const auto outcome = history_.outcomes_.find(record.id);
      if (outcome == history_.outcomes_.end()) {
        found(record.intact ? AnomalyKind::Invented : AnomalyKind::Damaged, "{} was never sent", where);
        continue;
      }
      if (!record.intact) found(AnomalyKind::Damaged, "{} is not as it was sent", where);
      for (const SendOutcome& end : outcome->second) {
        if (end.kind == SendOutcome::Kind::NeverSent) found(AnomalyKind::Invented, "{} had been refused by send()", where);
      }
      if (const auto [before, isNew] = places_.try_emplace(record.id, Place{log.partition, offset}); !isNew) {
        found(AnomalyKind::Duplicated, "{} lies at partition {} offset {} as well", where, before->second.partition, before->second.offset);
        continue;
      }
      const auto [last, isFirst] = lastOf.try_emplace(record.id.producer, record.id.sequence);
      if (!isFirst && last->second > record.id.sequence) found(AnomalyKind::Reordered, "{} comes after number {} of its producer", where, last->second);
      last->second = std::max(last->second, record.id.sequence);
    }
  }

  void checkOutcomes() {
    for (const auto& [id, ends] : history_.outcomes_) {
      if (ends.empty()) found(AnomalyKind::CallbackMissing, "record {}", id.toString());
      if (ends.size() > 1) found(AnomalyKind::CallbackTwice, "record {}: {} times", id.toString(), ends.size());
      if (ends.empty() || ends.front().kind != SendOutcome::Kind::Acked) continue;
      const SendOutcome& acked = ends.front();
      const auto place = places_.find(id);
      if (place == places_.end()) {
        found(AnomalyKind::Lost, "record {}, acknowledged at partition {} offset {}", id.toString(), acked.partition, acked.offset);
      } else if (place->second.partition != acked.partition || (acked.offset >= 0 && place->second.offset != acked.offset)) {
        found(AnomalyKind::Misplaced, "record {}, acknowledged at partition {} offset {}, lies at partition {} offset {}", id.toString(),
              acked.partition, acked.offset, place->second.partition, place->second.offset);
      }
    }
  }

  void checkCallbackOrder() {
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> last;  // by producer and partition
    for (const auto& [id, outcome] : history_.completions_) {
      if (outcome.kind != SendOutcome::Kind::Acked) continue;
      const auto [before, isFirst] = last.try_emplace({id.producer, outcome.partition}, id.sequence);
      if (!isFirst && before->second > id.sequence) {
        found(AnomalyKind::CallbackReordered, "record {} of partition {} was acknowledged after number {}", id.toString(), outcome.partition, before->second);
      }
      before->second = std::max(before->second, id.sequence);
    }
  }

  void checkReading(const Reading& reading) {
    std::int64_t expected = reading.records.empty() ? 0 : reading.records.front().first;
    for (const auto& [offset, record] : reading.records) {
      const std::string where = fmt::format("{}: partition {} offset {}", reading.reader, reading.partition, offset);
      if (offset < expected) found(AnomalyKind::OffsetsNotAscending, "{} comes after offset {}", where, expected - 1);
      if (offset > expected) found(AnomalyKind::ReaderSkipped, "{} comes after offset {}", where, expected - 1);
      expected = offset + 1;
      const auto there = byOffset_.find({reading.partition, offset});
      if (there == byOffset_.end()) {
        found(AnomalyKind::ReaderDisagrees, "{} held record {}, and the log ends before", where, record.id.toString());
      } else if (!record.intact || there->second.id != record.id) {
        found(AnomalyKind::ReaderDisagrees, "{} held record {}{}, and the log has {}", where, record.id.toString(), record.intact ? "" : " (damaged)",
              there->second.id.toString());
      }
    }
  }

  const RecordHistory& history_;
  const std::size_t limit_;
  std::map<AnomalyKind, std::size_t> counts_;
  std::vector<Anomaly> anomalies_;
  std::map<RecordId, Place> places_;
  std::map<std::pair<std::int32_t, std::int64_t>, SeenRecord> byOffset_;
};

std::vector<Anomaly> RecordHistory::check(std::size_t limit) const { return Judge(*this, limit).judge(); }

std::size_t RecordHistory::ackedCount() const noexcept {
  return static_cast<std::size_t>(std::count_if(completions_.begin(), completions_.end(),
                                                [](const auto& completion) { return completion.second.kind == SendOutcome::Kind::Acked; }));
}

std::size_t RecordHistory::logSize() const noexcept {
  std::size_t size = 0;
  for (const Reading& reading : log_) size += reading.records.size();
  return size;
}

}  // namespace klamm::chaos
