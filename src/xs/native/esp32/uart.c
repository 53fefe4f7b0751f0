// SPDX-License-Identifier: Apache-2.0
/*
 * A UART with the driver's ring buffer. The SDK's serial io reads the 128-byte hardware FIFO and knows only
 * 8N1: a P1 telegram would overflow it while a signature is made, and the CSE7766 and old P1 meters send
 * even parity.
 */
#include <stdint.h>

#include "driver/uart.h"

/*
 * Opens `port` on the pins (-1: not used). `bits` 7 or 8, `parity` 0 none, 1 odd, 2 even, `stop` 1 or 2,
 * `inverted`: the received line is inverted (P1), `direction`: the pin that switches an RS-485 driver, or -1.
 * 0, or an esp_err_t.
 */
int32_t wattle_uart_open(int32_t port, int32_t transmit, int32_t receive, int32_t baud, int32_t bits,
                         int32_t parity, int32_t stop, int32_t inverted, int32_t direction,
                         uint32_t buffer_bytes) {
  const uart_config_t config = {
      .baud_rate = baud,
      .data_bits = bits == 7 ? UART_DATA_7_BITS : UART_DATA_8_BITS,
      .parity = parity == 2 ? UART_PARITY_EVEN : parity == 1 ? UART_PARITY_ODD : UART_PARITY_DISABLE,
      .stop_bits = stop == 2 ? UART_STOP_BITS_2 : UART_STOP_BITS_1,
      .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
      .source_clk = UART_SCLK_DEFAULT,
  };
  esp_err_t error = uart_driver_install(port, buffer_bytes, 0, 0, NULL, 0);
  if (error != ESP_OK) return error;
  error = uart_param_config(port, &config);
  if (error == ESP_OK) error = uart_set_pin(port, transmit, receive, direction, UART_PIN_NO_CHANGE);
  if (error == ESP_OK && inverted) error = uart_set_line_inverse(port, UART_SIGNAL_RXD_INV);
  if (error == ESP_OK && direction >= 0) error = uart_set_mode(port, UART_MODE_RS485_HALF_DUPLEX);
  if (error != ESP_OK) uart_driver_delete(port);
  return error;
}

/* Bytes that were received and not read. */
int32_t wattle_uart_waiting(int32_t port) {
  size_t waiting = 0;
  return uart_get_buffered_data_len(port, &waiting) == ESP_OK ? (int32_t)waiting : 0;
}

/* Reads up to `length` bytes without waiting; how many there were. */
int32_t wattle_uart_read(int32_t port, uint8_t *buffer, uint32_t length) {
  return uart_read_bytes(port, buffer, length, 0);
}

/* Writes all bytes (requests of a few bytes: they fit the hardware's FIFO). How many were written. */
int32_t wattle_uart_write(int32_t port, uint8_t *buffer, uint32_t offset, uint32_t length) {
  return uart_write_bytes(port, buffer + offset, length);
}

void wattle_uart_close(int32_t port) { uart_driver_delete(port); }
