// SPDX-License-Identifier: Apache-2.0
/**
 * A simulated gateway: the consensus machine with a disk, a clock and blocks of its own. It may crash
 * anywhere.
 */
import { blockTimeMs } from "#core/consensus/block-time";
import { findWork } from "#core/consensus/work";
import type { Refusal } from "#core/errors/codes";
import { decisionRecord } from "#core/records/consensus";
import { DECISIONS_AHEAD_MAX } from "#gateway/consensus/future";
import { Machine } from "#gateway/consensus/machine";
import type {
  HeightContext,
  Input,
  Known,
  Message,
  MessageKind,
  Output,
} from "#gateway/consensus/types";
import { type Random, randomStream } from "../../worlds/random.ts";
import type { Loss } from "../plan.ts";
import type { Arena } from "./arena.ts";
import { Disk } from "./disk.ts";
import { TIMEOUTS } from "./timing.ts";
import type { Word } from "./words.ts";
import { auditSimBlock, decodeSimBlock, EASY_TARGET, encodeSimBlock, NET } from "./world.ts";

/** What one try of a nonce takes, ms. */
const TRY_MS = 4;

export class Host {
  readonly index: number;
  readonly disk = new Disk();
  readonly arena: Arena;
  readonly random: Random;
  clockMs: number;
  machine: Machine | undefined;
  /** Blocks are wanted, from time to time. */
  wanting = true;
  private life = 0;
  private pausedUntilMs = 0;
  private backlog: (() => void)[] = [];
  private queue: Input[] = [];
  private busy = false;
  private salt = 0;
  private work = 0;
  /** Crashes after so many outputs more. */
  private armed: { outputs: number; downMs: number; loss: Loss } | undefined;

  constructor(arena: Arena, index: number) {
    this.arena = arena;
    this.index = index;
    this.random = randomStream(arena.plan.seed, 3, index);
    this.clockMs = arena.plan.skewMs[index] ?? 0;
  }

  get up(): boolean {
    return this.machine !== undefined;
  }

  /** Blocks that it has. */
  get height(): number {
    return this.disk.chain.length;
  }

  get nowMs(): number {
    return this.arena.agenda.nowMs + this.clockMs;
  }

  start(): void {
    const { disk, index } = this;
    const { world } = this.arena;
    const { secretKey } = world.keyAt(index, this.height);
    const options = { net: NET, id: world.ids[index], secretKey, timeouts: TIMEOUTS };
    this.machine = new Machine(options, { crypto: world.crypto });
    this.life++;
    const nonce = Uint8Array.from({ length: 16 }, () => this.random.below(256));
    const known: Known = disk.used ? { state: disk.state, nonce } : { fresh: true };
    this.arena.checks.restarts(this);
    this.arena.trace(index, () => `starts at height ${this.height}`);
    this.input({ type: "restart", known, context: this.context() });
    this.wantSoon();
  }

  crash(loss: Loss, downMs: number): void {
    const { life } = this;
    this.arena.trace(this.index, () => `crashes, down ${downMs} ms, loses ${loss}`);
    this.machine = undefined;
    this.armed = undefined;
    this.queue = [];
    this.backlog = [];
    this.pausedUntilMs = 0;
    this.disk.crash(loss);
    this.arena.agenda.in(downMs, () => {
      if (this.life === life && !this.machine) this.start();
    });
  }

  /** Crashes at a boundary of its outputs, and within a second if it has none. */
  arm(outputs: number, downMs: number, loss: Loss): void {
    const armed = { outputs, downMs, loss };
    this.armed = armed;
    this.arena.agenda.in(1000, () => {
      if (this.armed === armed && this.up) this.crash(loss, downMs);
    });
  }

  disarm(): void {
    this.armed = undefined;
  }

  pause(forMs: number): void {
    const { agenda } = this.arena;
    this.pausedUntilMs = Math.max(this.pausedUntilMs, agenda.nowMs + forMs);
    agenda.in(forMs, () => this.resume());
  }

  resume(force = false): void {
    if (!force && this.arena.agenda.nowMs < this.pausedUntilMs) return;
    this.pausedUntilMs = 0;
    const { backlog } = this;
    this.backlog = [];
    for (const run of backlog) run();
  }

  receive(word: Word, from: number): void {
    this.when(() => {
      const message = this.arena.words.open(word, from);
      const fault = "type" in message ? this.idle(message, from) : message;
      if (fault) this.arena.count(fault.code);
      else if ("type" in message) this.input({ type: "message", message });
    });
  }

  /** In every other run machines hear only what their sieves let through, as gateways do. */
  private idle(message: Message, from: number): Refusal | undefined {
    const { plan, world } = this.arena;
    if (plan.seed % 2 !== 0 || this.busy) return undefined;
    return this.machine?.sieve.fault(message, world.idsHex[from]);
  }

  /** Says `wanted` within the plan's time, if blocks are wanted then. */
  wantSoon(): void {
    const { agenda, plan } = this.arena;
    const { life } = this;
    agenda.in(this.random.below(plan.wantMs + 1), () => {
      if (life === this.life && this.wanting) this.when(() => this.input({ type: "wanted" }));
    });
  }

  /** Now, or when it is not paused any more; never if it is down then. */
  private when(run: () => void): void {
    const { life } = this;
    const alive = (): void => {
      if (this.up && life === this.life) run();
    };
    if (this.up && this.pausedUntilMs > this.arena.agenda.nowMs) this.backlog.push(alive);
    else alive();
  }

  private later(afterMs: number, run: () => void): void {
    const { life } = this;
    this.arena.agenda.in(afterMs, () => {
      if (life === this.life) this.when(run);
    });
  }

  private input(input: Input): void {
    this.queue.push(input);
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.queue.length > 0 && this.machine) {
        const next = this.queue.shift()!;
        this.arena.trace(this.index, () => inputText(next));
        for (const output of this.machine.take(next)) {
          if (!this.machine || this.cutHere()) break;
          this.act(output);
        }
        // Also behind the last output, before anything else comes in.
        if (this.machine && this.armed?.outputs === 0) this.cutHere();
      }
    } finally {
      this.busy = false;
    }
  }

  private cutHere(): boolean {
    const { armed } = this;
    if (!armed || armed.outputs-- > 0) return false;
    this.crash(armed.loss, armed.downMs);
    return true;
  }

  private act(output: Output): void {
    const { arena, index } = this;
    switch (output.type) {
      case "persist":
        return this.disk.persist(output.state);
      case "send":
        return this.send(output.kind, output.bytes, output.to);
      case "timer": {
        const { kind, height, round, afterMs } = output;
        return this.later(afterMs, () => this.input({ type: "timer", kind, height, round }));
      }
      case "make":
        return this.make(output.height, output.round);
      case "work":
        return this.mine(output);
      case "check":
        return this.check(output);
      case "decide":
        return this.apply(output);
      case "serve":
        return this.serve(output.to, output.fromHeight);
      case "evidence":
        return arena.checks.evidence(index, output.gateway, output.bytes);
      case "disagree":
        return arena.checks.disagreed(index, output.height, output.code);
      case "drop":
        return arena.count(output.code);
    }
  }

  /** To one host by its id, or to all others. */
  send(kind: MessageKind, bytes: Uint8Array, to: string | undefined): void {
    this.arena.say(
      this.index,
      { kind, bytes },
      to === undefined ? undefined : this.arena.world.hostOf(to),
    );
  }

  /** A block on top of its chain, as its clock is; not sound where somebody wants it so. */
  blockOn(height: number, sound = true): { header: Uint8Array; plan: Uint8Array } {
    const last = this.disk.chain[height - 1];
    const atMs = blockTimeMs(1_000_000 + this.nowMs, last?.atMs);
    const salt = this.index * 100_000 + this.salt++;
    const prev = last?.block.id ?? new Uint8Array(0);
    return encodeSimBlock({ height, prev, atMs, leader: this.index, salt, sound });
  }

  protected make(height: number, round: number): void {
    const block = this.blockOn(height);
    const { auditMs } = this.arena.plan;
    this.later(this.random.below(auditMs + 1), () =>
      this.input({ type: "made", height, round, block }),
    );
  }

  private mine({ height, round, seed, target }: Extract<Output, { type: "work" }>): void {
    const work = ++this.work;
    const from = this.random.below(1 << 20);
    const nonce = findWork(this.arena.world.crypto, seed, target, from, 1 << 12);
    if (nonce === undefined) return;
    this.later((nonce - from + 1) * TRY_MS, () => {
      if (work === this.work) this.input({ type: "worked", height, round, nonce });
    });
  }

  private check({ height, block, certified }: Extract<Output, { type: "check" }>): void {
    const last = this.lastOf(height);
    const code = auditSimBlock(
      decodeSimBlock(block),
      last,
      certified ? undefined : 1_000_000 + this.nowMs,
    );
    const { auditMs } = this.arena.plan;
    this.later(this.random.below(auditMs + 1), () =>
      this.input({ type: "checked", height, block: block.id, certified, code }),
    );
  }

  private lastOf(height: number): { id: Uint8Array; atMs: number; height: number } | undefined {
    const last = this.disk.chain[height - 1];
    return last && { id: last.block.id, atMs: last.atMs, height: height - 1 };
  }

  private apply({ height, block, certificate }: Extract<Output, { type: "decide" }>): void {
    const atMs = decodeSimBlock(block)?.atMs ?? 0;
    this.disk.append({ block, atMs, certificate });
    this.arena.decided(this, height, block, certificate);
    const { world } = this.arena;
    const key = world.keyAt(this.index, height);
    if (world.keyAt(this.index, height + 1) !== key) {
      // The new key is for a new machine, which knows what the one before said.
      this.queue = [];
      this.life++;
      this.machine = undefined;
      this.start();
      return;
    }
    this.queue.push({ type: "applied", context: this.context() });
    this.wantSoon();
  }

  private serve(to: string, fromHeight: number): void {
    const { chain } = this.disk;
    for (const { block, certificate } of chain.slice(
      fromHeight,
      fromHeight + DECISIONS_AHEAD_MAX,
    )) {
      const { header, plan } = block;
      this.send("decision", decisionRecord.encode({ header, plan, quorum: certificate }), to);
    }
  }

  private context(): HeightContext {
    const { world, plan } = this.arena;
    const { height } = this;
    const prev = this.disk.chain[height - 1]?.block.id ?? new Uint8Array(0);
    const context = { height, validators: world.setAt(height), prev };
    return plan.leader === "proof-of-work" ? { ...context, target: EASY_TARGET } : context;
  }
}

function inputText(input: Input): string {
  if (input.type === "message") return `hears ${messageText(input.message)}`;
  if (input.type === "timer") return `${input.kind} timer of ${input.height}/${input.round}`;
  if (input.type === "checked") return `audit of ${input.height}: ${input.code}`;
  if (input.type === "made") return `made a block for ${input.height}/${input.round}`;
  return input.type;
}

function messageText(message: Extract<Input, { type: "message" }>["message"]): string {
  const from = message.from.slice(0, 4);
  if (message.type === "vote") {
    const { height, round, phase, code } = message.vote;
    const what = message.block ? message.block.slice(0, 6) : `nil (${code})`;
    return `${phase === 1 ? "prevote" : "precommit"} of ${from} in ${height}/${round}: ${what}`;
  }
  if (message.type === "proposed") {
    const { height, round, validRound } = message.proposal;
    const valid = validRound === undefined ? "" : ` (valid in ${validRound})`;
    return `proposal of ${from} in ${height}/${round}: ${message.block.key.slice(0, 6)}${valid}`;
  }
  if (message.type === "polka") {
    const { height, round } = message.votes[0].vote;
    return `quorum of prevotes from ${from} in ${height}/${round}: ${message.block.key.slice(0, 6)}`;
  }
  if (message.type === "status")
    return `status of ${from}: ${message.status.height}/${message.status.round}`;
  return `${message.type} from ${from} for ${message.quorum.height}/${message.quorum.round}`;
}
