// SPDX-License-Identifier: Apache-2.0
/*
 * Pulse counters on GPIO pins of an ESP32. ESP-IDF's service hands each pin's interrupt to its handler, which
 * runs from RAM, so that no pulse is lost while flash is written (a sector takes up to 400 ms). For that the
 * service must be installed here, with ESP_INTR_FLAG_IRAM: a board with S0 lines has no other user of the
 * service that is not in RAM, in particular no SDK Digital with `onReadable`.
 *
 * Counts are kept in RTC memory over every restart but a power cut, so that pulses of the time before the
 * restart that are in no stored register yet are not lost. Those during the restart itself are.
 */
#include "pulse-esp32.h"

#include "driver/gpio.h"
#include "esp_attr.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "hal/gpio_ll.h"
#include "pulse.h"

#define NO_PIN (-1)
/* Stands before each kept count; RTC memory holds anything after a power cut. */
#define KEPT_MAGIC 0x53304354u

typedef struct {
  int32_t pin;
  bool active_low;
  wattle_pulse_t filter;
} counter_t;

typedef struct {
  uint32_t magic;
  int32_t pin;
  uint32_t count;
  /* All bits of the count the other way round. */
  uint32_t check;
} kept_t;

static counter_t counters[WATTLE_PULSE_COUNTERS] = {
    {.pin = NO_PIN}, {.pin = NO_PIN}, {.pin = NO_PIN}, {.pin = NO_PIN}};
static RTC_NOINIT_ATTR kept_t kept[WATTLE_PULSE_COUNTERS];
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static bool service_installed = false;

/* Within the lock: the clock must not be read before another call that then comes first. */
static inline bool IRAM_ATTR settle(counter_t *counter) {
  const bool level = (gpio_ll_get_level(&GPIO, counter->pin) != 0) != counter->active_low;
  return wattle_pulse_edge(&counter->filter, level, (uint32_t)esp_timer_get_time());
}

static inline void IRAM_ATTR keep(int32_t handle) {
  const uint32_t count = counters[handle].filter.count;
  kept[handle].count = count;
  kept[handle].check = ~count;
}

static void IRAM_ATTR on_edge(void *argument) {
  const int32_t handle = (int32_t)(intptr_t)argument;
  portENTER_CRITICAL_ISR(&lock);
  if (counters[handle].pin != NO_PIN && settle(&counters[handle])) keep(handle);
  portEXIT_CRITICAL_ISR(&lock);
}

static int32_t free_counter(int32_t pin) {
  int32_t handle = -1;
  for (int32_t i = 0; i < WATTLE_PULSE_COUNTERS; i++) {
    if (counters[i].pin == pin) return -1;
    if (counters[i].pin == NO_PIN) {
      const bool same = kept[i].magic == KEPT_MAGIC && kept[i].pin == pin;
      if (handle < 0 || same) handle = i;
    }
  }
  return handle;
}

static uint32_t kept_count(int32_t handle, int32_t pin) {
  kept_t *slot = &kept[handle];
  const bool good = slot->magic == KEPT_MAGIC && slot->pin == pin && slot->check == ~slot->count;
  if (!good) {
    slot->pin = pin;
    slot->count = 0;
    slot->check = ~0u;
    slot->magic = KEPT_MAGIC;
  }
  return slot->count;
}

int32_t wattle_pulse_open(int32_t pin, uint32_t min_on_us, uint32_t min_off_us, int32_t active_low) {
  if (!GPIO_IS_VALID_GPIO(pin) || min_on_us == 0 || min_off_us == 0) return -1;
  const int32_t handle = free_counter(pin);
  if (handle < 0) return -1;
  if (!service_installed) {
    if (gpio_install_isr_service(ESP_INTR_FLAG_IRAM) != ESP_OK) return -1;
    service_installed = true;
  }
  const gpio_config_t config = {
      .pin_bit_mask = 1ULL << pin,
      .mode = GPIO_MODE_INPUT,
      .pull_up_en = active_low ? GPIO_PULLUP_ENABLE : GPIO_PULLUP_DISABLE,
      .pull_down_en = active_low ? GPIO_PULLDOWN_DISABLE : GPIO_PULLDOWN_ENABLE,
      .intr_type = GPIO_INTR_ANYEDGE,
  };
  if (gpio_config(&config) != ESP_OK) return -1;

  counter_t *counter = &counters[handle];
  const uint32_t count = kept_count(handle, pin);
  const bool level = (gpio_get_level(pin) != 0) != (active_low != 0);
  portENTER_CRITICAL(&lock);
  counter->active_low = active_low != 0;
  wattle_pulse_start(&counter->filter, min_on_us, min_off_us, count, level, (uint32_t)esp_timer_get_time());
  counter->pin = pin;
  portEXIT_CRITICAL(&lock);
  if (gpio_isr_handler_add(pin, on_edge, (void *)(intptr_t)handle) == ESP_OK) return handle;
  wattle_pulse_close(handle);
  return -1;
}

uint32_t wattle_pulse_read(int32_t handle) {
  if (handle < 0 || handle >= WATTLE_PULSE_COUNTERS || counters[handle].pin == NO_PIN) return 0;
  portENTER_CRITICAL(&lock);
  if (settle(&counters[handle])) keep(handle);
  const uint32_t count = counters[handle].filter.count;
  portEXIT_CRITICAL(&lock);
  return count;
}

void wattle_pulse_close(int32_t handle) {
  if (handle < 0 || handle >= WATTLE_PULSE_COUNTERS || counters[handle].pin == NO_PIN) return;
  const int32_t pin = counters[handle].pin;
  gpio_isr_handler_remove(pin);
  gpio_reset_pin(pin);
  portENTER_CRITICAL(&lock);
  counters[handle].pin = NO_PIN;
  portEXIT_CRITICAL(&lock);
}
