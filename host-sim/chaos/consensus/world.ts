// SPDX-License-Identifier: Apache-2.0
/** Keys, sets and blocks of a simulated consortium. Blocks hold just what audits look at. */
import { toHex } from "#core/codec/bytes";
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { checkBlockTime } from "#core/consensus/block-time";
import { type Validator, ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { seededKey } from "../../setup.ts";
import type { Plan } from "../plan.ts";

export const NET = "chaos";
/** How far ahead of a clock a block may be here, ms: clocks are set by up to 2 s. */
export const SKEW_MS = 4000;
/** One hash of sixteen is below it. */
export const EASY_TARGET: bigint = 1n << 252n;

export interface SimKey {
  secretKey: Uint8Array;
  publicKey: Uint8Array;
}

/** A simulated block. */
export interface SimBlock {
  height: number;
  /** Id of the block before; empty at height 0. */
  prev: Uint8Array;
  atMs: number;
  leader: number;
  /** Makes two blocks of one leader two. */
  salt: number;
  /** Nobody who audits finds anything wrong with it. */
  sound: boolean;
}

export class SimWorld {
  readonly plan: Plan;
  readonly crypto: Crypto;
  readonly ids: readonly Uint8Array[];
  readonly idsHex: readonly string[];
  /** Two keys of each host. */
  readonly keys: readonly (readonly SimKey[])[];
  private readonly sets: { fromHeight: number; set: ValidatorSet }[];

  constructor(plan: Plan, crypto: Crypto) {
    this.plan = plan;
    this.crypto = crypto;
    const hosts = plan.gateways + 1;
    const keyOf = (host: number, number: number): SimKey => {
      const secretKey = seededKey(crypto, plan.seed, `gateway-${number}`, host);
      return { secretKey, publicKey: crypto.publicKey(secretKey) };
    };
    this.keys = Array.from({ length: hosts }, (_, host) => [keyOf(host, 0), keyOf(host, 1)]);
    this.ids = this.keys.map(([first]) => nodeIdOf(crypto, first.publicKey));
    this.idsHex = this.ids.map(toHex);
    this.sets = plan.sets.map(({ fromHeight, members }) => {
      const validators: Validator[] = members.map(({ host, key }) => ({
        id: this.ids[host],
        publicKey: this.keys[host][key].publicKey,
      }));
      return { fromHeight, set: new ValidatorSet(validators, plan.rule) };
    });
  }

  /** Hosts that ever take part. */
  get hosts(): number[] {
    const all = new Set(this.plan.sets.flatMap(({ members }) => members.map(({ host }) => host)));
    return [...all].sort((a, b) => a - b);
  }

  setAt(height: number): ValidatorSet {
    let found = this.sets[0].set;
    for (const { fromHeight, set } of this.sets) if (height >= fromHeight) found = set;
    return found;
  }

  /** The key that a host signs with at a height. */
  keyAt(host: number, height: number): SimKey {
    let number = 0;
    for (const { fromHeight, members } of this.plan.sets)
      if (height >= fromHeight) number = members.find((one) => one.host === host)?.key ?? number;
    return this.keys[host][number];
  }

  keysOf(idHex: string): Uint8Array[] {
    const host = this.idsHex.indexOf(idHex);
    return host < 0 ? [] : this.keys[host].map(({ publicKey }) => publicKey);
  }

  hostOf(idHex: string): number {
    return this.idsHex.indexOf(idHex);
  }
}

export function encodeSimBlock(block: SimBlock): { header: Uint8Array; plan: Uint8Array } {
  const { height, prev, atMs, leader, salt, sound } = block;
  return {
    header: encodeCbor([height, prev, atMs, leader]),
    plan: encodeCbor([salt, sound ? 1 : 0]),
  };
}

/** Undefined where the bytes are none. */
export function decodeSimBlock(parts: {
  header: Uint8Array;
  plan: Uint8Array;
}): SimBlock | undefined {
  const header = decodeCbor(parts.header);
  const plan = decodeCbor(parts.plan);
  if ("fault" in header || "fault" in plan) return undefined;
  const [height, prev, atMs, leader] = header.value as [number, Uint8Array, number, number];
  const [salt, sound] = plan.value as [number, number];
  return { height, prev, atMs: Number(atMs), leader, salt, sound: sound === 1 };
}

/** What an audit finds: 0, or a code. `nowMs` undefined: a quorum stands for it. */
export function auditSimBlock(
  block: SimBlock | undefined,
  last: { id: Uint8Array; atMs: number; height: number } | undefined,
  nowMs: number | undefined,
): number {
  if (!block) return WIRE.MALFORMED;
  const height = last ? last.height + 1 : 0;
  if (block.height !== height || toHex(block.prev) !== (last ? toHex(last.id) : ""))
    return WIRE.BLOCK_PREV;
  const time = checkBlockTime(block.atMs, last?.atMs, nowMs, SKEW_MS);
  if (!time.ok) return WIRE[time.code];
  return block.sound ? 0 : WIRE.FIELD_RANGE;
}
