// SPDX-License-Identifier: Apache-2.0
/**
 * What a node does about a transaction that nobody approves (ledger 4.3): one of its own, or one that is for
 * it. Older than A_max / 2 no honest member attaches to it any more; then the next thing that this node says
 * approves it, and where nothing is to be said, a PROMOTE does. Whoever approves that approves both.
 *
 * Left alone is what enough members hold valid by their votes, what a block holds, and a PROMOTE itself. What
 * is too old is in the next block all the same. What has no tokens yet is said again by the issuer.
 */
import { type Own, remedyDueMs, remedyFor } from "#core/dag/promote";
import { WATCHED_MAX } from "#core/limits";
import type { Notice } from "#core/records/notice";
import { TxType } from "#core/records/tx";
import type { Attachment } from "./chain.ts";
import type { ProtocolClock } from "./clock.ts";
import type { Intent, Issuer } from "./issuer.ts";
import type { Log } from "./ports.ts";
import type { Speaker } from "./speaker.ts";
import type { NodeState } from "./state.ts";

/** What it needs of the node. */
interface Promoting {
  readonly clock: ProtocolClock;
  readonly speaker: Pick<Speaker, "open" | "full">;
  readonly state: Pick<NodeState, "txMs">;
  readonly slots: { readonly issuer: Pick<Issuer, "busy" | "waits" | "say"> };
}

/** What it asks of what the node knows. */
export interface Standing {
  /** Whether another transaction approves it; undefined where it is not in the DAG any more. */
  approved(txid: Uint8Array): boolean | undefined;
  /** Whether votes or a block have decided on it. */
  decided(txid: Uint8Array): boolean;
}

interface Watched extends Attachment {
  /** A PROMOTE may be said for it: it is this node's own, and there was none yet. */
  promotes: boolean;
  /** Not before: votes come within Δ of when it was heard, which may be long after its tokens. */
  fromMs: number;
}

export class Promoter {
  private readonly node: Promoting;
  private readonly standing: Standing;
  private readonly log: Log;
  private watched: Watched[] = [];
  private notice: Notice | undefined;
  private epsilonMs = 0;
  /** A PROMOTE is too early for its witnesses, and waits. */
  private waits = false;

  constructor(node: Promoting, standing: Standing, log: Log) {
    this.node = node;
    this.standing = standing;
    this.log = log;
  }

  /** A slot begins; ε of the epoch in force. */
  follow(notice: Notice, epsilonMs: number): void {
    this.notice = notice;
    this.epsilonMs = epsilonMs;
  }

  /** Transaction `id` is in the DAG: this node's `own`, or one for it. Of too many the oldest is left alone. */
  watch(id: Uint8Array, tMs: number, own: boolean): void {
    // Under a barrier clock time moves on with blocks, which leave nothing behind.
    if (!this.node.clock.running) return;
    const fromMs = this.node.clock.nowMs() + (this.notice?.tickMs ?? 0);
    this.watched.push({ id: id.slice(), tMs, promotes: own, fromMs });
    if (this.watched.length > WATCHED_MAX) this.watched.shift();
  }

  /** A new block: it holds what its gateway had when it was sealed. */
  sealed(atMs: number): void {
    if (this.watched.length > 0) this.watched = this.watched.filter(({ tMs }) => tMs > atMs);
  }

  /** What a transaction of this node's at `nowMs` is to approve first; undefined where nothing is left behind. */
  late(nowMs: number): Attachment | undefined {
    return this.watched.find((one) => this.isLate(one, nowMs));
  }

  onTimer(): void {
    const { notice, node } = this;
    const { clock, state, slots } = node;
    if (!notice || !this.ready) return;
    this.waits = false;
    if (this.watched.length === 0) return;
    const nowMs = clock.nowMs();
    this.watched = this.watched.filter((one) => this.dueMs(one, nowMs, notice) !== undefined);
    const one = this.watched.find((each) => each.promotes && this.isLate(each, nowMs));
    if (!one) return;
    const { tickMs, ageMaxMs, slot } = notice;
    // Δ after what it said last (V7).
    const notBeforeMs = Math.max(nowMs, state.txMs + tickMs);
    const expiryMs = one.tMs + ageMaxMs;
    const { promote: type } = TxType;
    const intent: Intent = { type, slot, legs: [], expiryMs, notBeforeMs, beforeMs: expiryMs };
    const said =
      this.isLate(one, notBeforeMs) &&
      slots.issuer.say(notice, intent, () => {
        one.promotes = false;
        this.log("info", "promote", { ageMs: notBeforeMs - one.tMs });
      });
    this.waits = !said && slots.issuer.waits;
    if (!said && !this.waits) one.promotes = false; // left to a block
  }

  /** Real time until a PROMOTE may be due; undefined where none is to come, or something else comes first. */
  delayMs(): number | undefined {
    const { notice, node, watched } = this;
    if (watched.length === 0 || !notice || this.waits || !this.ready) return undefined;
    const nowMs = node.clock.nowMs();
    let next: number | undefined;
    for (const one of watched) {
      const dueMs = one.promotes ? this.dueMs(one, nowMs, notice) : undefined;
      if (dueMs !== undefined) next = Math.min(next ?? dueMs, dueMs);
    }
    // No clock runs beyond the notice's end, and the next one asks again.
    if (next === undefined || next > notice.endMs) return undefined;
    return node.clock.realDelayMs(next);
  }

  /** Whether a PROMOTE could be said. What the market needs to be said goes first. */
  private get ready(): boolean {
    const { clock, speaker, slots } = this.node;
    if (!clock.running || !speaker.open || speaker.full || slots.issuer.busy) return false;
    return this.waits || !slots.issuer.waits;
  }

  private isLate({ id, tMs, fromMs }: Watched, nowMs: number): boolean {
    const { notice, epsilonMs, standing } = this;
    if (!notice || nowMs < fromMs) return false;
    const { tickMs, ageMaxMs } = notice;
    // Young enough still when the tokens are there (V5).
    if (nowMs + tickMs + epsilonMs > tMs + ageMaxMs) return false;
    if (remedyFor(alone(tMs), nowMs, ageMaxMs) !== "promote") return false;
    return !standing.decided(id) && standing.approved(id) === false;
  }

  /** When one has to be looked at; undefined where it is left alone for good. */
  private dueMs(one: Watched, nowMs: number, { ageMaxMs }: Notice): number | undefined {
    const { tMs, fromMs } = one;
    const wait = remedyFor(alone(tMs), nowMs, ageMaxMs) === "wait";
    if (!wait && nowMs >= fromMs) return this.isLate(one, nowMs) ? nowMs : undefined;
    return Math.max(fromMs, (wait && remedyDueMs(alone(tMs), nowMs, ageMaxMs)) || 0);
  }
}

/** It has tokens, and nothing approves it; whether that is so is asked when it would matter. */
function alone(tMs: number): Own {
  return { tMs, approved: false, sealed: false, quorate: true };
}
