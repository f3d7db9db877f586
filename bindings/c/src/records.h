#pragma once

#include <cstddef>
#include <klamm.h>
#include <klamm/detail/fetched_records.h>

#include "handle.h"

/// What klamm_records_t is: the records of a poll, their memory, and how far they were read. Threading: one thread at a time.
struct klamm_records : klamm::c::Handle<klamm::c::Kind::Records> {
  klamm::detail::FetchedRecords fetched = {};
  std::size_t partition = 0;   // of the next record to be read
  std::size_t run = 0;         // of that partition's
  std::int32_t leftInRun = -1; // -1: the run was not begun
  const std::byte* at = nullptr;

  /// Goes to the next run that has records, when this one is at its end; false behind the last.
  [[nodiscard]] bool findRun() noexcept;
  /// The record that comes next; only after findRun().
  [[nodiscard]] klamm_consumer_record_t next() noexcept;
};
