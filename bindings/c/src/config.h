#pragma once

#include <klamm.h>
#include <klamm/config.h>

#include "handle.h"

/// What klamm_config_t is. Threading: one thread at a time.
struct klamm_config : klamm::c::Handle<klamm::c::Kind::Config> {
  klamm::Config config = {};
};
