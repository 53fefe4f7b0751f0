// SPDX-License-Identifier: Apache-2.0
/* Entropy of the operating system (Linux, macOS), for the simulator. */
#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

/* getentropy gives at most this much at once. */
#define PART_BYTES 256

/* Fills `length` bytes at `offset`; 0, or -1 where the system has none to give. */
int32_t wattle_entropy(uint8_t *buffer, uint32_t offset, uint32_t length) {
  while (length > 0) {
    uint32_t part = length < PART_BYTES ? length : PART_BYTES;
    if (getentropy(buffer + offset, part) != 0) return -1;
    offset += part;
    length -= part;
  }
  return 0;
}
