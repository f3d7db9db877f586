// Counts what poll() and iterating allocate: something per call, nothing per record.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include <klamm/consumer_records.h>

#include "core_bench.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace klamm::consumer {
namespace {

using Records = ConsumerRecords<BytesView, BytesView>;

/// Allocations of one poll of `perPoll` records and of looking at each of them.
std::size_t allocationsOfOnePoll(std::size_t perPoll, compress::CompressionType codec) {
  ConsumerSettings settings;
  settings.reset.kind = ResetPolicy::Kind::Earliest;
  settings.maxPollRecords = perPoll;
  CoreBench bench(settings, false);
  const TopicPartition partition{"t", 0};
  bench.broker.logs[partition].push_back(makeBatch({.count = 5000, .codec = codec}));
  bench.broker.ends[partition] = 5000;
  EXPECT_FALSE(bench.core->assign({partition}));
  for (int warm = 0; warm < 3; ++warm) {
    detail::FetchedRecords out;
    EXPECT_FALSE(bench.core->poll(Millis(0), out));
    EXPECT_EQ(out.count, perPoll);
  }
  const std::size_t before = allocations.load();
  std::size_t bytes = 0;
  {
    detail::FetchedRecords out;
    EXPECT_FALSE(bench.core->poll(Millis(0), out));
    const Records records(std::move(out), {});
    EXPECT_EQ(records.count(), perPoll);
    for (const auto& record : records) {
      bytes += record.key->size() + record.value->size();
      for (const Header& header : record.headers) bytes += header.key.size();
    }
  }
  EXPECT_GT(bytes, perPoll * 10);
  return allocations.load() - before;
}

TEST(ConsumerAllocations, AreAsManyForOneRecordAsForAThousand) {
  for (const auto codec : {compress::CompressionType::None, compress::CompressionType::Lz4}) {
    const std::size_t one = allocationsOfOnePoll(1, codec);
    EXPECT_EQ(allocationsOfOnePoll(1000, codec), one);
    EXPECT_LE(one, 5U) << "partitions, runs and owners of the records";
  }
}

}  // namespace
}  // namespace klamm::consumer
