#pragma once
// What every fuzz target shares. A target is one function over bytes; libFuzzer drives it in the sanitizer build, a plain
// main that replays files everywhere else.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace klamm::fuzz {

/// The target: takes any bytes, returns, and leaves nothing behind.
void run(BytesView input);

/// Ends the process, which makes the input a finding, unless `holds`.
inline void demand(bool holds, std::string_view what, std::string_view detail = "") {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %.*s %.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

/// An error is a code and a text that a person can act on.
inline void demandTyped(const Error& error) {
  demand(error.code() != ErrorCode::None && !error.message().empty(), "an error says nothing");
}

/// Cuts an input into what a target wants of it; behind its end everything is zero or empty. Threading: one thread.
class Input {
 public:
  explicit Input(BytesView bytes) noexcept : rest_(bytes) {}
  [[nodiscard]] std::uint8_t byte() {
    const BytesView one = take(1);
    return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
  }
  [[nodiscard]] std::uint16_t uint16() {
    const std::uint8_t high = byte();
    return static_cast<std::uint16_t>(high << 8U | byte());
  }
  [[nodiscard]] BytesView take(std::size_t size) {
    const BytesView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] BytesView rest() { return take(rest_.size()); }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

 private:
  BytesView rest_;
};

}  // namespace klamm::fuzz
