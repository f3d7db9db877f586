#include "net/watcher.h"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include "net/asio_loop.h"

namespace klamm::net {

struct Watcher::State {
  State(asio::io_context& context, int fd) : descriptor(context, fd) {}
  asio::posix::stream_descriptor descriptor;
};

/// Shared with the waits in the reactor, which may come back after the watcher has gone.
struct Watcher::Life {
  WatchTarget* target;
  bool reading = false;
  bool writing = false;
};

Watcher::Watcher(AsioLoop& loop, int descriptor, WatchTarget& target)
    : state_(std::make_unique<State>(loop.context(), descriptor)), life_(std::make_shared<Life>(Life{&target})) {}

Watcher::~Watcher() {
  life_->target = nullptr;
  state_->descriptor.release();
}

void Watcher::wantRead() {
  if (life_->reading) return;
  life_->reading = true;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [life = life_](const asio::error_code&) {
    life->reading = false;
    if (life->target != nullptr) life->target->onReadable();
  });
}

void Watcher::wantWrite() {
  if (life_->writing) return;
  life_->writing = true;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [life = life_](const asio::error_code&) {
    life->writing = false;
    if (life->target != nullptr) life->target->onWritable();
  });
}

}  // namespace klamm::net
