// SPDX-License-Identifier: Apache-2.0
/*
 * The two firmware slots. embedded:update of the SDK writes a whole image in one session and cannot go on
 * after a restart, so the idle slot is written as a partition here; ESP-IDF checks the image again when the
 * boot slot is changed, and its bootloader rolls back a trial that did not confirm itself.
 */
#include <stdint.h>
#include <string.h>

#include "esp_ota_ops.h"
#include "esp_partition.h"

static const esp_partition_t *idle_slot(void) { return esp_ota_get_next_update_partition(NULL); }

/* Number of the slot that runs, 0 or 1; -1 for an image that was flashed to no slot. */
int32_t wattle_slot_running(void) {
  const esp_partition_t *slot = esp_ota_get_running_partition();
  int32_t number = (int32_t)slot->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_0;
  return number == 0 || number == 1 ? number : -1;
}

/* The bootloader's note on the running image (esp_ota_img_states_t), or -1 where it has none. */
int32_t wattle_slot_state(void) {
  esp_ota_img_states_t state;
  if (esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) != ESP_OK) return -1;
  return (int32_t)state;
}

/* Bytes of the idle slot; 0 where the partition table has none. */
uint32_t wattle_slot_size(void) {
  const esp_partition_t *slot = idle_slot();
  return slot ? slot->size : 0;
}

/* 0, or an esp_err_t. Offsets and lengths of an erase are multiples of the 4096-byte sector. */
int32_t wattle_slot_erase(uint32_t offset, uint32_t length) {
  const esp_partition_t *slot = idle_slot();
  return slot ? esp_partition_erase_range(slot, offset, length) : ESP_ERR_NOT_FOUND;
}

int32_t wattle_slot_write(uint32_t at, uint8_t *bytes, uint32_t offset, uint32_t length) {
  const esp_partition_t *slot = idle_slot();
  return slot ? esp_partition_write(slot, at, bytes + offset, length) : ESP_ERR_NOT_FOUND;
}

int32_t wattle_slot_read(uint32_t at, uint8_t *bytes, uint32_t length) {
  const esp_partition_t *slot = idle_slot();
  return slot ? esp_partition_read(slot, at, bytes, length) : ESP_ERR_NOT_FOUND;
}

/*
 * The next start tries the idle slot, once. ESP-IDF verifies the image (and its signature, with secure boot).
 */
int32_t wattle_slot_activate(void) {
  const esp_partition_t *slot = idle_slot();
  return slot ? esp_ota_set_boot_partition(slot) : ESP_ERR_NOT_FOUND;
}

/*
 * The running image worked: it stays. It is also made the one that is started: after a power cut in between,
 * the notes may speak of the other slot.
 */
int32_t wattle_slot_confirm(void) {
  esp_err_t error = esp_ota_set_boot_partition(esp_ota_get_running_partition());
  return error == ESP_OK ? esp_ota_mark_app_valid_cancel_rollback() : error;
}

/* The running image did not work: the one before it starts now. Returns only where that is impossible. */
int32_t wattle_slot_roll_back(void) { return esp_ota_mark_app_invalid_rollback_and_reboot(); }
