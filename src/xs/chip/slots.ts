// SPDX-License-Identifier: Apache-2.0
/** The two firmware slots of the chip's flash (native/esp32/flash.c). */
import { Digest } from "crypt";
import type { FirmwareVersion } from "#core/records/release";
import type { FirmwareSlots } from "#meter/update/ports";
import { ffi } from "#xs/device/ffi";
import { firmwareVersion } from "#xs/device/version";

/** Smallest part of the flash that can be erased, bytes. */
const SECTOR_BYTES = 4096;

/** Encrypted flash is written in whole blocks of the cipher, bytes. */
const BLOCK_BYTES = 16;

/** By esp_ota_img_states_t (esp_flash_partitions.h); what is not here says nothing of the running image. */
const BOOT_STATES: Readonly<Record<number, "trial" | "valid">> = Object.freeze({
  1: "trial",
  2: "valid",
});

export function openSlots(): FirmwareSlots {
  return new EspSlots();
}

class EspSlots implements FirmwareSlots {
  readonly slot = ffi().wattle_slot_running();
  readonly running: FirmwareVersion = firmwareVersion();
  readonly bootState = BOOT_STATES[ffi().wattle_slot_state()] ?? "unknown";
  readonly idleBytes = ffi().wattle_slot_size();

  erase(offset: number): boolean {
    return ffi().wattle_slot_erase(offset, SECTOR_BYTES) === 0;
  }

  write(offset: number, bytes: Uint8Array): boolean {
    // A whole chunk goes as it is: a copy of 4 KB would be the largest thing in the machine's memory.
    const whole = bytes.length % BLOCK_BYTES === 0 ? bytes : padded(bytes);
    const buffer = whole.buffer as ArrayBuffer;
    return ffi().wattle_slot_write(offset, buffer, whole.byteOffset, whole.length) === 0;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    // What cannot be read stays 0 and fails the digest.
    ffi().wattle_slot_read(offset, bytes.buffer, length);
    return bytes;
  }

  digest(length: number): Uint8Array {
    const digest = new Digest("SHA256");
    for (let offset = 0; offset < length; offset += SECTOR_BYTES)
      digest.write(this.read(offset, Math.min(SECTOR_BYTES, length - offset)));
    return new Uint8Array(digest.close());
  }

  activate(): boolean {
    return ffi().wattle_slot_activate() === 0;
  }

  confirm(): boolean {
    return ffi().wattle_slot_confirm() === 0;
  }

  rollback(): boolean {
    return ffi().wattle_slot_roll_back() === 0;
  }
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES).fill(0xff);
  whole.set(bytes);
  return whole;
}
