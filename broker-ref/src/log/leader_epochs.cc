#include "log/leader_epochs.h"

#include <algorithm>

#include "log/checkpoint.h"

namespace klamm::broker::log {

bool LeaderEpochs::load() {
  clear();
  const auto text = disk_.readText(path_);
  if (!text) return false;
  const auto rows = parseCheckpoint(*text, 2);
  if (!rows) return false;
  for (const auto& row : *rows) {
    const auto epoch = parseNumber(row[0]);
    const auto offset = parseNumber(row[1]);
    const bool rises = entries_.empty() || (epoch && offset && *epoch > entries_.back().epoch && *offset >= entries_.back().startOffset);
    if (!epoch || !offset || *epoch < 0 || *epoch > INT32_MAX || *offset < 0 || !rises) {
      entries_.clear();
      return false;
    }
    entries_.push_back({static_cast<std::int32_t>(*epoch), *offset});
  }
  saved_ = true;
  return true;
}

void LeaderEpochs::clear() {
  entries_.clear();
  saved_ = false;
}

bool LeaderEpochs::assign(std::int32_t epoch, std::int64_t startOffset) {
  if (epoch < 0 || startOffset < 0) return false;
  if (!entries_.empty() && entries_.back().epoch == epoch) return false;
  const auto contradicts = [&](const EpochEntry& entry) { return entry.epoch >= epoch || entry.startOffset >= startOffset; };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), contradicts), entries_.end());
  entries_.push_back({epoch, startOffset});
  saved_ = false;
  return true;
}

bool LeaderEpochs::truncateFromEnd(std::int64_t offset) {
  const std::size_t before = entries_.size();
  while (!entries_.empty() && entries_.back().startOffset >= offset) entries_.pop_back();
  if (entries_.size() == before) return false;
  saved_ = false;
  return true;
}

bool LeaderEpochs::truncateFromStart(std::int64_t offset) {
  std::size_t behind = 0;
  while (behind < entries_.size() && entries_[behind].startOffset <= offset) ++behind;
  if (behind == 0) return false;
  const bool changed = behind > 1 || entries_[0].startOffset != offset;
  entries_[behind - 1].startOffset = offset;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(behind - 1));
  if (changed) saved_ = false;
  return changed;
}

Status LeaderEpochs::save() {
  if (saved_) return {};
  std::string text = fmt::format("0\n{}\n", entries_.size());
  for (const EpochEntry& entry : entries_) text += fmt::format("{} {}\n", entry.epoch, entry.startOffset);
  KLAMM_TRY(disk_.replace(path_, asBytes(text), false));
  saved_ = true;
  return {};
}

std::optional<EpochEntry> LeaderEpochs::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

std::int32_t LeaderEpochs::epochOf(std::int64_t offset) const {
  const auto behind = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                       [](std::int64_t value, const EpochEntry& entry) { return value < entry.startOffset; });
  return behind == entries_.begin() ? -1 : std::prev(behind)->epoch;
}

EpochEntry LeaderEpochs::endOffsetFor(std::int32_t epoch, std::int64_t logEndOffset) const {
  if (epoch < 0 || entries_.empty()) return {};
  if (entries_.back().epoch == epoch) return {epoch, logEndOffset};
  const auto higher = std::upper_bound(entries_.begin(), entries_.end(), epoch,
                                       [](std::int32_t value, const EpochEntry& entry) { return value < entry.epoch; });
  if (higher == entries_.end()) return {};
  if (higher == entries_.begin()) return {epoch, higher->startOffset};
  return {std::prev(higher)->epoch, higher->startOffset};
}

}  // namespace klamm::broker::log
