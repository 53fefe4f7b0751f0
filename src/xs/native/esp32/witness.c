// SPDX-License-Identifier: Apache-2.0
/*
 * The partition of the witness log. The SDK's Flash class finds partitions of type `data` only; this one has
 * a type of its own (devices/<board>/partitions.csv), so that nothing of ESP-IDF takes it for its own.
 */
#include <stdint.h>

#include "esp_partition.h"

#define WITNESS_TYPE 0x57
#define WITNESS_SUBTYPE 0x01
#define SECTOR_BYTES 4096

static const esp_partition_t *witness(void) {
  static const esp_partition_t *found;
  if (!found) found = esp_partition_find_first((esp_partition_type_t)WITNESS_TYPE, WITNESS_SUBTYPE, NULL);
  return found;
}

/* Bytes of the partition; 0 where the partition table has none. */
uint32_t wattle_witness_size(void) { return witness() ? witness()->size : 0; }

/* 0, or an esp_err_t. */
int32_t wattle_witness_read(uint32_t at, uint8_t *bytes, uint32_t length) {
  return witness() ? esp_partition_read(witness(), at, bytes, length) : ESP_ERR_NOT_FOUND;
}

int32_t wattle_witness_write(uint32_t at, uint8_t *bytes, uint32_t offset, uint32_t length) {
  return witness() ? esp_partition_write(witness(), at, bytes + offset, length) : ESP_ERR_NOT_FOUND;
}

int32_t wattle_witness_erase(uint32_t sector) {
  const esp_partition_t *log = witness();
  return log ? esp_partition_erase_range(log, sector * SECTOR_BYTES, SECTOR_BYTES) : ESP_ERR_NOT_FOUND;
}
