// SPDX-License-Identifier: Apache-2.0
/**
 * Agreement on one block after the other among the gateways of a consortium: Tendermint's rules (Buchman,
 * Kwon, Milosevic 2018, Algorithm 1), as docs/consensus.md has them beside the paper's phases. A pure state
 * machine: inputs go in one at a time, and what comes out has to happen in its order before the next one.
 */
import { checkCertificate } from "#core/consensus/certificate";
import { assert } from "#core/errors/assert";
import type { Quorum } from "#core/records/consensus";
import { proposeTimeout } from "./auditing.ts";
import { evaluate, precommitTimeout, prevoteTimeout } from "./counting.ts";
import { Future } from "./future.ts";
import { Height, Step, type Tools } from "./height.ts";
import { Outbox } from "./outbox.ts";
import { made, startRound, worked } from "./proposing.ts";
import { Recovery } from "./recovery.ts";
import { Repeater, sayAgain, showWay } from "./repeat.ts";
import { restore, wasActive } from "./restore.ts";
import { Sieve } from "./sieve.ts";
import { decodeStored, encodeStored } from "./stored.ts";
import type {
  DecisionMessage,
  HeightContext,
  Input,
  MachineOptions,
  MachinePorts,
  Message,
  Output,
  ProposedMessage,
  QuorumMessage,
  StatusMessage,
  VoteMessage,
} from "./types.ts";
import { Voice } from "./voice.ts";
import { takePolka, takeProposal, takeVote } from "./words.ts";

type Restart = Extract<Input, { type: "restart" }>;
type Timer = Extract<Input, { type: "timer" }>;

export class Machine {
  private readonly tools: Tools;
  private readonly out = new Outbox();
  private readonly voice: Voice;
  private readonly future = new Future();
  private readonly repeater = new Repeater();
  private h: Height | undefined;
  private recovery: Recovery | undefined;
  private wanted = false;
  private told = new Set<string>();
  /** For who opens messages for it: what of them would come to nothing. */
  readonly sieve = new Sieve(() => ({
    height: this.height,
    future: this.future,
    told: this.told,
  }));

  constructor(options: MachineOptions, { crypto }: MachinePorts) {
    const { out } = this;
    this.voice = new Voice(options, crypto, out);
    this.tools = { options, crypto, voice: this.voice, out };
  }

  /** The height that is being agreed on, its round and step, for monitors and tests. */
  get at(): { height: number; round: number; step: number; silent: boolean } {
    const { h } = this;
    if (!h) return { height: 0, round: 0, step: Step.idle, silent: true };
    const silent = this.recovery !== undefined || !h.speaks;
    return { height: h.number, round: h.round, step: h.step, silent };
  }

  /** One turn. The first input is `restart`. */
  take(input: Input): Output[] {
    if (input.type === "restart") this.restart(input);
    else this.route(input, this.height);
    const h = this.height;
    evaluate(h);
    if (this.isWaiting(h)) this.repeater.start(h);
    return this.out.drain(() => encodeStored(this.tools.crypto, this.voice.own));
  }

  private get height(): Height {
    assert(this.h, "CONSENSUS_RESTART", "the first input is restart");
    return this.h;
  }

  private route(input: Exclude<Input, Restart>, h: Height): void {
    if (input.type === "message") return this.hear(input.message, h);
    if (input.type === "applied") return this.begin(input.context);
    if (input.type === "timer") return this.timer(input, h);
    if (input.type === "wanted") return this.want(h);
    if (input.type === "here") return this.sayWhere();
    if (input.height !== h.number || h.step === Step.decided) return;
    if (input.type === "made") {
      if (input.block) made(h, input.round, input.block);
    } else if (input.type === "worked") worked(h, input.round, input.nonce);
    else h.blocks.checked(input.block, input.certified, input.code);
  }

  private restart({ known, context }: Restart): void {
    const { crypto } = this.tools;
    assert(!this.h, "CONSENSUS_RESTART", "twice");
    // That this key has begun to speak is remembered too: without it the next start knows that it forgot.
    if ("fresh" in known) this.out.dirty = true;
    else {
      const own = known.state && decodeStored(crypto, known.state);
      if (own) this.voice.own = own;
      else {
        this.recovery = new Recovery(known.nonce);
        this.voice.own.speaksFrom = Number.MAX_SAFE_INTEGER;
      }
    }
    this.begin(context);
    this.sayWhere();
  }

  /** A height begins. */
  private begin(context: HeightContext): void {
    const before = this.h?.number;
    assert(before === undefined || context.height === before + 1, "CONSENSUS_HEIGHT");
    this.wanted = false;
    this.told = new Set();
    this.voice.begin(context.height);
    const h = new Height(context, this.tools);
    this.h = h;
    this.recover(h);
    if (wasActive(h)) restore(h);
    for (const word of this.future.takeWords()) this.hear(word, h);
    const decision = this.future.takeDecision(h.number);
    if (decision) this.hearDecision(decision, h);
    const ahead = h.certificate ? undefined : this.future.ahead(h.number);
    if (ahead !== undefined) this.sayWhere(ahead);
  }

  private want(h: Height): void {
    // Who only looks on has no say in when there is a block.
    if (h.place < 0) return;
    this.wanted = true;
    if (h.step !== Step.idle) return;
    // The leader may have nothing itself, and not know that somebody has.
    if (h.byWork || h.set.leader(h.number, 0) !== h.place) this.sayWhere();
    this.activate(h);
  }

  private activate(h: Height): void {
    if (h.step === Step.idle) startRound(h, 0);
  }

  /** Whether something has to come: a decision, blocks that others have, answers. */
  private isWaiting(h: Height): boolean {
    if (h.broken) return false;
    if (this.recovery || this.future.ahead(h.number) !== undefined) return true;
    return h.step !== Step.idle && h.step !== Step.decided;
  }

  private timer({ kind, height, round }: Timer, h: Height): void {
    if (kind === "repeat") return this.repeat(h, round);
    if (height !== h.number || round !== h.round || h.broken) return;
    if (kind === "propose") proposeTimeout(h);
    else if (kind === "window") h.windowOver = true;
    else if (kind === "show") h.rounds.at(round).late = true;
    else if (kind === "prevote") prevoteTimeout(h);
    else precommitTimeout(h);
  }

  private repeat(h: Height, sequence: number): void {
    if (!this.repeater.fired(h, sequence, this.isWaiting(h))) return;
    this.sayWhere();
    sayAgain(h);
    showWay(h);
  }

  /** Where this gateway is; to all, or to one. `answer`: to the question that named it. */
  private sayWhere(to?: string, answer?: Uint8Array): void {
    const h = this.height;
    const { round, step } = h;
    // What is decided here is not applied yet: the next height has not begun.
    const wants = this.wanted || (step !== Step.idle && step !== Step.decided) ? 1 : 0;
    const ask = to === undefined ? this.recovery?.nonce : undefined;
    this.voice.status({ height: h.number, round, wants, ask, answer }, to);
  }

  private hear(message: Message, h: Height): void {
    if (message.from === this.voice.idHex && message.type !== "vote") return;
    if (message.type === "status") return this.hearStatus(message, h);
    if (message.type === "decision") return this.hearDecision(message, h);
    if (message.type === "quorum") return this.hearQuorum(message, h);
    if (message.type === "polka") {
      if (takePolka(h, message)) this.activate(h);
    } else this.hearWord(message, h);
  }

  private hearWord(message: VoteMessage | ProposedMessage, h: Height): void {
    const { height } = message.type === "vote" ? message.vote : message.proposal;
    const { out } = this;
    if (height < h.number || (height === h.number && h.step === Step.decided))
      return out.drop(message.from, "HEIGHT_PAST", `${height}`);
    if (height > h.number) {
      this.seenAhead(message.from, height, h);
      const next = height === h.number + 1;
      if (!next || !this.future.keep(message))
        out.drop(message.from, "HEIGHT_FUTURE", `${height}, at ${h.number}`);
      return;
    }
    const taken =
      message.type === "vote"
        ? takeVote(h, message, this.told)
        : takeProposal(h, message, this.told);
    if (taken) this.activate(h);
  }

  /** Somebody is at a later height: it is asked for the decisions between. */
  private seenAhead(from: string, height: number, h: Height): void {
    this.future.seenAt(from, height);
    if (height === h.number + 1 && h.step === Step.decided) return;
    if (this.future.isToAsk(h.number)) this.sayWhere(from);
  }

  private hearStatus({ status, from, publicKey }: StatusMessage, h: Height): void {
    const { height, round, wants, ask } = status;
    if (ask) this.sayWhere(from, ask);
    if (this.recovery) {
      this.recovery.heard(from, status);
      this.recover(h);
    }
    if (height < h.number) this.out.push({ type: "serve", to: from, fromHeight: height });
    else if (height > h.number) this.seenAhead(from, height, h);
    else if (wants === 1) {
      const place = h.set.indexOfKey(from, publicKey);
      if (place < 0) return;
      if (round > h.rounds.heard[place]) h.rounds.heard[place] = round;
      this.activate(h);
    }
  }

  private hearQuorum({ quorum, block, from }: QuorumMessage, h: Height): void {
    const { height } = quorum;
    if (height > h.number) return this.seenAhead(from, height, h);
    if (!this.certifies(quorum, block, from, h)) return;
    if (!h.blocks.get(block)) this.sayWhere(from);
  }

  private hearDecision({ quorum, block, from }: DecisionMessage, h: Height): void {
    const { height } = quorum;
    if (height > h.number) {
      this.future.keepDecision({ type: "decision", quorum, block, from }, h.number);
      return this.seenAhead(from, height, h);
    }
    if (!this.certifies(quorum, block.key, from, h)) return;
    h.blocks.add(block, quorum.round);
    this.future.helped(from, height);
  }

  /** Whether this decides the present height; it is kept as its certificate. */
  private certifies(quorum: Quorum, block: string, from: string, h: Height): boolean {
    const { height, header: headerHash } = quorum;
    if (height < h.number || h.step === Step.decided) {
      this.out.drop(from, "HEIGHT_PAST", `${height}`);
      return false;
    }
    if (h.certificate) return h.certificate.block === block;
    if (h.distrusted.has(from)) {
      this.out.drop(from, "QUORUM_INVALID", "it showed a false one");
      return false;
    }
    const { net } = this.tools.options;
    const expected = { net, height: h.number, headerHash };
    const verdict = checkCertificate(this.tools.crypto, h.set, quorum, expected);
    if (!verdict.ok) {
      h.distrusted.add(from);
      this.out.drop(from, verdict.code, verdict.detail);
      return false;
    }
    h.certificate = { quorum, block };
    return true;
  }

  /** Speaks again once it is known from where on nothing can be said twice. */
  private recover(h: Height): void {
    const { voice } = this;
    const from = this.recovery?.speaksFrom(h.set, voice.idHex, h.number);
    if (from === undefined) return;
    voice.own.speaksFrom = from;
    this.recovery = undefined;
    this.out.dirty = true;
  }
}
