// SPDX-License-Identifier: Apache-2.0
/**
 * The firing range: one live gateway with honest meters that trade among themselves, members that
 * the test plays, and the account of what must have come of every message.
 */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { type Code, codeOfWire, WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { configRecord } from "#core/records/member";
import { openMemoryStore } from "#node/store/memory";
import { crypto, LocalArea, named, openReceipt, worldOf } from "../helpers/local-area.ts";
import { Attacker, type Shot, TICK_MS, type Vertex } from "./attacker.ts";
import type { Rng } from "./rng.ts";

/**
 * Two sellers and two buyers whose energy is the same in every slot: they are matched with each
 * other.
 */
export const HONEST_WH = [-1000, -600, 700, 900] as const;
export const HONEST_TRADED_WH = 1600;
export const SLOT_MS = 3_600_000;
const SHOTS_PER_TURN = 200;
const VERTICES_KEPT = 4000;

/** A key whose node comes first in the order in which the market pairs sellers and buyers. */
function firstKey(home: number): Uint8Array {
  for (let n = 0; ; n++) {
    const key = named(`honest ${home} ${n}`);
    if (toHex(nodeIdOf(crypto, crypto.publicKey(key))).startsWith("00")) return key;
  }
}

export class Range {
  readonly local: LocalArea;
  readonly rng: Rng;
  readonly attackers: Attacker[] = [];
  readonly counts = { valid: 0, mutated: 0, garbage: 0, honest: 0 };
  readonly expected = new Map<Code, number>();
  /** Possible parents, as they were accepted. */
  readonly vertices: Vertex[] = [];
  /** Answers that came down, by node id. */
  readonly refusals = new Map<string, { seq: number; code: Code }[]>();
  readonly configs = new Map<string, Code | undefined>();
  private magazine: Shot[] = [];
  private held: { topic: string; payload: Uint8Array }[] = [];
  private registers = new Map<string, [bigint, bigint]>();

  constructor(rng: Rng, slots: number, attackers: number, admitted: Iterable<Uint8Array>) {
    this.rng = rng;
    const keys = HONEST_WH.map((_, home) => firstKey(home));
    for (let i = 0; this.attackers.length < attackers; i++) {
      const attacker = new Attacker(`attacker ${i}`, this.attackers.length < attackers / 2);
      if (!attacker.id.startsWith("00")) this.attackers.push(attacker);
    }
    const admit = new Set([...admitted].map(toHex));
    for (const key of keys) admit.add(toHex(crypto.publicKey(key)));
    for (const { publicKey } of this.attackers) admit.add(toHex(publicKey));
    this.local = new LocalArea({
      world: worldOf(
        HONEST_WH.map((wh) => new Array<number>(slots).fill(wh)),
        10_000,
        SLOT_MS / 1000,
      ),
      secretKey: (home) => keys[home],
      options: {
        admit,
        expectNodes: HONEST_WH.length + attackers,
        tickMs: TICK_MS,
        ageMaxMs: SLOT_MS,
      },
      store: openMemoryStore(),
      up: (home, topic, payload) => this.honestSays(home, topic, payload),
    });
    this.local.bus.attach(["wattle/1/a/node/+/down/+"], (topic, payload) =>
      this.answered(topic, payload),
    );
  }

  get area() {
    return this.local.gateway.area;
  }

  get world() {
    return this.area.world;
  }

  /**
   * The first honest seller paces the slots: its order and its SOLD wait until the test lets them
   * go.
   */
  private honestSays(home: number, topic: string, payload: Uint8Array): boolean {
    this.counts.honest++;
    const settling = this.area.oldestRun()?.phase === "settle";
    if (home !== 0 || !(topic.endsWith("/order") || (topic.endsWith("/tx") && settling)))
      return true;
    this.held.push({ topic, payload });
    return false;
  }

  /** Whether the slot waits for nothing but the pacing node. */
  get paced(): boolean {
    return this.held.length > 0;
  }

  async release(): Promise<void> {
    await this.turn();
    for (const { topic, payload } of this.held.splice(0))
      this.local.bus.publish(topic, payload, { retain: false });
    await this.local.settle();
  }

  private answered(topic: string, payload: Uint8Array): void {
    const [, node, kind] = /node\/(\w+)\/down\/(\w+)$/.exec(topic)!;
    if (kind === "receipt") {
      const list = this.refusals.get(node) ?? [];
      for (const { seq, code } of openReceipt(payload).refused)
        list.push({ seq, code: codeOfWire(code)! });
      this.refusals.set(node, list);
    } else if (kind === "config") {
      const opened = openSigned(configRecord, crypto, payload);
      assert.ok(opened.ok);
      const { code } = opened.value;
      this.configs.set(node, code === 0 ? undefined : codeOfWire(code)!);
    }
  }

  /** Loads one message; the magazine is fired when it is full. */
  async fire(shot: Shot): Promise<void> {
    this.magazine.push(shot);
    if (this.magazine.length >= SHOTS_PER_TURN) await this.turn();
  }

  /** Fires what is loaded and checks what must hold after every turn. */
  async turn(): Promise<void> {
    const shots = this.magazine;
    this.magazine = [];
    for (const { topic, payload, code, blockCode, form } of shots) {
      this.counts[form]++;
      for (const expected of [code, blockCode])
        if (expected) this.expected.set(expected, (this.expected.get(expected) ?? 0) + 1);
      this.local.gateway.deliver(topic, payload);
    }
    await this.local.settle();
    this.check();
  }

  private check(): void {
    const { state } = this.local;
    state.assertConserved();
    for (const [id, { importMwh, exportMwh }] of state.accounts) {
      const [imported, exported] = this.registers.get(id) ?? [0n, 0n];
      assert.ok(importMwh >= imported && exportMwh >= exported, `registers of ${id} went back`);
      this.registers.set(id, [importMwh, exportMwh]);
    }
    for (const [code, count] of this.expected) {
      if (code === "WALLET_FOREIGN" || WIRE[code] >= WIRE.LEGS) continue; // of a block
      assert.equal(this.area.counters.byCode.get(code), count, `${code} in this turn`);
    }
    for (const attacker of this.attackers) {
      const session = this.area.sessions.get(attacker.id);
      if (!session) continue;
      const found = { saidSeq: session.saidSeq, txSeq: session.txSeq };
      const foreseen = { saidSeq: attacker.seq, txSeq: attacker.txSeq };
      assert.deepEqual(found, foreseen, `${attacker.name}: the gateway answered otherwise`);
    }
  }

  /** One or two parents earlier than `tsMs` and not too old; sealed blocks where there are none. */
  parents(tsMs: number): { ids: Uint8Array[]; tMs: number } {
    const found: Vertex[] = [];
    const forgottenMs = this.forgottenMs();
    for (let i = 0; i < 12 && found.length < 2 && this.vertices.length > 0; i++) {
      const vertex = this.vertices[this.rng.below(this.vertices.length)];
      if (vertex.tMs < forgottenMs) continue;
      if (vertex.tMs < tsMs && tsMs - vertex.tMs <= SLOT_MS && !found.includes(vertex))
        found.push(vertex);
    }
    const blocks = this.area.dag.sealedBlocks().map(({ idBytes, tMs }) => ({ id: idBytes, tMs }));
    if (found.length === 0) found.push(blocks.find(({ tMs }) => tMs < tsMs) ?? blocks[0]);
    found.sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));
    const tMs = found.reduce((latest, parent) => Math.max(latest, parent.tMs + 1), tsMs);
    return { ids: found.map(({ id }) => id), tMs };
  }

  /** What the gateway has sealed before this instant cannot be a parent any more. */
  private forgottenMs(): number {
    return this.area.chain.head!.header.atMs - 2 * SLOT_MS;
  }

  accepted(vertex: Vertex): void {
    this.vertices.push(vertex);
    if (this.vertices.length > VERTICES_KEPT) this.vertices.splice(0, VERTICES_KEPT / 2);
  }

  /** A transaction that is too old to be a parent at `tsMs`, but that the gateway still knows. */
  oldParent(tsMs: number): Uint8Array | undefined {
    const forgottenMs = this.forgottenMs();
    return this.vertices.find(({ tMs }) => tMs < tsMs - SLOT_MS && tMs >= forgottenMs)?.id;
  }
}
