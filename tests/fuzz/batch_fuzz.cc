// Record batches as they are stored and sent: read as they are, and again with every CRC put right.

#include "fuzz/batches.h"

void klamm::fuzz::run(BytesView input) {
  checkBatches(Buffer::copyOf(input));
  checkBatches(mended(input));
}
