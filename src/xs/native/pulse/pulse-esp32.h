// SPDX-License-Identifier: Apache-2.0
/* Pulse counters of an ESP32 by handle: plain functions, for pulse-xs.c or the SDK's FFI. */
#ifndef WATTLE_PULSE_ESP32_H
#define WATTLE_PULSE_ESP32_H

#include <stdint.h>

/* S0 lines of one board: an import and an export meter, and two of a heat pump or a car. */
#define WATTLE_PULSE_COUNTERS 4

/*
 * Counts on `pin` from now on, and from what it had counted before a restart that was no power cut. A handle,
 * or -1 where the pin is none, is in use, or the interrupt service belongs to someone else.
 */
int32_t wattle_pulse_open(int32_t pin, uint32_t min_on_us, uint32_t min_off_us, int32_t active_low);

/* Pulses counted, modulo 2^32; at least once in 71 minutes, or pulses are lost. */
uint32_t wattle_pulse_read(int32_t handle);

void wattle_pulse_close(int32_t handle);

#endif
