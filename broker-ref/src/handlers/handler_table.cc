#include <array>

#include "handlers/handler.h"

namespace klamm::broker::handlers {

#define KLAMM_SERVED(Name) extern constinit const server::HandlerEntry k##Name##Handler;
#include "handlers/handlers.def"
#undef KLAMM_SERVED

server::HandlerTable handlerTable() noexcept {
  static constexpr auto kEntries = std::to_array<const server::HandlerEntry*>({
#define KLAMM_SERVED(Name) &k##Name##Handler,
#include "handlers/handlers.def"
#undef KLAMM_SERVED
  });
  return {kEntries};
}

}  // namespace klamm::broker::handlers
