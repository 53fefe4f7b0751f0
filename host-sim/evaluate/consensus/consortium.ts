// SPDX-License-Identifier: Apache-2.0
/** A consortium on virtual time: links, transactions that arrive, and what is timed. */

import { type Validator, ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import type { MessageKind, Output } from "#gateway/consensus/types";
import { Agenda } from "../../agenda.ts";
import { seededKey } from "../../setup.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import { NET } from "./blocks.ts";
import type { Costs } from "./costs.ts";
import { Gateway } from "./gateway.ts";
import type { Setup } from "./setup.ts";
import { Words } from "./words.ts";

/** Transactions that a link lost are sent again after this, ms. */
const AGAIN_MS = 1000;

/** What came out of a run. */
export interface Outcome {
  setup: Setup;
  /** Blocks that all that are up have. */
  heights: number;
  /** Virtual time, ms. */
  tookMs: number;
  /** From the first wish for a block to its decision, by gateway and block; and by block, at the last one. */
  blockMs: number[];
  lastMs: number[];
  /** When the first gateway decided each block. */
  decidedMs: number[];
  /** From a transaction's arrival at its gateway to its block's decision there. */
  finalMs: number[];
  arrived: number;
  /** Rounds that blocks took beyond the first. */
  rounds: number;
  /** Consensus messages and their bytes, each counted for each receiver, until the last block. */
  messages: Record<string, number>;
  bytes: number;
  /** Votes and proposals that gateways made, each once however often it was said. */
  words: { vote: number; proposed: number };
  lost: number;
  refused: Record<string, number>;
  /** How long the busiest gateway was busy with the consensus and with transactions, ms. */
  consensusMs: number;
  intakeMs: number;
}

/** Runs a piece of work that is called `label`; calibration times it. */
export type Watch = <T>(label: string, work: () => T) => T;

export interface Ports {
  crypto: Crypto;
  costs: Costs;
  watch?: Watch;
}

export class Consortium {
  readonly setup: Setup;
  readonly crypto: Crypto;
  readonly costs: Costs;
  readonly watch: Watch;
  readonly agenda = new Agenda();
  readonly set: ValidatorSet;
  readonly words: Words;
  readonly random: Random;
  readonly gateways: Gateway[];
  private readonly outcome: Omit<Outcome, "heights" | "tookMs" | "consensusMs" | "intakeMs">;
  /** When a block of each height was first wanted, and the block that was decided. */
  private readonly wantedMs: number[] = [];
  private readonly keys: string[] = [];
  private readonly deciders: number[] = [];
  /** When the transactions of each gateway arrived. */
  private readonly arrivals: number[][];
  private readonly loss: Random;
  private readonly said = new WeakSet<Uint8Array>();
  /** When the last transactions of each link arrive: they keep their order. */
  private readonly linkMs = new Map<number, number>();

  constructor(setup: Setup, { crypto, costs, watch }: Ports) {
    this.setup = setup;
    this.crypto = crypto;
    this.costs = costs;
    this.watch = watch ?? ((_, work) => work());
    this.random = randomStream(setup.seed, 21);
    this.loss = randomStream(setup.seed, 22);
    const secrets = new Map<string, Uint8Array>();
    const validators = Array.from({ length: setup.gateways }, (_, i): Validator => {
      const secretKey = seededKey(crypto, setup.seed, "gateway", i);
      const publicKey = crypto.publicKey(secretKey);
      secrets.set(publicKey.toString(), secretKey);
      return { id: nodeIdOf(crypto, publicKey), publicKey };
    });
    this.set = new ValidatorSet(validators, setup.rule);
    const keysOf = (id: string): Uint8Array[] => {
      const place = this.set.indexOf(id);
      return place < 0 ? [] : [this.set.list[place].publicKey];
    };
    this.words = new Words({ net: NET, crypto, keysOf }, watch === undefined);
    this.gateways = this.set.list.map(
      ({ publicKey }, place) => new Gateway(this, place, secrets.get(publicKey.toString())!),
    );
    this.arrivals = this.gateways.map(() => []);
    this.outcome = {
      ...{ setup, blockMs: [], lastMs: [], decidedMs: [], finalMs: [], arrived: 0, rounds: 0 },
      ...{ messages: {}, bytes: 0, words: { vote: 0, proposed: 0 }, lost: 0, refused: {} },
    };
  }

  run(): Outcome {
    const { agenda, setup, gateways } = this;
    for (const gateway of gateways) {
      const late = setup.silent.includes(gateway.place);
      if (!late) agenda.in(0, () => gateway.start());
      else if (setup.silentUntilMs < setup.endMs)
        agenda.in(setup.silentUntilMs, () => this.join(gateway));
    }
    if (setup.perSecond > 0) this.nextArrival();
    const goal = (): boolean =>
      gateways.every(({ up, height }) => !up || height >= setup.heights) &&
      gateways.some(({ up }) => up);
    while (!goal() && agenda.step(setup.endMs));
    const up = gateways.filter((gateway) => gateway.up);
    return {
      ...this.outcome,
      heights: Math.min(...up.map(({ height }) => height)),
      tookMs: agenda.nowMs,
      consensusMs: Math.max(...up.map(({ consensusUs }) => consensusUs)) / 1000,
      intakeMs: Math.max(...up.map(({ intakeUs }) => intakeUs)) / 1000,
    };
  }

  /** Somebody who was silent has what the others have of transactions, and begins. */
  private join(gateway: Gateway): void {
    for (const { known } of this.gateways)
      known.forEach((position, place) => {
        gateway.known[place] = Math.max(gateway.known[place], position);
      });
    gateway.start();
  }

  private nextArrival(): void {
    const { agenda, random, setup, gateways } = this;
    const afterMs = (-1000 * Math.log(1 - random.next())) / setup.perSecond;
    agenda.in(afterMs, () => {
      const up = gateways.filter((gateway) => gateway.up);
      if (up.length > 0) {
        this.outcome.arrived++;
        up[random.below(up.length)].collect();
      }
      this.nextArrival();
    });
  }

  /** Transactions are checked and durable at their gateway, which sends them to the others. */
  collected(place: number, arrivedMs: readonly number[]): void {
    const { agenda, gateways, loss, setup, linkMs } = this;
    const arrivals = this.arrivals[place];
    for (const atMs of arrivedMs) arrivals.push(atMs);
    const upTo = arrivals.length;
    for (const other of gateways) {
      if (other.place === place) continue;
      let atMs = agenda.nowMs + setup.delayMs;
      while (setup.lossPermille > 0 && loss.below(1000) < setup.lossPermille) atMs += AGAIN_MS;
      const link = place * gateways.length + other.place;
      atMs = Math.max(atMs, linkMs.get(link) ?? 0);
      linkMs.set(link, atMs);
      agenda.in(atMs - agenda.nowMs, () => {
        if (other.up) other.receive(place, arrivedMs.length, upTo);
      });
    }
  }

  /** A word to one gateway, or to all others. */
  say(from: number, kind: MessageKind, bytes: Uint8Array, to: string | undefined): void {
    const { agenda, gateways, loss, outcome, set, setup } = this;
    const word = { kind, bytes, from: set.idHexAt(from) };
    if ((kind === "vote" || kind === "proposed") && !this.said.has(bytes)) outcome.words[kind]++;
    this.said.add(bytes);
    const targets = to === undefined ? gateways : [gateways[set.indexOf(to)]];
    for (const target of targets) {
      if (!target || target.place === from) continue;
      outcome.messages[kind] = (outcome.messages[kind] ?? 0) + 1;
      outcome.bytes += bytes.length;
      if (setup.lossPermille > 0 && loss.below(1000) < setup.lossPermille) outcome.lost++;
      else agenda.in(setup.delayMs, () => target.hear(word));
    }
  }

  wanted(height: number): void {
    this.wantedMs[height] ??= this.agenda.nowMs;
  }

  decided(
    gateway: Gateway,
    height: number,
    key: string,
    round: number,
    before: readonly number[],
    after: readonly number[],
  ): void {
    const { agenda, arrivals, deciders, gateways, keys, outcome, wantedMs } = this;
    keys[height] ??= key;
    assert(keys[height] === key, "EVALUATE_CHAIN", `two blocks at ${height}`);
    const tookMs = agenda.nowMs - wantedMs[height];
    outcome.blockMs.push(tookMs);
    if (deciders[height] === undefined) {
      outcome.rounds += round;
      outcome.decidedMs.push(agenda.nowMs);
    }
    deciders[height] = (deciders[height] ?? 0) + 1;
    if (deciders[height] === gateways.filter(({ up }) => up).length) outcome.lastMs.push(tookMs);
    const { place } = gateway;
    for (let i = before[place]; i < after[place]; i++)
      outcome.finalMs.push(agenda.nowMs - arrivals[place][i]);
  }

  refused(code: string): Output[] {
    const { refused } = this.outcome;
    refused[code] = (refused[code] ?? 0) + 1;
    return [];
  }
}

export function runConsortium(setup: Setup, ports: Ports): Outcome {
  return new Consortium(setup, ports).run();
}
