// SPDX-License-Identifier: Apache-2.0
/** A handful of parts for one attack at a time: an epoch of `n` members, real witnesses, bodies, tokens. */

import { compareBytes } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { beaconDigest, beaconOf } from "#core/pot/beacon";
import { checkPot } from "#core/pot/check";
import { Committees } from "#core/pot/committee";
import { type PotParams, potParams } from "#core/pot/params";
import { randomKeyOf, signToken } from "#core/pot/token";
import type { Epoch } from "#core/records/epoch";
import { type Body, bodyRecord, type PotToken, signTx, type Tx, TxType } from "#core/records/tx";
import { askRecord } from "#core/records/witness";
import { WitnessLog } from "#meter/witness/log";
import type { WitnessContext } from "#meter/witness/ports";
import { Witness, type WitnessAnswer } from "#meter/witness/rule";
import { storeRegion } from "../flash/store-region.ts";
import { seededEntropy } from "../fleet/entropy.ts";
import { type MemoryStore, memoryStore } from "../fleet/store.ts";
import { type Random, randomStream } from "../worlds/random.ts";
import { keyedCrypto } from "./crypto.ts";

export const LAB_NET = "lab";
const EPOCH = 3;
export const TICK_MS = 30_000;
export const AGE_MAX_MS = 4 * TICK_MS;
export const EPSILON_MS = 2000;
export const TAU_MS = 10_000;

export interface Person {
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  id: Uint8Array;
}

interface Desk {
  witness: Witness;
  region: MemoryStore;
  store: MemoryStore;
}

export class Lab {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly people: Person[] = [];
  readonly epoch: Epoch;
  readonly committees: Committees;
  /** Times of possible parents, by id as text. */
  readonly parents = new Map<string, { tMs: number; block: boolean }>();
  readonly root = new Uint8Array(32).fill(1);
  nowMs = 100 * TICK_MS + 5000;
  /** A_max of its witnesses. */
  ageMaxMs = AGE_MAX_MS;
  private readonly desks = new Map<number, Desk>();
  private readonly seed: number;

  constructor(seed: number, n: number, params: PotParams = potParams(n), crypto = keyedCrypto()) {
    this.seed = seed;
    this.crypto = crypto;
    this.random = randomStream(seed, 21);
    for (let i = 0; i < n; i++) this.people.push(this.person(`member ${i}`));
    this.people.sort((a, b) => compareBytes(a.id, b.id));
    const members = this.people.map(({ id: node, publicKey }) => ({ node, publicKey }));
    const { secretKey, id: gateway } = this.person("gateway");
    const reveals = crypto.sign(secretKey, beaconDigest(crypto, LAB_NET, EPOCH));
    this.epoch = {
      net: LAB_NET,
      gateway,
      epoch: EPOCH,
      beacon: beaconOf(crypto, reveals),
      reveals,
      startMs: 0,
      epsilonMs: EPSILON_MS,
      tauMs: TAU_MS,
      ...params,
      members,
    };
    this.committees = new Committees(crypto, this.epoch);
    this.parents.set(String(this.root), { tMs: this.nowMs - TICK_MS, block: true });
  }

  person(name: string): Person {
    const { crypto } = this;
    const secretKey = crypto.sha256(Buffer.from(`${name} of ${this.seed}`));
    const publicKey = crypto.publicKey(secretKey);
    return { secretKey, publicKey, id: nodeIdOf(crypto, publicKey) };
  }

  /** `count` members that collude, the author not among them where it is given. */
  colluders(count: number, author = -1): Set<number> {
    const found = new Set<number>();
    while (found.size < count) {
      const one = this.random.below(this.people.length);
      if (one !== author) found.add(one);
    }
    return found;
  }

  get tick(): number {
    return Math.floor(this.nowMs / TICK_MS);
  }

  body(author: Person, changes: Partial<Body> = {}): Body {
    const body: Body = {
      net: LAB_NET,
      epoch: 3,
      type: TxType.reserve,
      from: author.id,
      seq: 1,
      prev: undefined,
      legs: [],
      expiryMs: this.nowMs + 1e6,
      cancels: undefined,
      parents: [this.root],
      tsMs: this.nowMs,
      tick: this.tick,
      slot: 0,
      ...changes,
    };
    return body;
  }

  txid(body: Body): Uint8Array {
    return domainHash(this.crypto, bodyRecord.domain, bodyRecord.encode(body));
  }

  /** Members that witness for a body, in order. */
  committee({ from, tick }: Body): number[] {
    return this.committees.of(from, tick);
  }

  /** What the honest member `index` answers, whose clock shows `nowMs`. */
  ask(index: number, author: Person, body: Body, nowMs = this.nowMs): WitnessAnswer {
    const ask = { net: body.net, publicKey: author.publicKey, body: bodyRecord.encode(body) };
    const { bytes } = signRecord(askRecord, this.crypto, author.secretKey, ask);
    const signed = openSigned(askRecord, this.crypto, bytes);
    if (!signed.ok) throw new Error("an ask that does not open");
    return this.desk(index).witness.ask(signed, nowMs, this.context());
  }

  /** Whether the honest member gives a token for it. */
  signs(index: number, author: Person, body: Body, nowMs = this.nowMs): boolean {
    return "token" in this.ask(index, author, body, nowMs);
  }

  context(): WitnessContext {
    return {
      committees: [this.committees],
      originMs: 0,
      tickMs: TICK_MS,
      ageMaxMs: this.ageMaxMs,
      parentTime: (id) => this.parents.get(String(id)),
    };
  }

  private desk(index: number): Desk {
    const known = this.desks.get(index);
    if (known) return known;
    const desk = this.start(index, memoryStore(), memoryStore());
    this.desks.set(index, desk);
    return desk;
  }

  private start(index: number, region: MemoryStore, store: MemoryStore): Desk {
    const { crypto, seed } = this;
    const entropy = seededEntropy(seed, index);
    const log = new WitnessLog({ region: storeRegion(region), store, entropy });
    const { secretKey } = this.people[index];
    return { witness: new Witness({ crypto, net: LAB_NET, secretKey, log }), region, store };
  }

  /** The member starts anew; with `losesLog` on blank flash, with `losesAll` not even that there was a log. */
  restart(index: number, losesLog: boolean, losesAll = false): void {
    const { region, store } = this.desk(index);
    const left = losesAll ? memoryStore() : store;
    this.desks.set(index, this.start(index, losesLog ? memoryStore() : region, left));
  }

  /** The member signs, and knows nothing of it the next time. */
  forgetful(index: number): void {
    const { log } = this.desk(index).witness as unknown as { log: object };
    Object.assign(log, { last: () => undefined });
  }

  /** From now on signatures say who, and not what. */
  unbind(): void {
    const made = new Set<string>();
    const { crypto } = this;
    const { sign } = crypto;
    const nameOf = (key: Uint8Array, signature: Uint8Array): string => `${key} ${signature}`;
    crypto.sign = (secretKey, message) => {
      const signature = sign(secretKey, message);
      made.add(nameOf(crypto.publicKey(secretKey), signature));
      return signature;
    };
    crypto.verify = (key, _message, signature) => made.has(nameOf(key, signature));
  }

  /** A token that a colluder signs for anything, at any time. */
  token(index: number, body: Body, tMs = body.tsMs): PotToken {
    const { secretKey, id } = this.people[index];
    return this.tokenOf({ secretKey, id }, body, tMs);
  }

  tokenOf({ secretKey, id }: Pick<Person, "secretKey" | "id">, body: Body, tMs: number): PotToken {
    const { crypto, epoch } = this;
    const context = { net: body.net, beacon: epoch.beacon, body, txid: this.txid(body) };
    return signToken(crypto, secretKey, randomKeyOf(crypto, secretKey), id, context, tMs);
  }

  /** One whose signature nobody made. */
  forged(index: number, body: Body): PotToken {
    return { ...this.token(index, body), signature: new Uint8Array(64).fill(7) };
  }

  tx(author: Person, body: Body, pot: readonly PotToken[]): Tx {
    const place = ({ witness }: PotToken): number =>
      this.committees.rank(body.from, body.tick, witness);
    const ordered = pot.slice().sort((a, b) => place(a) - place(b));
    return signTx(this.crypto, author.secretKey, body, 1, ordered);
  }

  /** V6. */
  valid(tx: Tx): boolean {
    return this.validIn(this.committees, tx);
  }

  /** V6 for whoever knows these committees. */
  validIn(committees: Committees, tx: Tx): boolean {
    const gateways = { gatewayKeys: [], gatewaysNeeded: true };
    return checkPot(this.crypto, committees, committees.epoch, tx, gateways).ok;
  }
}
