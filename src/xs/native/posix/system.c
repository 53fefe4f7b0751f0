// SPDX-License-Identifier: Apache-2.0
/* Uptime, UTC and the environment, for the simulator. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Milliseconds of a clock that never jumps. */
double wattle_uptime_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1000 + (double)(now.tv_nsec / 1000000);
}

/* Milliseconds since 1970 by the computer's clock. */
double wattle_utc_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec * 1000 + (double)(now.tv_nsec / 1000000);
}

/* The value of an environment variable, or nothing where it is not set. */
char *wattle_env(char *name) {
  const char *value = getenv(name);
  return strdup(value ? value : "");
}

/* One line to the terminal that the simulator was started from. */
void wattle_print(char *line) { fprintf(stderr, "%s\n", line); }
