#include "chaos/slow_names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto systems = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;  // does not look anything up
  if (node != nullptr && !numeric && std::string(node).ends_with(klamm::chaos::kSlowNames)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(node)));
    node = "127.0.0.1";
  }
  return systems(node, service, hints, result);
}
