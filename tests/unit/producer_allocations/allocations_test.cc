// Counts allocations: a program of its own because it replaces operator new.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include <klamm/producer.h>

#include "unit/producer/client_fixture.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace klamm::producer {
namespace {

/// All that a batch and its request may cost, on both threads.
constexpr std::size_t kPerRequest = 80;

template <class Send>
void expectNoAllocationPerRecord(const char* what, Send send) {
  ProducerSettings settings;
  settings.linger = std::chrono::hours(1);
  auto own = std::make_unique<LoopClient>();
  LoopClient& client = *own;
  client.metadata().setTopic("a-topic", {1, 1});
  Producer<std::string_view, std::string_view> producer(
      std::make_unique<Core>(settings, std::move(own), nullptr, systemClock(), systemRandom()));
  constexpr std::size_t kRecords = 200'000;
  for (std::size_t i = 0; i < 10'000; ++i) send(producer, i);
  producer.flush();
  const std::size_t allocationsBefore = allocations;
  const std::size_t requestsBefore = client.network().requests;
  for (std::size_t i = 0; i < kRecords; ++i) send(producer, i);
  producer.flush();
  const std::size_t made = allocations - allocationsBefore;
  const std::size_t requests = client.network().requests - requestsBefore;
  // Two batches at most in a request of two partitions; a few per batch are allowed, none per record.
  EXPECT_LT(made, requests * kPerRequest) << what << ": " << requests << " requests";
  EXPECT_LT(made, kRecords) << what;
}

const std::string kValue(100, 'v');

TEST(Allocations, ARecordCostsNoneWithACallback) {
  std::size_t reported = 0;
  expectNoAllocationPerRecord("callback", [&](auto& producer, std::size_t) {
    producer.send({.topic = "a-topic", .value = kValue}, [&](const RecordMetadata&, const Error&) { ++reported; });
  });
  EXPECT_EQ(reported, 210'000U);
}

TEST(Allocations, ARecordCostsNoneWithAKeyAndHeaders) {
  const Header headers[] = {{"trace", asBytes("0123456789abcdef")}, {"empty", std::nullopt}};
  const std::string_view keys[] = {"one", "two", "three", "four"};
  expectNoAllocationPerRecord("key and headers", [&](auto& producer, std::size_t i) {
    producer.send({.topic = "a-topic", .key = keys[i % 4], .value = kValue, .headers = headers}, nullptr);
  });
}

}  // namespace
}  // namespace klamm::producer
