#include "support/fault_proxy/faulty_pipe.h"

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace klamm::test {
namespace {

using namespace std::chrono_literals;
using Kind = FaultyPipe::Kind;

constexpr TimePoint kStart{std::chrono::hours(1)};

std::string frame(std::size_t size, char fill = 'x') {
  std::string bytes(4 + size, fill);
  storeBigEndian<std::int32_t>(reinterpret_cast<std::byte*>(bytes.data()), static_cast<std::int32_t>(size));
  return bytes;
}

struct Outcome {
  std::string bytes = {};
  std::vector<std::size_t> pieces = {};
  Kind end = Kind::Wait;
  TimePoint endedAt = {};
};

/// Takes everything that the pipe gives, moving the time on to its next step.
Outcome drain(FaultyPipe& pipe, TimePoint now) {
  Outcome outcome;
  for (;;) {
    const auto step = pipe.next(now);
    if (step.kind == Kind::Write) {
      outcome.bytes += asText(step.bytes);
      outcome.pieces.push_back(step.bytes.size());
      pipe.written(step.bytes.size(), now);
    } else if (step.kind == Kind::Wait && step.at != TimePoint::max()) {
      EXPECT_GT(step.at, now);
      now = step.at;
    } else {
      outcome.end = step.kind;
      outcome.endedAt = now;
      return outcome;
    }
  }
}

TEST(FaultyPipe, PassesEverythingOnAndTheEndBehindIt) {
  FaultyPipe pipe({}, 1);
  const std::string sent = frame(10) + frame(0) + frame(300) + "xy";
  for (const char byte : sent) pipe.push(asBytes({&byte, 1}), kStart);
  pipe.end();
  const Outcome outcome = drain(pipe, kStart);
  EXPECT_EQ(outcome.bytes, sent);
  EXPECT_EQ(outcome.end, Kind::Close);
  EXPECT_EQ(outcome.endedAt, kStart);
}

TEST(FaultyPipe, DelaysAndJittersWithoutChangingTheOrder) {
  FaultyPipe pipe({.delay = 5ms, .jitter = 50ms}, 3);
  std::string sent;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    sent += frame(1, letter);
    pipe.push(asBytes(frame(1, letter)), kStart);
  }
  EXPECT_EQ(pipe.next(kStart).kind, Kind::Wait);
  EXPECT_GE(pipe.next(kStart).at, kStart + 5ms);
  const Outcome outcome = drain(pipe, kStart);
  EXPECT_EQ(outcome.bytes, sent);
  EXPECT_GT(outcome.endedAt, kStart + 20ms) << "26 draws of 0 to 50 ms";
  EXPECT_LE(outcome.endedAt, kStart + 55ms);
}

TEST(FaultyPipe, KeepsToItsBandwidth) {
  FaultyPipe pipe({.bytesPerSecond = 1000}, 1);
  pipe.push(asBytes(frame(1996)), kStart);
  const Outcome outcome = drain(pipe, kStart);
  EXPECT_EQ(outcome.bytes.size(), 2000U);
  EXPECT_GE(outcome.endedAt, kStart + 1900ms);
  EXPECT_LE(outcome.endedAt, kStart + 2000ms);
}

TEST(FaultyPipe, SlicesTheHeadOfEachFrameIntoSingleBytes) {
  FaultyPipe pipe({.sliced = 1}, 1);
  pipe.push(asBytes(frame(5000) + frame(5000)), kStart);
  const Outcome outcome = drain(pipe, kStart);
  EXPECT_EQ(outcome.bytes, frame(5000) + frame(5000));
  std::size_t single = 0;
  for (std::size_t i = 0; i < 256; ++i) single += outcome.pieces[i] == 1 ? 1U : 0U;
  EXPECT_EQ(single, 256U);
  EXPECT_GE(std::count(outcome.pieces.begin(), outcome.pieces.end(), 1U), 400) << "the second frame's head as well";
}

TEST(FaultyPipe, CutsResetsAndSwallowsInsideAFrame) {
  for (const auto& [profile, end] : {std::pair{FaultProfile{.cut = 1}, Kind::Close}, std::pair{FaultProfile{.reset = 1}, Kind::Reset},
                                     std::pair{FaultProfile{.blackHole = 1}, Kind::Wait}}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      FaultyPipe pipe(profile, seed);
      pipe.push(asBytes(frame(100) + frame(100)), kStart);
      const Outcome outcome = drain(pipe, kStart);
      EXPECT_LT(outcome.bytes.size(), 104U);
      EXPECT_EQ(outcome.end, end);
      EXPECT_EQ(pipe.isSilent(), end == Kind::Wait);
    }
  }
}

TEST(FaultyPipe, PassesWholeFramesUpToTheFaultThatTheSeedChoseHoweverTheyCame) {
  const FaultProfile profile{.cut = 0.05};
  std::string sent;
  for (int i = 0; i < 200; ++i) sent += frame(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FaultyPipe atOnce(profile, seed);
    atOnce.push(asBytes(sent), kStart);
    const Outcome expected = drain(atOnce, kStart);
    EXPECT_EQ(expected.bytes, sent.substr(0, expected.bytes.size()));
    FaultyPipe inPieces(profile, seed);
    for (std::size_t at = 0; at < sent.size(); at += 37) inPieces.push(asBytes(std::string_view(sent).substr(at, 37)), kStart);
    EXPECT_EQ(drain(inPieces, kStart).bytes, expected.bytes) << "seed " << seed;
  }
}

TEST(FaultyPipe, HitsAboutTheFractionOfFramesThatIsAskedFor) {
  std::size_t passed = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    FaultyPipe pipe({.reset = 0.1}, seed);
    for (int i = 0; i < 200; ++i) pipe.push(asBytes(frame(20)), kStart);
    passed += drain(pipe, kStart).bytes.size() / 24;
  }
  EXPECT_NEAR(static_cast<double>(passed) / 400, 9.0, 1.5) << "frames before the first of the faults";
}

TEST(FaultyPipe, TreatsAStreamWithoutFramesAsSomeAndHoldsABoundedAmount) {
  FaultyPipe pipe({}, 1);
  std::string noise(300 * 1024, '\xff');
  pipe.push(asBytes(noise), kStart);
  EXPECT_FALSE(pipe.wantsMore());
  EXPECT_EQ(drain(pipe, kStart).bytes, noise);
  EXPECT_TRUE(pipe.wantsMore());
}

TEST(FaultProfile, ReadsWhatItPrints) {
  const FaultProfile profile{.delay = 5ms, .jitter = 20ms, .bytesPerSecond = 1'000'000, .sliced = 0.5, .cut = 0.01, .blackHole = 0.25};
  EXPECT_EQ(profile.toString(), "delay=5 jitter=20 bandwidth=1e+06 sliced=0.5 cut=0.01 black-hole=0.25");
  EXPECT_EQ(FaultProfile::parse(profile.toString())->toString(), profile.toString());
  EXPECT_EQ(FaultProfile().toString(), "clean");
  EXPECT_EQ(FaultProfile::parse("clean")->toString(), "clean");
  for (const char* bad : {"cut", "cut=", "cut=2", "cut=-1", "cuts=1", "delay=x", "delay=1x"}) EXPECT_FALSE(FaultProfile::parse(bad)) << bad;
}

}  // namespace
}  // namespace klamm::test
