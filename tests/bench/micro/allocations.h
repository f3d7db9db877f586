#pragma once
// A count of everything that this program allocates.

#include <cstddef>

namespace klamm::bench {

/// Calls of operator new since the start. Threading: any thread.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace klamm::bench
