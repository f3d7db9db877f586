#include "net/output_queue.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace klamm::net {
namespace {

constexpr std::size_t kSlicesPerWrite = 128;

}  // namespace

void OutputQueue::push(Parts parts) {
  for (const Part& part : parts.list()) {
    bytes_ += sizeOf(part);
    parts_.push_back(part);
  }
}

Result<std::uint64_t> OutputQueue::writeTo(int socket, std::uint64_t budget, bool files) {
  std::uint64_t total = 0;
  while (!parts_.empty() && total < budget) {
    const bool file = std::holds_alternative<FileRange>(parts_.front());
    if (file && !files) break;
    const std::int64_t written = file ? writeFile(socket, budget - total) : writeSlices(socket);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      return fail(ErrorCode::NetworkException, std::strerror(errno));
    }
    if (written == 0) return fail(ErrorCode::IoFailed, "a file is shorter than the range that was to be sent");
    total += static_cast<std::uint64_t>(written);
    drop(static_cast<std::uint64_t>(written));
  }
  return total;
}

/// Gathers slices up to the next file range. Slices are never empty, so 0 bytes are never written.
std::int64_t OutputQueue::writeSlices(int socket) const {
  std::array<iovec, kSlicesPerWrite> slices;
  std::size_t count = 0;
  bool more = false;  // a file range follows: let the kernel join them into full segments
  for (const Part& part : parts_) {
    const auto* buffer = std::get_if<Buffer>(&part);
    more = buffer == nullptr;
    if (buffer == nullptr || count == slices.size()) break;
    const std::uint64_t skip = count == 0 ? sentOfFirst_ : 0;
    slices[count++] = {const_cast<std::byte*>(buffer->data()) + skip, buffer->size() - skip};
  }
  msghdr message = {};
  message.msg_iov = slices.data();
  message.msg_iovlen = count;
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
}

std::int64_t OutputQueue::writeFile(int socket, std::uint64_t budget) const {
  const auto& range = std::get<FileRange>(parts_.front());
  auto offset = static_cast<off_t>(range.offset + sentOfFirst_);
  const std::uint64_t count = std::min(range.length - sentOfFirst_, budget);
  return ::sendfile(socket, range.file->descriptor(), &offset, count);
}

Result<std::size_t> OutputQueue::copyTo(std::span<std::byte> room, bool files) {
  std::size_t total = 0;
  while (!parts_.empty() && total < room.size()) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(room.size() - total, sizeOf(parts_.front()) - sentOfFirst_));
    if (const auto* buffer = std::get_if<Buffer>(&parts_.front())) {
      std::memcpy(room.data() + total, buffer->data() + sentOfFirst_, wanted);
      total += wanted;
      drop(wanted);
      continue;
    }
    if (!files) break;
    const auto& range = std::get<FileRange>(parts_.front());
    const ssize_t count = ::pread(range.file->descriptor(), room.data() + total, wanted, static_cast<off_t>(range.offset + sentOfFirst_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorCode::IoFailed, std::string("reading a file range to send: ") + std::strerror(errno));
    if (count == 0) return fail(ErrorCode::IoFailed, "a file is shorter than the range that was to be sent");
    total += static_cast<std::size_t>(count);
    drop(static_cast<std::uint64_t>(count));
  }
  return total;
}

void OutputQueue::drop(std::uint64_t written) {
  bytes_ -= written;
  written += sentOfFirst_;
  while (!parts_.empty() && written >= sizeOf(parts_.front())) {
    written -= sizeOf(parts_.front());
    parts_.pop_front();
  }
  sentOfFirst_ = written;
}

}  // namespace klamm::net
