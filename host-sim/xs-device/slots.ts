// SPDX-License-Identifier: Apache-2.0
/** Two firmware slots of a board, and its bootloader: images are bytes with a version, and all start. */

import { SlotPost } from "./abi.ts";
import type { SlotIo } from "./machine.ts";

const SLOT_BYTES = 1_441_792;
/** esp_ota_img_states_t. */
const TRIAL = 1;
const VALID = 2;

export class FirmwareFlash implements SlotIo {
  running = 0;
  state = VALID;
  readonly bytes = SLOT_BYTES;
  /** Version of the image that runs. */
  version: string;
  private readonly idle = new Uint8Array(SLOT_BYTES).fill(0xff);
  /** What the idle slot holds, by its owner's word. */
  private readonly next: string;
  private activated = false;

  /** @param next the version of the only image that is ever written */
  constructor(version: string, next = version) {
    this.version = version;
    this.next = next;
  }

  read(offset: number, length: number): Uint8Array {
    return this.idle.subarray(offset, offset + length);
  }

  post(what: number, offset: number, data: Uint8Array | undefined): void {
    if (what === SlotPost.erase) this.idle.fill(0xff, offset, offset + 4096);
    else if (what === SlotPost.write) this.idle.set(data!, offset);
    else if (what === SlotPost.activate) this.activated = true;
    else if (what === SlotPost.confirm) this.state = VALID;
  }

  /** What the bootloader does at a start. */
  boot(): void {
    if (!this.activated) return;
    this.activated = false;
    this.running = 1 - this.running;
    this.version = this.next;
    this.state = TRIAL;
  }
}
