// SPDX-License-Identifier: Apache-2.0
#include "pulse.h"

/* Interrupts also come while flash is written, when code in flash cannot be fetched: IRAM_ATTR, by hand. */
#if defined(ESP_PLATFORM) || defined(ESP32)
#define IN_RAM __attribute__((section(".iram1.wattle_pulse")))
#else
#define IN_RAM
#endif

void wattle_pulse_start(wattle_pulse_t *state, uint32_t min_on_us, uint32_t min_off_us, uint32_t count,
                        bool level, uint32_t now_us) {
  state->min_on_us = min_on_us;
  state->min_off_us = min_off_us;
  state->last_us = now_us;
  state->net_us = 0;
  state->count = count;
  state->on = level;
  /* A pulse that is under way began before: it is not counted. */
  state->pulse = level;
}

bool IN_RAM wattle_pulse_edge(wattle_pulse_t *state, bool level, uint32_t now_us) {
  const uint32_t elapsed_us = now_us - state->last_us;
  bool counted = false;
  state->last_us = now_us;
  if (state->on == state->pulse) {
    state->net_us = elapsed_us >= state->net_us ? 0 : state->net_us - elapsed_us;
  } else {
    const uint32_t until_us = state->pulse ? state->min_off_us : state->min_on_us;
    if (elapsed_us >= until_us - state->net_us) {
      state->pulse = state->on;
      state->net_us = 0;
      counted = state->pulse;
    } else {
      state->net_us += elapsed_us;
    }
  }
  state->on = level;
  if (counted) state->count++;
  return counted;
}
