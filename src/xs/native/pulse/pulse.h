// SPDX-License-Identifier: Apache-2.0
/*
 * Counts the pulses of an S0 line (IEC 62053-31). The filter is src/drivers/s0/pulse-filter.ts in C, which
 * explains it; both are run against the same vectors. It needs nothing of the platform and allocates nothing,
 * so that an interrupt can call it and a test can compile it anywhere.
 */
#ifndef WATTLE_PULSE_H
#define WATTLE_PULSE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint32_t min_on_us;
  uint32_t min_off_us;
  uint32_t last_us;
  /* Net time of the contact in the state that it was not taken for yet; less than the time that it needs. */
  uint32_t net_us;
  /* Pulses, modulo 2^32. */
  uint32_t count;
  /* The contact as it is, and as it was taken. */
  bool on;
  bool pulse;
} wattle_pulse_t;

/* Begins with `count` and a contact that is `level` (true: closed) at `now_us`; times are at least 1 µs. */
void wattle_pulse_start(wattle_pulse_t *state, uint32_t min_on_us, uint32_t min_off_us, uint32_t count,
                        bool level, uint32_t now_us);

/*
 * The contact is `level` from `now_us` on, as it may have been before: reading the count calls this too, at
 * least once in the 71 minutes after which the clock wraps. Calls never overlap, and time never goes back.
 * True where a pulse was counted.
 */
bool wattle_pulse_edge(wattle_pulse_t *state, bool level, uint32_t now_us);

#endif
