#include "support/fault_proxy/faulty_pipe.h"

#include <algorithm>

#include "base/bytes.h"

namespace klamm::test {
namespace {

/// What cannot be a length: the stream is not Kafka's protocol.
constexpr std::int32_t kLargestFrame = 128 * 1024 * 1024;
constexpr std::uint64_t kForeignFrame = 1024;
constexpr std::uint64_t kLargestPiece = 4096;

double fractionOf(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1.0p-53; }

}  // namespace

FaultyPipe::FaultyPipe(const FaultProfile& profile, std::uint64_t seed)
    : profile_(profile), random_(seededRandom(seed)), timing_(seededRandom(seed ^ 0x9e3779b97f4a7c15U)), slicedDraw_(fractionOf(*random_)) {}

bool FaultyPipe::hits(double fraction) {
  return fractionOf(*random_) < fraction;  // always one number: a fraction of 0 shifts nothing
}

void FaultyPipe::beginFrame(std::uint64_t begin, std::uint64_t length) {
  Frame frame{.begin = begin, .end = begin + length};
  const bool cut = hits(profile_.cut);
  const bool reset = hits(profile_.reset);
  const bool blackHole = hits(profile_.blackHole);
  const std::uint64_t at = begin + random_->below(length);
  if (cut || reset || blackHole) {
    frame.fault = cut ? Fault::Cut : reset ? Fault::Reset : Fault::BlackHole;
    frame.faultAt = at;
  }
  frames_.push_back(frame);
  frameEnd_ = frame.end;
}

void FaultyPipe::followFrames(BytesView bytes) {
  std::uint64_t at = received_;
  const std::uint64_t end = received_ + bytes.size();
  while (at < end) {
    if (at < frameEnd_) {
      at = std::min(frameEnd_, end);
      continue;
    }
    lengthBytes_.push_back(bytes[static_cast<std::size_t>(at - received_)]);
    ++at;
    if (lengthBytes_.size() < 4) continue;
    const auto length = loadBigEndian<std::int32_t>(lengthBytes_.data());
    lengthBytes_.clear();
    const bool foreign = length < 0 || length > kLargestFrame;
    beginFrame(at - 4, foreign ? kForeignFrame : 4 + static_cast<std::uint64_t>(length));
  }
}

void FaultyPipe::push(BytesView bytes, TimePoint now) {
  if (silent_ || bytes.empty()) return;
  followFrames(bytes);
  received_ += bytes.size();
  const Millis jitter(static_cast<std::int64_t>(timing_->below(static_cast<std::uint64_t>(profile_.jitter.count()) + 1)));
  lastDue_ = std::max(lastDue_, now + profile_.delay + jitter);
  chunks_.push_back({{bytes.begin(), bytes.end()}, lastDue_});
  held_ += bytes.size();
}

void FaultyPipe::fallSilent() {
  silent_ = true;
  chunks_.clear();
  frames_.clear();
  offset_ = held_ = 0;
}

std::size_t FaultyPipe::pieceAt(std::size_t most) {
  if (slicedDraw_ >= profile_.sliced) return most;
  if (frames_.empty() || passed_ < frames_.front().begin + kSlicedHead) return 1;
  return std::min<std::size_t>({most, 1 + timing_->below(kLargestPiece), frames_.front().end - passed_});
}

FaultyPipe::Step FaultyPipe::next(TimePoint now) {
  if (silent_) return {};
  while (!frames_.empty() && frames_.front().end <= passed_) frames_.pop_front();
  // A fault waits for the bytes of its frame like any byte.
  const bool atFault = !frames_.empty() && frames_.front().fault != Fault::None && passed_ >= frames_.front().faultAt;
  if (chunks_.empty()) return ended_ ? Step{.kind = Kind::Close} : Step{};
  const TimePoint due = std::max(chunks_.front().due, nextWrite_);
  if (due > now) return {.at = due};
  if (atFault) {
    const Fault fault = frames_.front().fault;
    if (fault == Fault::BlackHole) {
      fallSilent();
      return {};
    }
    return {.kind = fault == Fault::Cut ? Kind::Close : Kind::Reset};
  }
  std::size_t most = chunks_.front().bytes.size() - offset_;
  for (const Frame& frame : frames_) {
    if (frame.begin >= passed_ + most) break;
    if (frame.fault != Fault::None) most = std::min<std::size_t>(most, frame.faultAt - std::min(passed_, frame.faultAt));
    if (frame.fault != Fault::None) break;
  }
  if (profile_.bytesPerSecond > 0) most = std::min<std::size_t>(most, static_cast<std::size_t>(std::max<std::int64_t>(1, profile_.bytesPerSecond / 100)));
  return {.kind = Kind::Write, .bytes = BytesView(chunks_.front().bytes).subspan(offset_, pieceAt(most))};
}

void FaultyPipe::written(std::size_t bytes, TimePoint now) {
  passed_ += bytes;
  offset_ += bytes;
  held_ -= bytes;
  if (offset_ == chunks_.front().bytes.size()) {
    chunks_.pop_front();
    offset_ = 0;
  }
  if (profile_.bytesPerSecond > 0) {
    const auto takes = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(bytes) / static_cast<double>(profile_.bytesPerSecond)));
    nextWrite_ = std::max(nextWrite_, now) + takes;
  }
}

}  // namespace klamm::test
