// SPDX-License-Identifier: Apache-2.0
/* Uptime and the environment (Windows), for the simulator. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* Milliseconds of a clock that never jumps. */
double wattle_uptime_ms(void) { return (double)GetTickCount64(); }

/* 100 ns from 1601, where a FILETIME begins, to 1970. */
#define UNIX_EPOCH 116444736000000000ULL

/* Milliseconds since 1970 by the computer's clock. */
double wattle_utc_ms(void) {
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  ULARGE_INTEGER ticks = {.LowPart = now.dwLowDateTime, .HighPart = now.dwHighDateTime};
  return (double)((ticks.QuadPart - UNIX_EPOCH) / 10000);
}

/* The value of an environment variable, or nothing where it is not set. */
char *wattle_env(char *name) {
  const char *value = getenv(name);
  return _strdup(value ? value : "");
}

/* One line to the terminal that the simulator was started from. */
void wattle_print(char *line) { fprintf(stderr, "%s\n", line); }
