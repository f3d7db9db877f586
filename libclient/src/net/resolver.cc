#include "net/resolver.h"

#include <system_error>
#include <thread>
#include <utility>

namespace klamm::net {

/// What the thread and the resolver share.
struct Resolver::Lookup {
  std::pair<std::string, std::uint16_t> what;
  std::vector<Callback> callbacks;  ///< loop thread only
  Mutex mutex;
  Resolver* resolver KLAMM_GUARDED_BY(mutex) = nullptr;  ///< null once the resolver has gone
  Result<std::vector<SocketAddress>> result KLAMM_GUARDED_BY(mutex) = fail(ErrorCode::ResolveFailed);
};

Resolver::~Resolver() {
  for (auto& [what, lookup] : running_) {
    MutexLock lock(lookup->mutex);
    lookup->resolver = nullptr;
  }
}

void Resolver::resolve(const std::string& host, std::uint16_t port, Callback callback) {
  if (auto numeric = numericAddress(host, port); !numeric.empty()) return callback(std::move(numeric));
  auto what = std::pair(host, port);
  if (const auto at = running_.find(what); at != running_.end()) {
    at->second->callbacks.push_back(std::move(callback));
    return;
  }
  auto lookup = std::make_shared<Lookup>();
  lookup->what = what;
  lookup->callbacks.push_back(std::move(callback));
  {
    MutexLock lock(lookup->mutex);
    lookup->resolver = this;
  }
  running_.emplace(std::move(what), lookup);
  try {
    std::thread([lookup, lookUp = lookUp_] {
      auto result = lookUp(lookup->what.first, lookup->what.second);
      MutexLock lock(lookup->mutex);  // held over post(): the loop cannot go meanwhile
      lookup->result = std::move(result);
      Resolver* resolver = lookup->resolver;
      if (resolver != nullptr) resolver->loop_.post([lookup] { answer(lookup); });
    }).detach();
  } catch (const std::system_error& error) {
    MutexLock lock(lookup->mutex);
    lookup->result = fail(ErrorCode::ResolveFailed, error.what());
    loop_.post([lookup] { answer(lookup); });
  }
}

void Resolver::answer(const std::shared_ptr<Lookup>& lookup) {
  Result<std::vector<SocketAddress>> result = fail(ErrorCode::ResolveFailed);
  {
    MutexLock lock(lookup->mutex);
    if (lookup->resolver == nullptr) return;
    result = std::move(lookup->result);
    lookup->resolver->running_.erase(lookup->what);
  }
  for (Callback& callback : lookup->callbacks) callback(result);
}

}  // namespace klamm::net
