// SPDX-License-Identifier: Apache-2.0
/**
 * Saying things so that they arrive: numbered, stored before sent, sent again until the gateway's signed
 * receipt for exactly these bytes is there. Pauses between repeats back off with full jitter, in real time.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Crypto, Entropy } from "#core/crypto/port";
import { codeOfWire } from "#core/errors/codes";
import { OUTBOX_WINDOW, RESEND_AFTER_MS, RESEND_MAX_MS } from "#core/limits";
import { FIRST_DIGEST, nextDigest, type Receipt, upRecord } from "#core/records/receipt";
import type { Topics, UpKind } from "#core/topics";
import type { Journal, Said } from "./journal.ts";
import type { Log, RealTime, Transport } from "./ports.ts";
import type { NodeState } from "./state.ts";

interface SpeakerPorts {
  crypto: Crypto;
  entropy: Entropy;
  transport: Transport;
  time: RealTime;
  log: Log;
}

export class Speaker {
  /** Whether the gateway has admitted this node on the present connection. */
  open = false;
  private readonly nodeId: string;
  private readonly topics: Topics;
  private readonly journal: Journal;
  private readonly ports: SpeakerPorts;
  private sentSeq = 0;
  private resendAtMs = 0;
  private pauseMs = RESEND_AFTER_MS;

  constructor(nodeId: string, topics: Topics, journal: Journal, ports: SpeakerPorts) {
    this.nodeId = nodeId;
    this.topics = topics;
    this.journal = journal;
    this.ports = ports;
  }

  /** Whether there is no room for one more message: then nothing may be signed that needs a number. */
  get full(): boolean {
    return this.journal.full;
  }

  /** Stores `content` with the state after it and sends it; false where the outbox is full. */
  say(state: NodeState, kind: UpKind, content: Uint8Array): boolean {
    if (this.journal.full) {
      this.ports.log("warn", "outbox-full", { kind });
      return false;
    }
    this.journal.say(state, kind, content);
    this.pump();
    return true;
  }

  /** What waits for its receipt, by number. */
  get outbox(): readonly number[] {
    return this.journal.outbox;
  }

  /** Gives up all that waits; what is said next has number `upTo` + 1, and its digest begins anew. */
  giveUp(state: NodeState, upTo: number): void {
    this.journal.giveUp(state, upTo);
    state.digest = FIRST_DIGEST;
    this.sentSeq = 0;
    this.resendAtMs = 0;
    this.pauseMs = RESEND_AFTER_MS;
  }

  /** What was said under number `seq`, while it waits for its receipt. */
  waiting(seq: number): Said | undefined {
    return this.journal.said(seq);
  }

  /** The connection is new, or the gateway asked: everything un-receipted goes out again. */
  restart(): void {
    this.sentSeq = 0;
    this.pump();
  }

  /** Sends what is due, up to the window. */
  pump(): void {
    if (!this.open) return;
    const { outbox } = this.journal;
    for (let i = 0; i < Math.min(outbox.length, OUTBOX_WINDOW); i++) {
      const seq = outbox[i];
      if (seq <= this.sentSeq) continue;
      this.send(seq);
      this.sentSeq = seq;
    }
    if (outbox.length > 0 && this.resendAtMs === 0) this.schedule();
    if (outbox.length === 0) this.resendAtMs = 0;
  }

  /** Real time until the next repeat, or undefined where nothing waits. */
  delayMs(): number | undefined {
    if (!this.open || this.resendAtMs === 0) return undefined;
    return Math.max(0, this.resendAtMs - this.ports.time.uptimeMs());
  }

  onTimer(): void {
    const delay = this.delayMs();
    if (delay === undefined || delay > 0) return;
    this.ports.log("debug", "resend", { waiting: this.journal.outbox.length });
    this.pauseMs = Math.min(RESEND_MAX_MS, this.pauseMs * 2);
    this.resendAtMs = 0;
    this.restart();
  }

  /**
   * Takes a receipt: everything up to it leaves the outbox, if its digest is over what this node said.
   * @returns false where it is not; then nothing is deleted.
   */
  receipted(state: NodeState, receipt: Pick<Receipt, "upTo" | "digest" | "refused">): boolean {
    if (receipt.upTo <= state.receiptedSeq) return true;
    let digest = state.digest;
    for (const seq of this.journal.outbox) {
      if (seq > receipt.upTo) break;
      const said = this.journal.said(seq);
      if (said) digest = nextDigest(this.ports.crypto, digest, said.content);
    }
    if (receipt.upTo > state.saidSeq || !bytesEqual(digest, receipt.digest)) return false;
    state.receiptedSeq = receipt.upTo;
    state.digest = digest;
    if (state.gateways.length > 0) state.gateways[0].receiptedSeq = receipt.upTo;
    this.journal.receipted(receipt.upTo);
    this.pauseMs = RESEND_AFTER_MS;
    this.resendAtMs = 0;
    for (const { seq, code } of receipt.refused)
      this.ports.log("warn", "refused", { seq, code: codeOfWire(code) ?? code });
    this.pump();
    return true;
  }

  private send(seq: number): void {
    const said = this.journal.said(seq);
    if (!said) return this.ports.log("error", "outbox-unreadable", { seq });
    const payload = upRecord.encode({ seq: said.seq, content: said.content });
    this.ports.transport.publish(this.topics.up(this.nodeId, said.kind), payload, false);
  }

  private schedule(): void {
    this.resendAtMs = this.ports.time.uptimeMs() + jittered(this.ports.entropy, this.pauseMs);
  }
}

/** Full jitter over the pause, so that a thousand meters do not come back at once. */
export function jittered(entropy: Entropy, pauseMs: number): number {
  const jitter = entropy.bytes(2);
  const share = (jitter[0] * 256 + jitter[1]) / 65536;
  const floor = pauseMs === RESEND_AFTER_MS ? RESEND_AFTER_MS : 0;
  return floor + Math.floor(share * pauseMs) + 1;
}
