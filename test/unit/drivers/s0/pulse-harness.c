// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the native pulse filter for native.test.ts. A line `start MIN_ON MIN_OFF COUNT LEVEL NOW` begins, a line
 * `edge LEVEL NOW` answers with whether a pulse was counted and the count.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pulse.h"

int main(void) {
  wattle_pulse_t state;
  char word[8];
  memset(&state, 0xa5, sizeof(state)); /* what was there before means nothing */
  while (scanf("%7s", word) == 1) {
    uint32_t on, off, count, now;
    int level;
    if (strcmp(word, "start") == 0) {
      if (scanf("%" SCNu32 " %" SCNu32 " %" SCNu32 " %d %" SCNu32, &on, &off, &count, &level, &now) != 5) return 1;
      wattle_pulse_start(&state, on, off, count, level != 0, now);
    } else {
      if (scanf("%d %" SCNu32, &level, &now) != 2) return 1;
      const bool counted = wattle_pulse_edge(&state, level != 0, now);
      printf("%d %" PRIu32 "\n", counted, state.count);
    }
  }
  return 0;
}
