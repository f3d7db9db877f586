#include "producer/memory_pool.h"

#include <gtest/gtest.h>

#include <thread>

namespace klamm::producer {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

const TimePoint kFarAway = systemClock().now() + 1h;

/// Until so many threads wait; they are on their way there.
void awaitWaiting(const MemoryPool& pool, std::size_t count) {
  while (pool.waiting() < count) std::this_thread::yield();
}

TEST(MemoryPool, GivesBackWhatALeaseHeldWhenItDies) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  {
    auto lease = pool->take(60, MemoryPool::kNoWait);
    ASSERT_TRUE(lease);
    EXPECT_EQ(pool->available(), 40);
    lease->resize(70);
    EXPECT_EQ(pool->available(), 30);
  }
  EXPECT_EQ(pool->available(), 100);
}

TEST(MemoryPool, SaysWhetherMemoryIsUsedUpOrTheRecordIsTooLarge) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  const auto lease = pool->take(95, MemoryPool::kNoWait);
  EXPECT_EQ(pool->take(10, MemoryPool::kNoWait).error().code(), ErrorCode::BufferExhausted);
  EXPECT_EQ(pool->take(10, systemClock().now() + 1ms).error().code(), ErrorCode::BufferExhausted);
  EXPECT_EQ(pool->take(101, MemoryPool::kNoWait).error().code(), ErrorCode::MessageTooLarge);
}

TEST(MemoryPool, ServesInTheOrderOfComingAlsoWhenALaterOneNeedsLess) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  auto held = pool->take(90, MemoryPool::kNoWait);
  std::vector<int> order;
  Mutex mutex;
  const auto waitFor = [&](std::size_t bytes, int name) {
    auto lease = pool->take(bytes, kFarAway);
    ASSERT_TRUE(lease);
    const MutexLock lock(mutex);
    order.push_back(name);
  };
  std::thread large(waitFor, 30, 1);
  awaitWaiting(*pool, 1);
  std::thread small(waitFor, 5, 2);
  awaitWaiting(*pool, 2);
  EXPECT_EQ(pool->available(), 10) << "5 bytes are free, but somebody was first";
  held->release();
  large.join();
  small.join();
  EXPECT_EQ(order.size(), 2U);
  EXPECT_EQ(pool->available(), 100);
}

TEST(MemoryPool, WhoGivesUpWaitingLetsThoseBehindPass) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  const auto held = pool->take(90, MemoryPool::kNoWait);
  std::thread large([&] { EXPECT_FALSE(pool->take(50, systemClock().now() + 50ms)); });
  awaitWaiting(*pool, 1);
  EXPECT_TRUE(pool->take(5, kFarAway));
  large.join();
}

TEST(MemoryPool, AWaiterGetsWhatIsFreeThoughItIsTooLittleToBeWokenFor) {
  const auto pool = std::make_shared<MemoryPool>(1'000'000, 1000);
  const auto held = pool->take(999'000, MemoryPool::kNoWait);
  auto little = pool->take(1000, MemoryPool::kNoWait);
  std::thread waiter([&] { EXPECT_TRUE(pool->take(1000, kFarAway)); });
  awaitWaiting(*pool, 1);
  little->release();
  waiter.join();
}

TEST(MemoryPool, WhoCannotWaitGetsWhatIsFreeBehindAWaiterNotWokenYet) {
  const auto pool = std::make_shared<MemoryPool>(1'000'000, 1000);
  const auto held = pool->take(960'000, MemoryPool::kNoWait);
  auto little = pool->take(40'000, MemoryPool::kNoWait);
  std::thread waiter([&] { EXPECT_TRUE(pool->take(1000, kFarAway)); });
  awaitWaiting(*pool, 1);
  little->release();
  EXPECT_TRUE(pool->take(1000, systemClock().now()));
  waiter.join();
}

TEST(MemoryPool, UnusedChunksOfAnotherSizeMakeRoom) {
  const auto pool = std::make_shared<MemoryPool>(1000, 10);
  {
    const auto small = pool->memory(100);
    const auto large = pool->memory(600);
  }
  EXPECT_EQ(pool->unused(), 700U);
  const auto lease = pool->take(700, MemoryPool::kNoWait);
  const auto memory = pool->memory(250);
  EXPECT_EQ(pool->unused(), 100U) << "of 300 bytes that are left";
}

TEST(MemoryPool, CloseEndsEveryWait) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  const auto held = pool->take(100, MemoryPool::kNoWait);
  std::thread waiter([&] { EXPECT_EQ(pool->take(50, kFarAway).error().code(), ErrorCode::Closed); });
  awaitWaiting(*pool, 1);
  pool->close();
  waiter.join();
  EXPECT_EQ(pool->take(1, kFarAway).error().code(), ErrorCode::Closed);
}

TEST(MemoryPool, UsesTheMemoryOfABatchAgainWhenTheLastHolderLetsGo) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  record::BatchMemory memory = pool->memory(10);
  const std::byte* address = memory.bytes.get();
  const std::shared_ptr<std::byte> socket = memory.bytes;
  memory = {};
  EXPECT_NE(pool->memory(10).bytes.get(), address) << "somebody still holds it";
}

TEST(MemoryPool, GivesOutFirstWhatCameBackLastAndIsNotTooLarge) {
  const auto pool = std::make_shared<MemoryPool>(1000, 10);
  const std::byte* first = nullptr;
  const std::byte* last = nullptr;
  const std::byte* large = nullptr;
  {
    const auto a = pool->memory(10);
    const auto b = pool->memory(10);
    const auto c = pool->memory(100);
    large = (first = a.bytes.get(), last = b.bytes.get(), c.bytes.get());
  }
  const auto small = pool->memory(10);
  EXPECT_EQ(small.bytes.get(), first) << "destroyed last";
  EXPECT_EQ(small.capacity, 10U);
  const auto other = pool->memory(100);
  EXPECT_EQ(other.bytes.get(), large);
  EXPECT_EQ(pool->memory(10).bytes.get(), last);
}

TEST(MemoryPool, WhatALeaseShrinksByGoesToWhoWaits) {
  const auto pool = std::make_shared<MemoryPool>(100, 10);
  auto held = pool->take(90, MemoryPool::kNoWait);
  std::thread waiter([&] { EXPECT_TRUE(pool->take(50, kFarAway)); });
  awaitWaiting(*pool, 1);
  held->resize(20);
  waiter.join();
  EXPECT_EQ(pool->available(), 80);
}

}  // namespace
}  // namespace klamm::producer
