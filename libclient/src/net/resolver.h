#pragma once
// Name look-ups that never hold anybody up.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "net/address.h"
#include "net/loop.h"

namespace klamm::net {

/// Looks names up, each on a detached thread of its own that nobody waits for: a look-up that gets no answer outlives
/// the resolver and its loop and touches neither. Callers that ask for a name which is being looked up share the answer,
/// so there is at most one thread per name.
///
/// Threading: the loop's thread; destroyed there or after the loop has stopped.
class Resolver {
 public:
  Resolver(Loop& loop, LookUp lookUp) : loop_(loop), lookUp_(std::move(lookUp)) {}
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  using Callback = std::function<void(Result<std::vector<SocketAddress>>)>;
  /// The answer comes later, on the loop's thread; for a numeric host it comes inside this call. Not at all if the
  /// resolver goes first.
  void resolve(const std::string& host, std::uint16_t port, Callback callback);

 private:
  struct Lookup;
  static void answer(const std::shared_ptr<Lookup>& lookup);

  Loop& loop_;
  LookUp lookUp_;
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<Lookup>> running_;
};

}  // namespace klamm::net
