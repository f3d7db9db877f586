#pragma once
// A plain socket under a test's control: what a peer does that keeps to no rules.

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/buffer.h"

namespace klamm::hostile {

using Duration = std::chrono::nanoseconds;

/// One TCP connection on the loopback interface, blocking. Threading: one reader, one writer; shutDown() from any thread.
class Wire {
 public:
  enum class End : std::uint8_t { Frame, Closed, Silence };
  struct Received {
    End end = End::Silence;
    Buffer frame = {};  ///< without its length
  };

  explicit Wire(int descriptor) noexcept : descriptor_(descriptor) {}
  Wire(Wire&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Wire& operator=(Wire&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Wire();

  /// Throws when nobody listens.
  [[nodiscard]] static Wire connect(std::uint16_t port);

  /// False when the peer is gone.
  bool send(BytesView bytes);
  /// Each byte in a segment of its own.
  bool sendByteByByte(BytesView bytes);
  /// The next frame, the peer's close (or reset), or silence for so long.
  [[nodiscard]] Received receive(Duration patience);
  void shutDown() noexcept;
  /// Closes with a reset instead of an orderly end.
  void reset() noexcept;

 private:
  [[nodiscard]] End fill(std::byte* to, std::size_t count, std::chrono::steady_clock::time_point deadline);
  int descriptor_;
};

/// A listening socket on a free port of 127.0.0.1. Threading: accept() on one thread, shutDown() from any.
class Port {
 public:
  Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port();
  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  /// Nothing after shutDown().
  [[nodiscard]] std::optional<Wire> accept();
  void shutDown() noexcept;

 private:
  int descriptor_;
  std::uint16_t number_ = 0;
};

/// The bytes behind their length, as they travel.
[[nodiscard]] Buffer withLength(BytesView frame);

}  // namespace klamm::hostile
