// SPDX-License-Identifier: Apache-2.0
/**
 * Values in the key-value store that a power cut may tear: CBOR with a CRC-32 behind it, and two alternating
 * slots of which the newest whole one counts. Replacing is atomic: until the new value is whole, the old one
 * stands in the other slot.
 */
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import type { KeyValueStore } from "../ports.ts";
import { sealed, unsealed } from "../sealed.ts";

/** Writes `value` under `key` with its CRC. */
export function writeSealed(store: KeyValueStore, key: string, value: CborValue[]): void {
  store.set(key, sealed(encodeCbor(value)));
}

/** Why there is no value. */
export type Unread = "missing" | "damaged";

/** What stands under `key`; `damaged` where bytes are there that the CRC is not for. */
export function readSealed(store: KeyValueStore, key: string): CborValue[] | Unread {
  const bytes = store.get(key);
  if (!bytes) return "missing";
  const body = unsealed(bytes);
  if (!body) return "damaged";
  const decoded = decodeCbor(body);
  if ("fault" in decoded || !Array.isArray(decoded.value)) return "damaged";
  return decoded.value as CborValue[];
}

/** One value in two alternating slots. */
export class TwoSlots {
  /** The newest whole value when the slots were opened, then the last one saved; undefined for none. */
  value: CborValue | undefined;
  /** Slots that held something else than a whole value when they were opened. */
  readonly damaged: number;
  private readonly store: KeyValueStore;
  private readonly keys: readonly [string, string];
  /** Counts the writes; its lowest bit says which slot. */
  private count = 0;

  constructor(store: KeyValueStore, keys: readonly [string, string]) {
    this.store = store;
    this.keys = keys;
    let damaged = 0;
    for (const key of keys) {
      const entry = readSealed(store, key);
      if (entry === "missing") continue;
      const count = entry === "damaged" ? undefined : entry[0];
      const value = entry === "damaged" ? undefined : entry[1];
      if (typeof count !== "number" || value === undefined) damaged++;
      else if (this.value === undefined || count > this.count) {
        this.count = count;
        this.value = value;
      }
    }
    this.damaged = damaged;
  }

  /** Stores `value` in the slot that does not hold the newest; durable on return. */
  save(value: CborValue): void {
    this.count++;
    writeSealed(this.store, this.keys[this.count % 2], [this.count, value]);
    this.value = value;
  }
}
