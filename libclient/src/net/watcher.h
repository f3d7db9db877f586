#pragma once
// Tells when a descriptor can be read or written.

#include <memory>

namespace klamm::net {

class AsioLoop;

/// What a Watcher calls. Either call may destroy the watcher.
class WatchTarget {
 public:
  virtual ~WatchTarget() = default;
  virtual void onReadable() = 0;
  virtual void onWritable() = 0;
};

/// Watches one non-blocking descriptor, once per wish: after a call the wish must be renewed. Also called when the
/// descriptor is in error or hung up. Does not own the descriptor and must go before it is closed.
/// Threading: the loop's thread, or before its run() or after it.
class Watcher {
 public:
  Watcher(AsioLoop& loop, int descriptor, WatchTarget& target);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void wantRead();
  void wantWrite();

 private:
  struct State;
  struct Life;
  std::unique_ptr<State> state_;
  std::shared_ptr<Life> life_;
};

}  // namespace klamm::net
