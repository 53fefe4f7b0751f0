// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway of the evaluation: the real consensus machine behind one processor, which does one thing after
 * the other and takes its time for each. It collects transactions, sends them to the others, and makes and
 * audits blocks of them.
 */
import { toHex } from "#core/codec/bytes";
import type { ProposedBlock } from "#core/consensus/block-id";
import { easiestTarget, findWork } from "#core/consensus/work";
import { BLOCK_TXS_MAX } from "#core/limits";
import { decisionRecord } from "#core/records/consensus";
import { DECISIONS_AHEAD_MAX } from "#gateway/consensus/future";
import { Machine } from "#gateway/consensus/machine";
import type { Block, HeightContext, Input, MessageKind, Output } from "#gateway/consensus/types";
import { CountedCrypto, type Operations } from "../smartchain/costs.ts";
import { encodeBlock, NET, positionsOf } from "./blocks.ts";
import type { Consortium } from "./consortium.ts";
import { WORK_MS, WORK_TRIES } from "./setup.ts";
import type { Word } from "./words.ts";

/** What the processor does next: how long it takes, and what comes of it then. */
type Job = () => { us: number; done: () => void };
type Check = Extract<Output, { type: "check" }>;

/** Tries that a search for work may take; it then gives up, which nobody has seen. */
const TRIES_MAX = 1 << 14;

export class Gateway {
  readonly place: number;
  readonly id: Uint8Array;
  readonly idHex: string;
  /** Transactions of each gateway that are here. */
  readonly known: number[];
  /** How long it was busy, µs: with the consensus and its blocks, and with transactions that arrive. */
  consensusUs = 0;
  intakeUs = 0;
  private readonly consortium: Consortium;
  private readonly secretKey: Uint8Array;
  private readonly crypto: CountedCrypto;
  private machine: Machine | undefined;
  private jobs: Job[] = [];
  private busy = false;
  private readonly chain: { block: Block; certificate: Uint8Array }[] = [];
  /** What the chain holds of each gateway's transactions. */
  private held: number[];
  private decidedMs = Number.NEGATIVE_INFINITY;
  private dueHeight = -1;
  private asked: { height: number; round: number } | undefined;
  private checks: Check[] = [];
  /** When transactions arrived that are not looked at yet. */
  private arrivedMs: number[] = [];
  private search = 0;

  constructor(consortium: Consortium, place: number, secretKey: Uint8Array) {
    const { list } = consortium.set;
    this.consortium = consortium;
    this.place = place;
    this.id = list[place].id;
    this.idHex = toHex(this.id);
    this.secretKey = secretKey;
    this.crypto = new CountedCrypto(consortium.crypto);
    this.known = list.map(() => 0);
    this.held = list.map(() => 0);
  }

  get height(): number {
    return this.chain.length;
  }

  get up(): boolean {
    return this.machine !== undefined;
  }

  start(): void {
    const { timeouts } = this.consortium.setup;
    const { id, secretKey, crypto } = this;
    this.machine = new Machine({ net: NET, id, secretKey, timeouts }, { crypto });
    this.input("restart", { type: "restart", known: { fresh: true }, context: this.context() });
    this.want();
  }

  /** A message of the consensus. */
  hear(word: Word): void {
    if (!this.up) return;
    this.queue(() => this.turn(word.kind, word));
  }

  /** A transaction of a node of this gateway. Those that wait are looked at together, with one commit. */
  collect(): void {
    const { agenda, costs } = this.consortium;
    if (this.arrivedMs.push(agenda.nowMs) > 1) return;
    this.queue(() => {
      const arrived = this.arrivedMs;
      this.arrivedMs = [];
      const us = arrived.length * costs.intakeUs + costs.commitUs + costs.signUs;
      this.intakeUs += us;
      const done = (): void => {
        const { place, consortium } = this;
        this.known[place] += arrived.length;
        consortium.collected(place, arrived);
        this.learnt();
      };
      return { us, done };
    });
  }

  /** Transactions of another gateway. */
  receive(from: number, count: number, upTo: number): void {
    const { costs } = this.consortium;
    this.queue(() => {
      const us = count * costs.intakeUs + costs.verifyUs;
      this.intakeUs += us;
      const done = (): void => {
        this.known[from] = Math.max(this.known[from], upTo);
        this.learnt();
      };
      return { us, done };
    });
  }

  /** There are transactions that were not there before. */
  learnt(): void {
    this.want();
    this.make();
    this.audit();
  }

  private queue(job: Job): void {
    this.jobs.push(job);
    this.work();
  }

  private work(): void {
    if (this.busy) return;
    const job = this.jobs.shift();
    if (!job) return;
    this.busy = true;
    const { us, done } = job();
    this.consortium.agenda.in(us / 1000, () => {
      this.busy = false;
      done();
      this.work();
    });
  }

  private input(label: string, input: Input): void {
    this.queue(() => this.turn(label, input));
  }

  /** One turn of the machine: what it does is known at once, and happens when its time is over. */
  private turn(label: string, what: Input | Word): ReturnType<Job> {
    const { costs, watch, words } = this.consortium;
    const { crypto, machine } = this;
    crypto.hashes = crypto.signs = crypto.verifies = 0;
    let opening: Operations | undefined;
    const outputs = watch(label, (): Output[] => {
      if (!("bytes" in what)) return machine!.take(what);
      const { message, operations } = words.open(what);
      opening = operations;
      if (!("type" in message)) return this.consortium.refused(message.code);
      return machine!.take({ type: "message", message });
    });
    const signs = crypto.signs + (opening?.signs ?? 0);
    const verifies = crypto.verifies + (opening?.verifies ?? 0);
    // The block that was decided is durable before anybody is told; and the state before it is sent.
    const commits = outputs.filter(({ type }) => type === "persist" || type === "decide").length;
    const beside = costs.turnUs[label] ?? 0;
    const us = beside + signs * costs.signUs + verifies * costs.verifyUs + commits * costs.commitUs;
    this.consensusUs += us;
    const done = (): void => {
      for (const output of outputs) this.act(output);
    };
    return { us, done };
  }

  private act(output: Output): void {
    const { agenda } = this.consortium;
    switch (output.type) {
      case "send":
        return this.consortium.say(this.place, output.kind, output.bytes, output.to);
      case "timer": {
        const { kind, height, round, afterMs } = output;
        return agenda.in(afterMs, () =>
          this.input("timer", { type: "timer", kind, height, round }),
        );
      }
      case "make":
        this.asked = output;
        return this.make();
      case "check":
        this.checks.push(output);
        return this.audit();
      case "work":
        return this.mine(output);
      case "decide":
        return this.decided(output);
      case "serve":
        return this.serve(output.to, output.fromHeight);
      case "persist":
        return;
      default:
        this.consortium.refused("code" in output ? String(output.code) : output.type);
    }
  }

  /** Something is there for a block. */
  private get pending(): boolean {
    if (this.consortium.setup.perSecond === 0) return true;
    return this.known.some((position, place) => position > this.held[place]);
  }

  /** Says once for each height that a block is wanted, when the interval is over. */
  private want(): void {
    const { agenda, setup } = this.consortium;
    const { height } = this;
    if (!this.up || this.dueHeight === height || !this.pending) return;
    this.dueHeight = height;
    agenda.in(this.decidedMs + setup.intervalMs - agenda.nowMs, () => {
      if (this.height !== height) return;
      this.consortium.wanted(height);
      this.input("wanted", { type: "wanted" });
    });
  }

  private make(): void {
    const { asked } = this;
    if (asked?.height !== this.height || !this.pending) return;
    const { height, round } = asked;
    this.asked = undefined;
    this.queue(() => {
      const { positions, txs } = this.candidate();
      const block = this.encode(positions, txs);
      const done = (): void => this.input("made", { type: "made", height, round, block });
      return { us: this.executionUs(txs), done };
    });
  }

  private executionUs(txs: number): number {
    const { blockUs, executeUs } = this.consortium.costs;
    const us = blockUs + txs * executeUs;
    this.consensusUs += us;
    return us;
  }

  /** All that is here, up to what a block may hold. */
  private candidate(): { positions: number[]; txs: number } {
    let txs = 0;
    const positions = this.held.map((position, place) => {
      const more = Math.min(this.known[place] - position, BLOCK_TXS_MAX - txs);
      txs += more;
      return position + more;
    });
    return { positions, txs };
  }

  private encode(positions: number[], txs: number): ProposedBlock {
    const { crypto, set, agenda } = this.consortium;
    const { height, id: leader } = this;
    const prev = this.chain[height - 1]?.block.id;
    const ids = set.list.map(({ id }) => id);
    return encodeBlock(crypto, ids, { height, prev, leader, atMs: agenda.nowMs, txs }, positions);
  }

  /** Audits what waits for it, as far as the transactions that it needs have come. */
  private audit(): void {
    const waiting: Check[] = [];
    for (const check of this.checks) {
      const { height, block, certified } = check;
      if (height !== this.height) continue;
      const positions = positionsOf(block.plan);
      if (positions.some((position, place) => position > this.known[place])) {
        waiting.push(check);
        continue;
      }
      const txs = positions.reduce((sum, position, place) => sum + position - this.held[place], 0);
      const audited = { type: "checked", height, block: block.id, certified, code: 0 } as const;
      const done = (): void => this.input("checked", audited);
      this.queue(() => ({ us: this.executionUs(txs), done }));
    }
    this.checks = waiting;
  }

  /** Tries nonces as fast as the setup says; the processor has other cores for it. */
  private mine({ height, round, seed, target }: Extract<Output, { type: "work" }>): void {
    const { agenda, crypto, random, setup } = this.consortium;
    const search = ++this.search;
    const from = random.below(1 << 20);
    const nonce = findWork(crypto, seed, target, from, TRIES_MAX);
    if (nonce === undefined) return;
    const tryMs = (WORK_MS * setup.gateways) / WORK_TRIES;
    agenda.in((nonce - from + 1) * tryMs, () => {
      if (search === this.search) this.input("worked", { type: "worked", height, round, nonce });
    });
  }

  private decided({
    height,
    block,
    quorum,
    certificate,
  }: Extract<Output, { type: "decide" }>): void {
    const before = this.held;
    this.held = positionsOf(block.plan);
    this.chain.push({ block, certificate });
    this.decidedMs = this.consortium.agenda.nowMs;
    this.asked = undefined;
    this.search++;
    this.consortium.decided(this, height, block.key, quorum.round, before, this.held);
    this.input("applied", { type: "applied", context: this.context() });
    this.want();
  }

  private serve(to: string, fromHeight: number): void {
    const some = this.chain.slice(fromHeight, fromHeight + DECISIONS_AHEAD_MAX);
    for (const { block, certificate } of some) {
      const { header, plan } = block;
      const kind: MessageKind = "decision";
      const bytes = decisionRecord.encode({ header, plan, quorum: certificate });
      this.consortium.say(this.place, kind, bytes, to);
    }
  }

  private context(): HeightContext {
    const { set, setup } = this.consortium;
    const { height } = this;
    const prev = this.chain[height - 1]?.block.id ?? new Uint8Array(0);
    const context = { height, validators: set, prev };
    if (setup.leader !== "proof-of-work") return context;
    return { ...context, target: easiestTarget() / BigInt(WORK_TRIES) };
  }
}
