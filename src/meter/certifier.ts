// SPDX-License-Identifier: Apache-2.0
/**
 * Whether what the node's gateway says is the consortium's: a quorum's certificate of a turn stands for the
 * block and the epoch that it names (docs/consensus.md). Signatures are checked one at a time between other
 * things, at a bounded pace, and of the latest certificate only; a chain of headers carries that to what came
 * before.
 */
import { bytesEqual } from "#core/codec/bytes";
import { certifiedBlock, type SignatureItem, voiceItem } from "#core/consensus/certificate";
import { PackedQuorum } from "#core/consensus/packed-quorum";
import { domainHash } from "#core/crypto/domain";
import { assert } from "#core/errors/assert";
import type { Code } from "#core/errors/codes";
import { CHANGES_SHOWN } from "#core/limits";
import type { NamedEpoch } from "#core/pot/epoch-digest";
import { type BlockHeader, headerRecord } from "#core/records/block";
import { type Certified, certifiedRecord, changedRecord } from "#core/records/certified";
import { type Change, changeRecord } from "#core/records/registry";
import { type Turn, turnRecord } from "#core/records/turn";
import { isNothing, type Topics } from "#core/topics";
import type { Fellows } from "./fellows.ts";
import { HeadChain } from "./head-chain.ts";
import type { NodePorts } from "./ports.ts";

/** Between two certificates, ms for each voice: without crypto in C a signature takes a second. */
const VOICE_PAUSE_MS = 60_000;
/** Certificates that are checked at once after a pause: of a start, of an epoch, of what a greeting says. */
const BURST = 3;
/** Blocks of the gateway that may pass, beside the time, without a certificate that fits. */
const HEADS_MAX = 4;
/** Real time between two blocks that counts at most, ms: gateways that cannot agree for hours do not lie. */
const STEP_MS = 900_000;
/** Real time on the gateway's air that may pass, ms: two pauses come on top. */
const HEAD_MS = 1_800_000;
/** The same for a proven balance, which honest gateways show once an hour. */
const BALANCE_MS = 3 * 3_600_000;

/** What has to be certified again and again. */
interface Mark {
  readonly what: string;
  readonly limitMs: number;
  heads: number;
  passedMs: number;
}

/** A certificate, or the proof of a change, whose signatures are being checked. */
interface Task {
  next: number;
  readonly count: number;
  itemAt(index: number): SignatureItem;
  /** All are right. */
  done(): void;
}

export class Certifier {
  readonly fellows: Fellows;
  /** Heights of the ledger up to which a quorum stands for them, and the number of the epoch. */
  balance: number | undefined;
  trade: number | undefined;
  epoch: number | undefined;
  private readonly topics: Topics;
  private readonly net: string;
  private readonly ports: Pick<NodePorts, "crypto" | "time" | "log">;
  private readonly wrong: (code: Code, detail: string) => void;
  private readonly onFellows: () => void;
  private chain = new HeadChain();
  /** The latest block's time, and real time when it came. */
  private headMs = 0;
  private heardMs: number;
  private named: NamedEpoch | undefined;
  /** The latest certificate that is not checked, as it came; of which turn, and by which gateways. */
  private latest: { payload: Uint8Array; height: number; changes: number } | undefined;
  /** Height of the last turn whose certificate was right. */
  private turn = -1;
  private task: Task | undefined;
  /** How far certificates have used up time, each as much as a pause. */
  private spentMs = 0;
  /** Changes that came before the one that they follow, by place. */
  private readonly changes: (Uint8Array | undefined)[] = [];
  private readonly marks: readonly Mark[];

  /** `wrong`: the gateway's word is not the consortium's. */
  constructor(
    { topics, net, fellows }: { topics: Topics; net: string; fellows: Fellows },
    ports: Pick<NodePorts, "crypto" | "time" | "log">,
    wrong: (code: Code, detail: string) => void,
    onFellows: () => void,
  ) {
    this.topics = topics;
    this.net = net;
    this.fellows = fellows;
    this.ports = ports;
    this.wrong = wrong;
    this.onFellows = onFellows;
    this.heardMs = this.nowMs;
    const mark = (what: string, limitMs: number): Mark => {
      return { what, limitMs, heads: 0, passedMs: 0 };
    };
    this.marks = [mark("block", HEAD_MS), mark("balance", BALANCE_MS), mark("epoch", HEAD_MS)];
  }

  private get nowMs(): number {
    return this.ports.time.uptimeMs();
  }

  /** Until the next certificate may be checked. */
  private get restMs(): number {
    return Math.max(0, this.spentMs - (BURST - 1) * this.pauseMs - this.nowMs);
  }

  private get pauseMs(): number {
    return this.fellows.quorum * VOICE_PAUSE_MS;
  }

  get subscriptions(): string[] {
    return [this.topics.certified, this.topics.changed("+")];
  }

  /** The connection is new. What was not certified before stays so: a liar can end connections, too. */
  reconnected(): void {
    this.onFellows();
  }

  private passAll(): void {
    this.heardMs = this.nowMs;
    for (let i = 0; i < this.marks.length; i++) this.pass(i);
  }

  /** Another gateway is there. */
  forget(): void {
    this.chain = new HeadChain();
    this.headMs = 0;
    this.named = undefined;
    this.latest = undefined;
    this.turn = -1;
    this.task = undefined;
    this.spentMs = 0;
    this.balance = undefined;
    this.trade = undefined;
    this.epoch = undefined;
    this.passAll();
  }

  /** What is retained for it; false for anything else. */
  onMessage(topic: string, payload: Uint8Array): boolean {
    if (topic === this.topics.certified) this.onCertified(payload);
    else {
      let place = 0;
      while (place < CHANGES_SHOWN && topic !== this.topics.changed(place)) place++;
      if (place === CHANGES_SHOWN) return false;
      this.changes[place] = this.isAhead(payload) ? payload : undefined;
      this.begin();
    }
    return true;
  }

  /** A block's header of the gateway. */
  onHead(id: Uint8Array, { height, prev, atMs }: BlockHeader): void {
    if (!this.chain.announce({ id, height }, prev))
      return this.wrong("GATEWAY_LEDGER", `two blocks at height ${height}`);
    if (atMs <= this.headMs) return; // of one turn
    this.headMs = atMs;
    const stepMs = Math.min(STEP_MS, this.nowMs - this.heardMs);
    this.heardMs = this.nowMs;
    for (const mark of this.marks) {
      mark.heads++;
      mark.passedMs += stepMs;
    }
    this.judge();
  }

  /** The gateway says, with a proof, what the node owned after this block. */
  onBalance(id: Uint8Array, height: number): void {
    this.claim("balance", id, height);
    // What it stands for may have been certified before it came.
    this.settle();
  }

  /** The gateway says that this block settled the latest trade. */
  onTrade(id: Uint8Array, height: number): void {
    this.claim("trade", id, height);
    this.settle();
  }

  private claim(what: "balance" | "trade", id: Uint8Array, height: number): void {
    if (!this.chain.claim(what, { id, height }))
      this.wrong("GATEWAY_LEDGER", `two blocks at height ${height}`);
  }

  /** The epoch that the gateway says is in force. */
  onEpoch(named: NamedEpoch): void {
    this.named = named;
  }

  private onCertified(payload: Uint8Array): void {
    if (isNothing(payload)) return;
    const opened = certifiedRecord.decode(payload);
    if (!opened.ok || opened.value.net !== this.net)
      return this.wrong("GATEWAY_LEDGER", "no certificate");
    const turn = turnRecord.decode(opened.value.turn);
    if (!turn.ok || turn.value.net !== this.net) return this.wrong("GATEWAY_LEDGER", "no turn");
    const { height } = turn.value;
    if (height <= (this.latest?.height ?? this.turn)) return; // on its way for long
    this.latest = { payload, height, changes: opened.value.changes };
    this.begin();
  }

  onTimer(): void {
    const { task } = this;
    if (!task) return this.begin();
    const { publicKey, message, signature } = task.itemAt(task.next++);
    if (!this.ports.crypto.verify(publicKey, message, signature)) {
      this.task = undefined;
      this.wrong("GATEWAY_LEDGER", "a signature is not its voter's");
    } else if (task.next === task.count) {
      this.task = undefined;
      task.done();
    }
    this.begin();
  }

  /** Real time until it has something to do, or undefined. */
  delayMs(): number | undefined {
    if (this.task) return 0;
    if (this.latest?.changes !== this.fellows.version) return undefined;
    return this.restMs;
  }

  /** The next change of the gateways first; then the latest certificate, if it is time. */
  private begin(): void {
    if (this.task || this.beginChange()) return;
    const { latest, fellows } = this;
    // Of other gateways than these: before a change, or before the proof of one has come.
    if (latest?.changes !== fellows.version || this.restMs > 0) return;
    this.latest = undefined;
    this.spentMs = Math.max(this.spentMs, this.nowMs) + this.pauseMs;
    this.check(latest.payload);
  }

  private check(payload: Uint8Array): void {
    const { fellows } = this;
    const { crypto } = this.ports;
    const opened = certifiedRecord.decode(payload);
    const turn = opened.ok ? turnRecord.decode(opened.value.turn) : undefined;
    assert(opened.ok && turn?.ok, "CERTIFIED"); // as when it came
    const { value: certified } = opened;
    const quorum = PackedQuorum.open(certified.quorum);
    if (!quorum) return this.wrong("GATEWAY_LEDGER", "no quorum");
    const { net, height } = turn.value;
    const expected = { net, height, headerHash: crypto.sha256(certified.turn) };
    const block = certifiedBlock(crypto, fellows, quorum.head, quorum.voters(), expected);
    if (typeof block === "string") return this.wrong("GATEWAY_LEDGER", block);
    const header = this.headerOf(certified, turn.value);
    if (typeof header === "string") return this.wrong("GATEWAY_LEDGER", header);
    this.task = {
      next: 0,
      count: fellows.quorum,
      itemAt: () => voiceItem(crypto, fellows, quorum.head, block, quorum.next()!),
      done: () => this.proven(turn.value, header),
    };
  }

  /** The ledger's header that the turn names; a string says what is wrong with it. */
  private headerOf({ header }: Certified, { ledger }: Turn): BlockHeader | undefined | string {
    if (!ledger) return undefined;
    const id = header && domainHash(this.ports.crypto, headerRecord.domain, header);
    if (!id || !bytesEqual(id, ledger)) return "not the header that the turn names";
    const opened = headerRecord.decode(header);
    return opened.ok ? opened.value : opened.detail;
  }

  /** A quorum stands for this turn: for the block and the epoch that it names. */
  private proven(turn: Turn, header: BlockHeader | undefined): void {
    this.turn = turn.height;
    if (!this.hasEpoch(turn.epoch))
      return this.wrong("GATEWAY_EPOCH", `a quorum signed another epoch ${turn.epoch?.number}`);
    if (!header || !turn.ledger) return;
    const { height, prev } = header;
    const proven = this.chain.prove({ id: turn.ledger, height }, prev);
    if (proven === "other")
      return this.wrong("GATEWAY_LEDGER", `a quorum signed another block at height ${height}`);
    if (proven === "ok") this.pass(0);
    this.settle();
  }

  private settle(): void {
    const balance = this.chain.provenOf("balance") ?? -1;
    if (balance > (this.balance ?? -1)) {
      this.balance = balance;
      this.pass(1);
    }
    this.trade = this.chain.provenOf("trade") ?? this.trade;
  }

  /** False where the gateway says another epoch of this number. */
  private hasEpoch(proven: NamedEpoch | undefined): boolean {
    const { named } = this;
    // One of both may have come first; what never comes is found by its mark.
    if (proven?.number !== named?.number) return true;
    if (proven && named && !bytesEqual(proven.digest, named.digest)) return false;
    this.epoch = proven?.number;
    this.pass(2);
    return true;
  }

  private pass(mark: number): void {
    this.marks[mark].heads = 0;
    this.marks[mark].passedMs = 0;
  }

  /** What has not been certified for too long. */
  private judge(): void {
    for (const { what, heads, passedMs, limitMs } of this.marks) {
      if (heads < HEADS_MAX || passedMs < limitMs + 2 * this.pauseMs) continue;
      this.passAll();
      return this.wrong("GATEWAY_UNCERTIFIED", what);
    }
  }

  /** Whether it is a change that this node has not followed. */
  private isAhead(payload: Uint8Array): boolean {
    const { version } = this.fellows;
    const changed = isNothing(payload) ? undefined : changedRecord.decode(payload);
    const change = changed?.ok ? changeRecord.decode(changed.value.change) : undefined;
    if (!change?.ok || change.value.number <= version) return false;
    if (change.value.number <= version + CHANGES_SHOWN) return true;
    this.ports.log("warn", "gateways-unknown", { known: version, number: change.value.number });
    return false;
  }

  /** Begins to check the next change, if it is there. */
  private beginChange(): boolean {
    const { fellows, changes } = this;
    const place = (fellows.version + 1) % CHANGES_SHOWN;
    const payload = changes[place];
    const changed = payload && changedRecord.decode(payload);
    if (!changed?.ok) return false;
    changes[place] = undefined;
    const found = fellows.itemsOf(changed.value);
    if (typeof found === "string") {
      this.wrong("GATEWAY_LEDGER", `change: ${found}`);
      return false;
    }
    const { items } = found;
    this.task = {
      next: 0,
      count: fellows.quorum,
      itemAt: (index) => items[index],
      done: () => this.changed(found.change),
    };
    return true;
  }

  private changed(change: Change): void {
    const { fellows } = this;
    fellows.follow(change);
    this.ports.log("info", "gateways-changed", { number: change.number, gateways: fellows.size });
    this.onFellows();
  }
}
