#include "chaos/run_plan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/random.h"

namespace klamm::chaos {
namespace {

template <class T, std::size_t N>
T oneOf(Random& random, const T (&choices)[N]) {
  return choices[random.below(N)];
}

Millis between(Random& random, std::int64_t low, std::int64_t high) {
  return Millis(low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1))));
}

test::FaultProfile drawProfile(Random& random, std::uint64_t kind) {
  const bool all = random.below(5) == 0;
  test::FaultProfile profile;
  if (all || kind == 0) profile.delay = between(random, 1, 40);
  if (all || kind <= 1) profile.jitter = between(random, 5, 120);
  if (all || kind == 2) profile.cut = oneOf(random, {0.003, 0.01, 0.05});
  if (all || kind == 3) profile.reset = oneOf(random, {0.003, 0.01, 0.05});
  if (all || kind == 4) profile.blackHole = oneOf(random, {0.001, 0.004});
  if (all || kind == 5) profile.sliced = oneOf(random, {0.5, 1.0});
  if (all || kind == 6) profile.bytesPerSecond = oneOf(random, {100'000, 400'000, 2'000'000});
  return profile;  // kind 7: the network is well
}

ProducerPlan drawProducer(Random& random) {
  ProducerPlan plan;
  plan.codec = oneOf<std::string>(random, {"none", "gzip", "snappy", "lz4", "zstd"});
  plan.linger = Millis(oneOf(random, {0, 2, 5, 30}));
  plan.batchSize = oneOf(random, {500, 4096, 16384, 65536});
  plan.bufferMemory = oneOf(random, {300'000, 1'000'000, 32'000'000});
  plan.maxInFlight = oneOf(random, {1, 2, 5, 5});
  plan.requestTimeout = Millis(oneOf(random, {700, 1500, 3000}));
  plan.deliveryTimeout = random.below(4) == 0 ? plan.requestTimeout + plan.linger + between(random, 100, 1500) : Millis(60'000);
  plan.recordsPerSecond = oneOf(random, {50, 300, 1000, 2500});
  plan.flushEvery = oneOf(random, {0, 0, 7, 200});
  return plan;
}

std::vector<Episode> drawEpisodes(Random& random, Millis duration) {
  std::vector<Episode> episodes(1 + random.below(4));
  using enum Episode::Kind;
  for (Episode& episode : episodes) {
    episode.kind = oneOf(random, {Kill, Kill, Kill, Outage, Silence, ResetAll, Restart});
    episode.at = between(random, 100, duration.count());
    episode.length = between(random, 20, episode.kind == Silence ? 2500 : 1200);
  }
  episodes.front().kind = Kill;
  std::sort(episodes.begin(), episodes.end(), [](const Episode& a, const Episode& b) { return a.at < b.at; });
  return episodes;
}

/// A good hash of a few numbers (splitmix64): a record's shape must not depend on the order in which records are made.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15U + b * 0xbf58476d1ce4e5b9U + c;
  for (int round = 0; round < 2; ++round) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    x ^= x >> 31;
  }
  return x;
}

/// Half of it compresses well, half not at all.
std::string filler(std::size_t size, std::uint64_t seed) {
  std::string text(size, '.');
  for (std::size_t i = 0; i < size; i += 2) text[i] = static_cast<char>(mixed(seed, i, 7));
  return text;
}

std::string_view nameOf(Episode::Kind kind) {
  static constexpr std::array<std::string_view, 5> kNames{"kill", "outage", "silence", "reset", "restart"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

RunPlan planOf(std::uint64_t seed) {
  const auto random = seededRandom(seed);
  RunPlan plan;
  plan.seed = seed;
  plan.partitions = 1 + static_cast<std::int32_t>(random->below(6));
  if (random->below(5) == 0) plan.maxMessageBytes = 10'000;
  plan.duration = between(*random, 1500, 3500);
  plan.profile = drawProfile(*random, seed % 8);
  plan.producers.resize(1 + random->below(3));
  for (ProducerPlan& producer : plan.producers) producer = drawProducer(*random);
  plan.episodes = drawEpisodes(*random, plan.duration);
  plan.groupMembers = 1 + static_cast<std::int32_t>(random->below(3));
  plan.groupChurn = random->below(2) == 0;
  plan.autoCommit = random->below(2) == 0;
  return plan;
}

std::string RunPlan::toString() const {
  std::string text = fmt::format("{} partitions, network {}", partitions, profile.toString());
  if (maxMessageBytes < 1024 * 1024) text += fmt::format(", max.message.bytes={}", maxMessageBytes);
  for (const ProducerPlan& p : producers) {
    text += fmt::format("; producer {} linger={} batch={} memory={} in-flight={} request={} delivery={} {}/s", p.codec, p.linger.count(), p.batchSize,
                        p.bufferMemory, p.maxInFlight, p.requestTimeout.count(), p.deliveryTimeout.count(), p.recordsPerSecond);
  }
  text += fmt::format("; group of {}{}{}", groupMembers, groupChurn ? " with churn" : "", autoCommit ? "" : ", commitSync");
  for (const Episode& episode : episodes) text += fmt::format("; {} at {} for {}", nameOf(episode.kind), episode.at.count(), episode.length.count());
  return text;
}

Payload payloadOf(const RunPlan& plan, RecordId id) {
  const std::uint64_t draw = mixed(plan.seed, static_cast<std::uint64_t>(id.producer), static_cast<std::uint64_t>(id.sequence));
  const std::uint64_t shape = draw % 100;
  const std::size_t most = shape < 80 ? 200 : shape < 97 ? 3000 : 20'000;
  Payload payload{.idHeader = id.toString()};
  if (draw / 100 % 50 != 0) payload.value = filler(draw / 5000 % most, draw);
  const std::uint64_t how = (draw >> 40) % 4;
  if (how < 2) payload.key = "k" + std::to_string((draw >> 20) % 30);
  if (how == 2) payload.partition = static_cast<std::int32_t>((draw >> 44) % static_cast<std::uint64_t>(plan.partitions));
  if ((draw >> 50) % 3 == 0) payload.extraHeader = filler((draw >> 52) % 40, draw + 1);
  return payload;
}

RecordId idOf(std::string_view header) {
  RecordId id;
  const char* end = header.data() + header.size();
  const auto producer = std::from_chars(header.data(), end, id.producer);
  if (producer.ec != std::errc() || producer.ptr == end || *producer.ptr != ':') return {-1, -1};
  const auto sequence = std::from_chars(producer.ptr + 1, end, id.sequence);
  return sequence.ec == std::errc() && sequence.ptr == end ? id : RecordId{-1, -1};
}

}  // namespace klamm::chaos
