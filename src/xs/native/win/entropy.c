// SPDX-License-Identifier: Apache-2.0
/* Entropy of the operating system (Windows), for the simulator. */
#define _CRT_RAND_S
#include <stdint.h>
#include <stdlib.h>

/* Fills `length` bytes at `offset`; 0, or -1 where the system has none to give. */
int32_t wattle_entropy(uint8_t *buffer, uint32_t offset, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    unsigned int value;
    if (rand_s(&value) != 0) return -1;
    buffer[offset + i] = (uint8_t)(value >> 8);
  }
  return 0;
}
