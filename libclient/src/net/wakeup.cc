#include "net/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace klamm::net {

Wakeup::Wakeup(const Clock& clock) : clock_(clock), descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::bad_alloc();
}

Wakeup::~Wakeup() { ::close(descriptor_); }

void Wakeup::signal() noexcept {
  const int before = errno;  // a signal handler must leave it as it was
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof(one));
  errno = before;
}

bool Wakeup::consume() noexcept {
  std::uint64_t count = 0;
  return ::read(descriptor_, &count, sizeof(count)) == sizeof(count);
}

bool Wakeup::waitUntil(TimePoint deadline) noexcept {
  while (!consume()) {
    // A long wait in steps: TimePoint::max() minus now would not fit what ppoll takes.
    constexpr Duration kStep = std::chrono::hours(1);
    const TimePoint now = clock_.now();
    if (now >= deadline) return false;
    const auto wait = std::min<Duration>(deadline - now, kStep);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec time{static_cast<time_t>(seconds.count()),
                        static_cast<long>(std::chrono::duration_cast<std::chrono::nanoseconds>(wait - seconds).count())};
    pollfd watched{descriptor_, POLLIN, 0};
    ::ppoll(&watched, 1, &time, nullptr);
  }
  return true;
}

}  // namespace klamm::net
