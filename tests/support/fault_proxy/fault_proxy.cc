#include "support/fault_proxy/fault_proxy.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "support/fault_proxy/faulty_pipe.h"
#include "support/fault_proxy/socket.h"

namespace klamm::test {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
/// Writes of one turn: a sliced connection must not starve the others.
constexpr int kWritesPerTurn = 256;

}  // namespace

/// One connection: two sockets, a pipe for each direction. Threading: the proxy's thread.
class FaultProxy::Link {
 public:
  Link(Descriptor client, Descriptor upstream, const FaultProfile& profile, std::uint64_t seed)
      : sides_{Side{std::move(client), FaultyPipe(profile, seed * 2), true}, Side{std::move(upstream), FaultyPipe(profile, seed * 2 + 1), false}} {}

  void setProfile(const FaultProfile& profile) {
    for (Side& side : sides_) side.pipe.setProfile(profile);
  }
  void fallSilent() {
    silenced_ = true;
    for (Side& side : sides_) side.pipe.fallSilent();
    sides_[1].socket.close();
  }
  [[nodiscard]] bool isSilenced() const noexcept { return silenced_; }
  void end(bool reset) {
    for (Side& side : sides_) {
      if (reset && side.socket.get() >= 0) resetOnClose(side.socket);
      side.socket.close();
    }
    over_ = true;
  }
  [[nodiscard]] bool isOver() const noexcept { return over_; }

  /// What to wait for; the time of the next step.
  TimePoint interests(std::array<pollfd, 2>& polls, TimePoint now) {
    TimePoint wake = TimePoint::max();
    for (std::size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      const Side& other = sides_[1 - i];
      short events = 0;
      if (side.connected && !side.ended && side.pipe.wantsMore()) events |= POLLIN;
      if (!side.connected) events |= POLLOUT;
      polls[i] = {side.socket.get(), events, 0};
      if (other.socket.get() < 0 || !other.connected) continue;
      const FaultyPipe::Step step = side.pipe.next(now);
      if (step.kind == FaultyPipe::Kind::Wait) wake = std::min(wake, step.at);
      else if (!other.full) wake = now;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (sides_[i].full) polls[i].events |= POLLOUT;
    }
    return wake;
  }

  void act(const std::array<pollfd, 2>& polls, TimePoint now, FaultCounts& counts) {
    for (std::size_t i = 0; i < 2 && !over_; ++i) {
      if ((polls[i].revents & POLLOUT) != 0) sides_[i].full = false;
      if (!sides_[i].connected && polls[i].revents != 0) finishConnecting(sides_[i], counts);
      else if (sides_[i].ended && (polls[i].revents & (POLLHUP | POLLERR)) != 0) end(true);  // both its directions are closed
      else if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read(i, now);
    }
    for (std::size_t i = 0; i < 2 && !over_; ++i) pass(i, now, counts);
  }

 private:
  struct Side {
    Descriptor socket;
    FaultyPipe pipe;  ///< of the bytes that this side sends
    bool connected;
    bool ended = false;  ///< it sends no more
    bool full = false;   ///< it takes no more for the moment
  };

  void finishConnecting(Side& side, FaultCounts& counts) {
    if (connectError(side.socket) == 0) {
      side.connected = true;
      return;
    }
    ++counts.refusals;
    end(true);
  }

  void read(std::size_t from, TimePoint now) {
    Side& side = sides_[from];
    if (side.ended) return;
    static thread_local std::array<std::byte, kReadSize> room;
    const ssize_t got = ::recv(side.socket.get(), room.data(), room.size(), 0);
    if (got > 0) return side.pipe.push(BytesView(room).first(static_cast<std::size_t>(got)), now);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0 || side.pipe.isSilent() || sides_[1 - from].socket.get() < 0) return end(got < 0);
    side.ended = true;
    side.pipe.end();
  }

  void pass(std::size_t from, TimePoint now, FaultCounts& counts) {
    Side& side = sides_[from];
    Side& to = sides_[1 - from];
    if (to.socket.get() < 0 || !to.connected) return;
    for (int writes = 0; writes < kWritesPerTurn && !to.full; ++writes) {
      const bool wasSilent = side.pipe.isSilent();
      const FaultyPipe::Step step = side.pipe.next(now);
      if (side.pipe.isSilent() && !wasSilent) {
        ++counts.blackHoles;
        sides_[1 - from].pipe.fallSilent();
      }
      switch (step.kind) {
        case FaultyPipe::Kind::Wait: return;
        case FaultyPipe::Kind::Close:
          if (!side.ended) ++counts.cuts;
          return end(false);
        case FaultyPipe::Kind::Reset: ++counts.resets; return end(true);
        case FaultyPipe::Kind::Write: break;
      }
      const ssize_t sent = ::send(to.socket.get(), step.bytes.data(), step.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return end(true);
      if (sent < static_cast<ssize_t>(step.bytes.size())) to.full = true;
      if (sent <= 0) return;
      counts.bytes += static_cast<std::uint64_t>(sent);
      side.pipe.written(static_cast<std::size_t>(sent), now);
    }
  }

  std::array<Side, 2> sides_;  ///< the client, the upstream
  bool silenced_ = false;
  bool over_ = false;
};

FaultProxy::FaultProxy(const FaultProxyOptions& options)
    : options_(options), upstreamPort_(options.upstreamPort), reservation_(bindLocal(options.port)), port_(portOf(reservation_)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  current_.profile = orders_.profile = options.profile;
  current_.mode = Mode::Refusing;
  changeMode(Mode::Passing);
  thread_ = std::thread([this] { run(); });
}

FaultProxy::~FaultProxy() {
  give([](Orders& orders) { orders.stop = true; });
  thread_.join();
}

void FaultProxy::give(const std::function<void(Orders&)>& change) {
  const MutexLock lock(mutex_);
  change(orders_);
  const std::uint64_t mine = ++given_;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  obeyed_.wait(mutex_, [&]() KLAMM_REQUIRES(mutex_) { return done_ >= mine; });
}

void FaultProxy::setProfile(const FaultProfile& profile) {
  give([&](Orders& orders) { orders.profile = profile; });
}

void FaultProxy::setMode(Mode mode) {
  give([&](Orders& orders) { orders.mode = mode; });
}

void FaultProxy::resetAll() {
  give([](Orders& orders) { ++orders.resets; });
}

FaultCounts FaultProxy::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

void FaultProxy::changeMode(Mode mode) {
  if (mode == current_.mode) return;
  if (mode == Mode::Refusing) {
    listener_.close();
    for (const auto& link : links_) link->end(true);
  } else if (listener_.get() < 0) {
    listener_ = bindLocal(port_);
    if (::listen(listener_.get(), 128) != 0) throw std::system_error(errno, std::generic_category(), "listen");
  }
  for (const auto& link : links_) {
    if (mode == Mode::Silent) link->fallSilent();
    else if (link->isSilenced()) link->end(true);
  }
  current_.mode = mode;
}

bool FaultProxy::takeOrders() {
  std::uint64_t count = 0;
  while (::read(wake_.get(), &count, sizeof count) > 0) {}
  const MutexLock lock(mutex_);
  if (orders_.resets != current_.resets) {
    for (const auto& link : links_) link->end(true);
  }
  changeMode(orders_.mode);
  current_ = orders_;
  for (const auto& link : links_) link->setProfile(current_.profile);
  done_ = given_;
  obeyed_.notifyAll();
  return !current_.stop;
}

void FaultProxy::accept() {
  for (;;) {
    Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.get() < 0) return;
    setNoDelay(client);
    const std::uint64_t number = accepted_++;
    Descriptor upstream;
    if (current_.mode == Mode::Passing) upstream = startConnecting(options_.upstreamHost, upstreamPort_.load());
    const bool refused = current_.mode == Mode::Passing && upstream.get() < 0;
    auto link = std::make_unique<Link>(std::move(client), std::move(upstream), current_.profile, options_.seed * 1'000'003 + number);
    if (current_.mode == Mode::Silent) link->fallSilent();
    if (refused) link->end(true);
    links_.push_back(std::move(link));
    const MutexLock lock(mutex_);
    ++counts_.connections;
    if (refused) ++counts_.refusals;
  }
}

void FaultProxy::run() {
  std::vector<pollfd> polls;
  for (;;) {
    std::erase_if(links_, [](const auto& link) { return link->isOver(); });
    polls.assign({pollfd{wake_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}});
    TimePoint now = systemClock().now();
    TimePoint wake = TimePoint::max();
    for (const auto& link : links_) {
      std::array<pollfd, 2> pair{};
      wake = std::min(wake, link->interests(pair, now));
      polls.insert(polls.end(), pair.begin(), pair.end());
    }
    const auto wait = wake == TimePoint::max() ? std::chrono::milliseconds(-1) : std::chrono::ceil<std::chrono::milliseconds>(std::max(wake - now, Duration::zero()));
    (void)::poll(polls.data(), polls.size(), static_cast<int>(wait.count()));
    now = systemClock().now();
    {
      const MutexLock lock(mutex_);  // who sees a connection end sees it counted
      for (std::size_t i = 0; i < links_.size(); ++i) links_[i]->act({polls[2 + 2 * i], polls[3 + 2 * i]}, now, counts_);
    }
    if (polls[0].revents != 0 && !takeOrders()) return;
    if (polls[1].revents != 0 && listener_.get() >= 0) accept();
  }
}

}  // namespace klamm::test
