// SPDX-License-Identifier: Apache-2.0
/*
 * What the firmware needs of the chip beside the SDK's modules: uptime, why it started, entropy, and a
 * watchdog that the application feeds. The SDK's main loop feeds the task watchdog by itself, whatever the
 * application does; this one has a user of its own (esp_task_wdt_add_user), which only progress feeds.
 */
#include <stdint.h>
#include <string.h>

#include "bootloader_random.h"
#include "esp_heap_caps.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "driver/uart.h"

static esp_task_wdt_user_handle_t progress;

/* Milliseconds since the chip started; 64 bits inside, so that it does not wrap. */
double wattle_uptime_ms(void) { return (double)(esp_timer_get_time() / 1000); }

/* esp_reset_reason_t as a number. */
int32_t wattle_reset_reason(void) { return (int32_t)esp_reset_reason(); }

/* One line to the console's UART, as far as it is open; for what is said right before the machine ends. */
void wattle_print(char *line) {
  if (!uart_is_driver_installed(UART_NUM_0)) return;
  uart_write_bytes(UART_NUM_0, line, strlen(line));
  uart_write_bytes(UART_NUM_0, "\r\n", 2);
  uart_wait_tx_done(UART_NUM_0, pdMS_TO_TICKS(100));
}

void wattle_restart(void) { esp_restart(); }

/* Free heap outside the XS machine, and the least there ever was, bytes. */
uint32_t wattle_heap_free(void) { return heap_caps_get_free_size(MALLOC_CAP_8BIT); }
uint32_t wattle_heap_least(void) { return heap_caps_get_minimum_free_size(MALLOC_CAP_8BIT); }

/* Starts the progress watchdog: no feeding for `timeout_ms` restarts the chip. 0, or an esp_err_t. */
int32_t wattle_watchdog_start(uint32_t timeout_ms) {
  esp_task_wdt_config_t config = {.timeout_ms = timeout_ms, .idle_core_mask = 0, .trigger_panic = true};
  esp_err_t error = esp_task_wdt_init(&config);
  if (error == ESP_ERR_INVALID_STATE) error = esp_task_wdt_reconfigure(&config);
  if (error == ESP_OK && !progress) error = esp_task_wdt_add_user("wattle", &progress);
  return (int32_t)error;
}

void wattle_watchdog_feed(void) {
  if (progress) esp_task_wdt_reset_user(progress);
}

/* Wi-Fi stays awake between beacons: the meter has mains power, and a sleeping modem misses keepalives. */
int32_t wattle_wifi_awake(void) { return (int32_t)esp_wifi_set_ps(WIFI_PS_NONE); }

/*
 * Fills `length` bytes at `offset`. The hardware generator is a true one only while the radio or the
 * bootloader's entropy source (the SAR ADC) runs: `radio` says that Wi-Fi is on, else the latter is switched
 * on for the call (ESP-IDF: random number generation).
 */
int32_t wattle_entropy(uint8_t *buffer, uint32_t offset, uint32_t length, uint32_t radio) {
  if (!radio) bootloader_random_enable();
  esp_fill_random(buffer + offset, length);
  if (!radio) bootloader_random_disable();
  return 0;
}
