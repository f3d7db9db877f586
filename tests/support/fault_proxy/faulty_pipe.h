#pragma once
// One direction of a proxied connection: bytes and time in, bytes and faults out.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <klamm/bytes.h>

#include "base/clock.h"
#include "base/random.h"
#include "support/fault_proxy/fault_profile.h"

namespace klamm::test {

/// Holds bytes back, hands them out in pieces, and says where the connection ends. It follows the frames of Kafka's
/// protocol (int32 length, then so many bytes), so that a fault can lie inside one:
///
///     | 0 0 0 9 | a b c d e f g h i | 0 0 0 3 | x y z |      bytes as they came
///      <------- first frame ------->  <-- second -->
///                     ^ fault of the first frame: nothing behind this byte passes
///
/// The fault of a frame and its byte are drawn when the frame begins, from the pipe's own seed: the n-th frame of a
/// direction has the same fault in each run with the same profile, however TCP cut the bytes. A stream that has no
/// frames (TLS) is treated as frames of 1 KiB.
///
/// A sliced pipe hands out the first 256 bytes of every frame one by one, the rest in pieces of up to 4 KiB.
///
/// Threading: one thread.
class FaultyPipe {
 public:
  enum class Kind : std::uint8_t {
    Wait,   ///< nothing to do before `at`
    Write,  ///< pass `bytes` on, then call written()
    Close,  ///< end in order: the sender did, or a cut
    Reset,  ///< end at once
  };
  struct Step {
    Kind kind = Kind::Wait;
    BytesView bytes = {};
    TimePoint at = TimePoint::max();
  };

  FaultyPipe(const FaultProfile& profile, std::uint64_t seed);

  /// For frames that begin from now on; delay and bandwidth count at once.
  void setProfile(const FaultProfile& profile) { profile_ = profile; }
  void push(BytesView bytes, TimePoint now);
  /// The sender closed its side; Close comes behind its last byte.
  void end() { ended_ = true; }
  /// Drops what is held and all that comes.
  void fallSilent();
  [[nodiscard]] Step next(TimePoint now);
  void written(std::size_t bytes, TimePoint now);
  /// False while enough is held: the sender feels back-pressure.
  [[nodiscard]] bool wantsMore() const noexcept { return held_ < kMaxHeld; }
  /// Nothing passes any more: fallSilent(), or a black hole.
  [[nodiscard]] bool isSilent() const noexcept { return silent_; }

 private:
  static constexpr std::size_t kMaxHeld = 256 * 1024;
  static constexpr std::size_t kSlicedHead = 256;
  enum class Fault : std::uint8_t { None, Cut, Reset, BlackHole };
  struct Chunk {
    std::vector<std::byte> bytes;
    TimePoint due;
  };
  struct Frame {
    std::uint64_t begin;
    std::uint64_t end;  ///< behind its last byte
    Fault fault = Fault::None;
    std::uint64_t faultAt = 0;  ///< bytes of the stream before this one pass
  };

  void followFrames(BytesView bytes);
  void beginFrame(std::uint64_t begin, std::uint64_t length);
  [[nodiscard]] bool hits(double fraction);
  [[nodiscard]] std::size_t pieceAt(std::size_t most);

  FaultProfile profile_;
  std::unique_ptr<Random> random_;  ///< frames and their faults
  std::unique_ptr<Random> timing_;  ///< jitter and pieces: how many numbers it gives depends on TCP
  double slicedDraw_;
  std::deque<Chunk> chunks_;
  std::size_t offset_ = 0;  ///< written of the first chunk
  std::size_t held_ = 0;
  TimePoint lastDue_ = TimePoint::min();
  TimePoint nextWrite_ = TimePoint::min();
  bool ended_ = false;
  bool silent_ = false;
  // Positions in the stream.
  std::uint64_t received_ = 0;
  std::uint64_t passed_ = 0;
  std::deque<Frame> frames_;
  std::uint64_t frameEnd_ = 0;           ///< of the last frame that is known
  std::vector<std::byte> lengthBytes_;   ///< of the next frame, fewer than four
};

}  // namespace klamm::test
