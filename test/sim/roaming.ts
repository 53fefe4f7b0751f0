// SPDX-License-Identifier: Apache-2.0
/**
 * Two areas with a gateway each, and one home whose node goes from one to the other and back. They stand on one
 * line of protocol time: where one runs a slot, so does the other.
 */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { codeOfWire } from "#core/errors/codes";
import { type Arrival, arrivalRecord } from "#core/records/arrival";
import { readingRecord } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { openTx, TxType } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { EntryKind, saidEntry, unpackEntry } from "#gateway/entries";
import type { KeyValueStore } from "#meter/ports";
import { speaksElsewhere } from "#meter/state";
import { crypto, LocalArea, type LocalAreaSetup, named, worldOf } from "../helpers/local-area.ts";
import { SaidWatch } from "../helpers/log-audit.ts";

/** The home whose node roams; the others stay. */
export const ROAMER = 0;
export const SLOTS = 24;
/** More than any run takes. */
const STEPS_MAX = 100_000;

/** Net energy of a home in a slot, Wh: the roamer sells in some slots and buys in others. */
function netWh(home: number, slot: number): number {
  if (home === ROAMER) return slot % 3 === 2 ? 700 + slot : -900 - slot;
  return home === 1 ? 800 + slot : -600 - slot;
}

const ROWS = [0, 1, 2].map((home) => Array.from({ length: SLOTS }, (_, slot) => netWh(home, slot)));

export interface RoamSetup {
  flash: KeyValueStore;
  /** What an area has of its own; `name` is a, b … */
  setup?: (name: string) => Partial<LocalAreaSetup>;
  wallets?: number;
  /** How many there are: two. */
  gateways?: number;
}

export class Roaming {
  readonly areas: readonly LocalArea[];
  /** Everything that the roamer ever sent, to any gateway. */
  readonly sent = new SaidWatch();
  /** The same one by one, with the place of the gateway that it was for. */
  readonly messages: { at: number; topic: string; payload: Uint8Array }[] = [];
  private at = 0;
  private slotsRun = 0;
  private cut = false;

  constructor({ flash, setup, wallets, gateways = 2 }: RoamSetup) {
    this.areas = ["a", "b", "c", "d"].slice(0, gateways).map((name) => {
      const area = new LocalArea({
        world: worldOf(ROWS),
        flash: (home) => (home === ROAMER ? flash : memory()),
        secretKey: (home) => named(home === ROAMER ? "roamer" : `${name} ${home}`),
        wallets,
        reboot: "by hand",
        onCut: () => {
          this.cut = true;
        },
        up: (home, topic, payload) => {
          if (home === ROAMER) this.watch(topic, payload);
          return true;
        },
        options: { secretKey: named(`gateway ${name}`), expectNodes: 2 },
        ...setup?.(name),
      });
      return area;
    });
  }

  /** Both areas with those who stay, and the roamer in the first. */
  async start(): Promise<void> {
    for (const area of this.areas) await area.start([1, 2]);
    this.areas[0].startNode(ROAMER);
    if (this.cut) this.restart();
  }

  get here(): LocalArea {
    return this.areas[this.at];
  }

  get node() {
    return this.here.running[ROAMER]!.node;
  }

  get id(): string {
    return this.here.nodeId(ROAMER);
  }

  /** Goes to the other gateway, or to the one at `at`. */
  roam(at = 1 - this.at): void {
    this.here.stopNode(ROAMER);
    this.at = at;
    this.here.startNode(ROAMER);
    if (this.cut) this.restart();
  }

  /** Both areas settle `slots` more, neither of them a slot ahead of the other. */
  async run(slots: number): Promise<void> {
    this.slotsRun += slots;
    for (let steps = 0; !this.done; steps++) {
      assert.ok(steps < STEPS_MAX, this.areas.map((area) => area.describe()).join("; "));
      await this.step();
    }
  }

  /** As many steps, as far as `slots` more are not over. */
  async steps(count: number, slots: number): Promise<void> {
    const before = this.slotsRun;
    this.slotsRun += slots;
    for (let i = 0; i < count && !this.done; i++) await this.step();
    this.slotsRun = Math.max(before, ...this.areas.map((area) => area.gateway.area.settledSlots));
  }

  /** Each area that is not ahead delivers what is queued; where nothing moves, time goes on. */
  async step(): Promise<void> {
    const settled = this.areas.map((area) => area.gateway.area.settledSlots);
    const slot = Math.min(...settled);
    let moved = false;
    for (const [i, area] of this.areas.entries()) {
      if (settled[i] > slot || settled[i] >= this.slotsRun) continue;
      await area.bus.pump();
      if (this.cut) this.restart();
      await area.gateway.process();
      if (!area.bus.idle) moved = true;
    }
    if (!moved) await this.wait(slot);
  }

  private async wait(slot: number): Promise<void> {
    for (const area of this.areas) {
      const next = area.nextWakeMs();
      if (area.gateway.area.settledSlots > slot || next === undefined) continue;
      await area.advanceTo(next);
      if (this.cut) this.restart();
    }
  }

  private get done(): boolean {
    return this.areas.every((area) => area.gateway.area.settledSlots >= this.slotsRun);
  }

  /** Its power is back. */
  private restart(): void {
    while (this.cut) {
      this.cut = false;
      this.here.startNode(ROAMER);
    }
  }

  private watch(topic: string, payload: Uint8Array): void {
    const [, kind] = /\/up\/(\w+)$/.exec(topic) ?? [];
    if (!kind || kind === "enrol" || kind === "certificate") return;
    const up = upRecord.decode(payload);
    assert.ok(up.ok);
    this.sent.take(kind, up.value.seq, up.value.content);
    this.messages.push({ at: this.at, topic, payload });
  }
}

function memory(): KeyValueStore {
  const entries = new Map<string, Uint8Array>();
  return {
    get: (key) => entries.get(key)?.slice(),
    set: (key, value) => void entries.set(key, value.slice()),
    delete: (key) => void entries.delete(key),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
  };
}

/** What one ledger has of the roamer. */
export interface RoamerLog {
  arrivals: Arrival[];
  /** Numbers, codes of refusals, transactions by number of their chain. */
  seqs: number[];
  refused: string[];
  txs: Map<number, string>;
  /** Addresses of its trades: RESERVEs and legs of SOLDs. */
  wallets: string[];
  /** Stretches of its registers that it sold or bought, mWh. */
  legs: { sold: boolean; fromMwh: bigint; toMwh: bigint }[];
  /** Energy of slots between two of its readings, as the audit counts it, mWh. */
  countedMwh: bigint;
  /** Registers of its readings, import and export. */
  readings: { boundary: number; importMwh: bigint; exportMwh: bigint }[];
}

/** Audits the ledger, which has to be without a fault, and reads what it has of the roamer. */
export function roamerIn(area: LocalArea, id: string): RoamerLog {
  const log: RoamerLog = {
    arrivals: [],
    seqs: [],
    refused: [],
    txs: new Map(),
    wallets: [],
    legs: [],
    countedMwh: 0n,
    readings: [],
  };
  const result = audit(
    area.store.read(),
    { crypto },
    {
      gatewayKey: area.gateway.area.publicKey,
      onNet: ({ node, importMwh, exportMwh }) => {
        if (node === id) log.countedMwh += importMwh + exportMwh;
      },
    },
  );
  assert.deepEqual(result.ok ? [] : result.faults, []);
  for (const { kind, bytes } of area.store.read()) {
    if (kind !== EntryKind.said) continue;
    const { node, seq, kind: what, code, content } = unpackEntry(saidEntry, bytes);
    if (toHex(node) !== id) continue;
    log.seqs.push(seq);
    if (code !== 0) log.refused.push(`${UP_KINDS[what]} ${codeOfWire(code)}`);
    take(log, UP_KINDS[what], code, content);
  }
  return log;
}

function take(log: RoamerLog, kind: string, code: number, content: Uint8Array): void {
  if (kind === "arrival") {
    const opened = openSigned(arrivalRecord, crypto, content);
    assert.ok(opened.ok);
    log.arrivals.push(opened.value);
  } else if (kind === "reading" && code === 0) {
    const opened = openSigned(readingRecord, crypto, content);
    assert.ok(opened.ok);
    const { boundary, importMwh, exportMwh } = opened.value;
    log.readings.push({ boundary, importMwh, exportMwh });
  } else if (kind === "tx") {
    const opened = openTx(crypto, content);
    assert.ok(opened.ok);
    const { txid, body } = opened.tx;
    assert.ok(!log.txs.has(body.seq), `transaction ${body.seq} twice in one ledger`);
    log.txs.set(body.seq, toHex(txid));
    if (body.type !== TxType.bought)
      for (const leg of body.legs) log.wallets.push(toHex(leg.wallet));
    if (code !== 0) return;
    for (const { meter } of body.legs)
      if (meter) log.legs.push({ sold: body.type === TxType.sold, ...meter });
  }
}

/** What must hold of both ledgers, wherever the roamer was and whatever happened to it on the way. */
export function checkBoth(roaming: Roaming): RoamerLog[] {
  const { id, areas } = roaming;
  const logs = areas.map((area) => roamerIn(area, id));
  const numbers = logs.flatMap(({ seqs }) => seqs);
  assert.equal(new Set(numbers).size, numbers.length, "no number is in two ledgers");
  const txs = logs.flatMap((log) => [...log.txs.keys()]);
  assert.equal(new Set(txs).size, txs.length, "no transaction number is in two ledgers");
  const wallets = logs.flatMap((log) => log.wallets);
  assert.equal(new Set(wallets).size, wallets.length, "no address is used twice");
  for (const area of areas) area.state.assertConserved();
  for (const sold of [true, false]) {
    const legs = logs.flatMap((log) => log.legs.filter((leg) => leg.sold === sold));
    legs.sort((a, b) => (a.fromMwh < b.fromMwh ? -1 : 1));
    for (let i = 1; i < legs.length; i++)
      assert.ok(legs[i].fromMwh >= legs[i - 1].toMwh, "no energy is traded twice");
  }
  // Each interval between two readings of one stay, counted once: together no more than the meter shows.
  const { importMwh, exportMwh } = roaming.node.state.registers;
  const counted = logs.reduce((sum, log) => sum + log.countedMwh, 0n);
  assert.ok(counted <= importMwh + exportMwh, `${counted} of ${importMwh + exportMwh} mWh`);
  assert.ok(!speaksElsewhere(roaming.node.state, roaming.here.gateway.area.idBytes));
  return logs;
}
