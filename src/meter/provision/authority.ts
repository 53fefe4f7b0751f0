// SPDX-License-Identifier: Apache-2.0
/** The certificate of the authority that signed the broker's: public, and trusted because a person set it. */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { KeyValueStore, Log } from "../ports.ts";
import { TwoSlots } from "./two-slots.ts";

const KEYS: readonly [string, string] = Object.freeze(["tlsca0", "tlsca1"] as const) as [
  string,
  string,
];
/** Bytes of a fingerprint that are shown: who compares it compares with a file that he has. */
const SHOWN_BYTES = 8;

export class AuthorityStore {
  /** DER; undefined where none is stored, or nothing of what is stored can be read. */
  certificate: Uint8Array | undefined;
  private readonly slots: TwoSlots;

  constructor(store: KeyValueStore, log: Log) {
    this.slots = new TwoSlots(store, KEYS);
    const { value, damaged } = this.slots;
    if (value instanceof Uint8Array && value.length > 0) this.certificate = value;
    if (damaged > 0) log(value === undefined ? "error" : "warn", "authority-damaged", { damaged });
  }

  /** Replaces it: until the new one is whole in the store, the old one holds. */
  save(certificate: Uint8Array): void {
    this.slots.save(certificate);
    this.certificate = certificate;
  }

  /** Forgets it, in both slots: an empty one is none. */
  clear(): void {
    this.certificate = undefined;
    if (this.slots.value === undefined && this.slots.damaged === 0) return;
    this.slots.save(new Uint8Array(0));
    this.slots.save(new Uint8Array(0));
  }
}

/** Sixteen hex digits of the certificate's SHA-256. */
export function fingerprintOf(crypto: Pick<Crypto, "sha256">, certificate: Uint8Array): string {
  return toHex(crypto.sha256(certificate).slice(0, SHOWN_BYTES));
}
