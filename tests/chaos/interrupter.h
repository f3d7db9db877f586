#pragma once
// What happens beside a call: the weather changes, somebody closes or wakes.

#include <functional>
#include <thread>

#include "chaos/call_case.h"

namespace klamm::chaos {

/// A thread that changes the weather at its time and interrupts at its time; joined at the end of the block.
/// Threading: made and destroyed by one thread.
class Interrupter {
 public:
  Interrupter(const CallCase& one, CallWorld& world, std::function<void()> interrupt);
  ~Interrupter() { thread_.join(); }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;

 private:
  std::thread thread_;
};

}  // namespace klamm::chaos
