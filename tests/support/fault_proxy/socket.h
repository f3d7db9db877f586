#pragma once
// Plain sockets for test programs that stand beside the product, not on it.

#include <cstdint>
#include <string>

namespace klamm::test {

/// Closes what it holds. Threading: one thread.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] int get() const noexcept { return number_; }
  void close() noexcept;

 private:
  int number_ = -1;
};

/// A socket bound to 127.0.0.1:`port` (0 picks one) with SO_REUSEADDR, not listening: nobody is given that port as long
/// as it lives, but who asks for it with SO_REUSEADDR may listen there. Throws std::system_error.
[[nodiscard]] Descriptor bindLocal(std::uint16_t port);
[[nodiscard]] std::uint16_t portOf(const Descriptor& socket);
/// Starts a connection to a numeric IPv4 address, without blocking; -1 when that fails at once.
[[nodiscard]] Descriptor startConnecting(const std::string& host, std::uint16_t port);
/// Why a connection that was started did not come about; 0 when it did.
[[nodiscard]] int connectError(const Descriptor& socket) noexcept;
void setNoDelay(const Descriptor& socket) noexcept;
/// close() will send a reset instead of an orderly end.
void resetOnClose(const Descriptor& socket) noexcept;

}  // namespace klamm::test
