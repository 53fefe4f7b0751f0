// SPDX-License-Identifier: Apache-2.0
/**
 * The gateways that share the node's ledger: those that it was provisioned with, as changes made them that a
 * quorum of them signed. A node that was off for more changes than gateways show has to be provisioned anew.
 */
import { bytesEqual, compareBytes } from "#core/codec/bytes";
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import type { SignatureItem } from "#core/consensus/certificate";
import { changedGateways, changeItems } from "#core/consensus/changes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { quorumOf, type Voters } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import type { Changed } from "#core/records/certified";
import type { Change } from "#core/records/registry";
import type { NodeConfig } from "./config.ts";
import type { KeyValueStore } from "./ports.ts";
import { sealed, unsealed } from "./sealed.ts";

/** A gateway, by both names that its id has. */
export interface Fellow {
  readonly id: Uint8Array;
  readonly node: Uint8Array;
  readonly publicKey: Uint8Array;
}

const KEY = "gateways";

export class Fellows implements Voters {
  /** Ascending by id, as in certificates. */
  list: readonly Fellow[] = [];
  /** Changes that led to it. */
  version: number;
  readonly net: string;
  private readonly crypto: Crypto;
  private readonly store: KeyValueStore;
  /** Of what it was provisioned with: what was kept beside another list counts no more. */
  private readonly origin: Uint8Array;

  /** `keys`: those that it was provisioned with, at least one. */
  constructor(
    { net, gatewaysVersion }: NodeConfig,
    keys: readonly Uint8Array[],
    crypto: Crypto,
    store: KeyValueStore,
  ) {
    this.net = net;
    this.crypto = crypto;
    this.store = store;
    this.version = gatewaysVersion ?? 0;
    this.take(keys);
    const ids = this.list.map(({ id }) => id);
    this.origin = crypto.sha256(encodeCbor([net, this.version, ...ids])).slice(0, 8);
    this.load();
  }

  get size(): number {
    return this.list.length;
  }

  get quorum(): number {
    return quorumOf(this.size);
  }

  has(publicKey: Uint8Array): boolean {
    return this.list.some((one) => bytesEqual(one.publicKey, publicKey));
  }

  /** What proves that this is the next change, to be checked; a string says why it is not. */
  itemsOf(changed: Changed): { change: Change; items: SignatureItem[] } | string {
    return changeItems(this.crypto, this, this, changed);
  }

  /** The change that came with these signatures is proven. */
  follow(change: Change): void {
    this.take(changedGateways(this.crypto, this.list, change).map(({ publicKey }) => publicKey));
    this.version++;
    const keys = this.list.map(({ publicKey }) => publicKey);
    this.store.set(KEY, sealed(encodeCbor([this.origin, this.version, ...keys])));
  }

  private take(keys: readonly Uint8Array[]): void {
    this.list = keys
      .map((publicKey) => {
        const id = nodeIdOf(this.crypto, publicKey);
        return { id, node: id, publicKey };
      })
      .sort((a, b) => compareBytes(a.id, b.id));
  }

  private load(): void {
    const stored = this.store.get(KEY);
    const body = stored && unsealed(stored);
    const decoded = body && decodeCbor(body);
    if (!decoded || !("value" in decoded) || !Array.isArray(decoded.value)) return;
    const [origin, version, ...keys] = decoded.value as CborValue[];
    if (!(origin instanceof Uint8Array) || !bytesEqual(origin, this.origin)) return;
    const whole = keys.length > 0 && keys.length <= GATEWAYS_MAX;
    if (typeof version !== "number" || !whole || !keys.every(isKey)) return;
    this.version = version;
    this.take(keys.map((key) => (key as Uint8Array).slice()));
  }
}

function isKey(value: CborValue): boolean {
  return value instanceof Uint8Array && value.length === 32;
}
