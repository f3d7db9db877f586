#include "base/parts.h"

#include <unistd.h>

namespace klamm {

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace klamm
