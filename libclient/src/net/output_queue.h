#pragma once
// Bytes on their way to a socket.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include "base/parts.h"
#include "base/result.h"

namespace klamm::net {

/// Parts in order, and how far the first one has been sent. Threading: one at a time (the connection's lock).
class OutputQueue {
 public:
  void push(Parts parts);
  /// Writes without blocking until the socket takes no more, everything is gone, or about `budget` bytes have gone.
  /// Returns the bytes written. Slices go by gather write, file ranges by sendfile, which may wait for the disk and may
  /// raise SIGPIPE: without `files` it stops in front of them.
  [[nodiscard]] Result<std::uint64_t> writeTo(int socket, std::uint64_t budget, bool files);
  /// Takes the next bytes out, copied: for who must change them before they are sent. File ranges are read; without `files`
  /// it stops in front of them. Returns how many: fewer than `room` only at the end, or in front of a file range.
  [[nodiscard]] Result<std::size_t> copyTo(std::span<std::byte> room, bool files);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }

 private:
  [[nodiscard]] std::int64_t writeSlices(int socket) const;
  [[nodiscard]] std::int64_t writeFile(int socket, std::uint64_t budget) const;
  void drop(std::uint64_t written);

  std::deque<Part> parts_;
  std::uint64_t sentOfFirst_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace klamm::net
