#include "base/random.h"

#include <cstddef>
#include <new>
#include <random>

namespace klamm {
namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() noexcept override {
    thread_local std::mt19937_64 engine{(static_cast<std::uint64_t>(std::random_device{}()) << 32) ^ std::random_device{}()};
    return engine();
  }
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() noexcept override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

Random& systemRandom() noexcept {
  // Never destroyed: threads that a program keeps until its exit may still ask while other statics go. Nor allocated: this
  // cannot fail.
  alignas(SystemRandom) static std::byte room[sizeof(SystemRandom)];
  static SystemRandom& random = *::new (static_cast<void*>(room)) SystemRandom;
  return random;
}

std::unique_ptr<Random> seededRandom(std::uint64_t seed) { return std::make_unique<SeededRandom>(seed); }

}  // namespace klamm
