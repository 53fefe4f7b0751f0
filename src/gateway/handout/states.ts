// SPDX-License-Identifier: Apache-2.0
/** States between gateways: handed out by those that have one, and taken by those that are far behind. */
import { toHex } from "#core/codec/bytes";
import type { ValidatorSet } from "#core/consensus/validators";
import { STATE_TURNS } from "#core/limits";
import type { Message } from "../consensus/types.ts";
import type { Archive } from "../consortium/archive.ts";
import type { ConsortiumPorts, PeerKind, StateKind } from "../consortium/ports.ts";
import type { GatewayOptions } from "../options.ts";
import type { GatewayPorts } from "../ports.ts";
import { CatchUp, type FoundState } from "./catch-up.ts";
import { Handout } from "./handout.ts";

export type { FoundState } from "./catch-up.ts";

/** What they need of the replica. */
export interface StatesHost {
  id: Uint8Array;
  archive: Archive;
  set(): ValidatorSet;
  height(): number;
  onState(found: FoundState): void;
}

const KINDS: readonly string[] = Object.freeze([
  ...(["state-wanted", "state-offer", "piece-wanted", "piece"] satisfies StateKind[]),
]);

export function isStateKind(kind: PeerKind): kind is StateKind {
  return KINDS.includes(kind);
}

/** Turns from one state to hand out to the next. */
export function stateTurnsOf({ consortium }: GatewayOptions): number {
  return consortium?.stateTurns ?? STATE_TURNS;
}

export class States {
  readonly handout: Handout;
  private readonly catchUp: CatchUp;
  private readonly nowMs: () => number;

  constructor(
    options: GatewayOptions,
    { crypto, store, time, log }: GatewayPorts,
    outside: Pick<ConsortiumPorts, "link" | "after">,
    { id, archive, ...host }: StatesHost,
  ) {
    const { net, secretKey } = options;
    const { link } = outside;
    this.nowMs = () => time.nowMs();
    this.handout = new Handout({ net, id, secretKey, crypto, link, archive, store });
    this.catchUp = new CatchUp({
      ...{ net, crypto, link, log, ...host },
      self: toHex(id),
      behindTurns: stateTurnsOf(options),
      nowMs: this.nowMs,
      after: (delayMs, run) => outside.after(delayMs, run),
    });
  }

  /** While a state is on its way turns of others are not taken: they would be executed for nothing. */
  get isBusy(): boolean {
    return this.catchUp.isBusy;
  }

  hear(from: string, kind: StateKind, bytes: Uint8Array): void {
    if (kind === "state-wanted") this.handout.serveOffer(from, bytes, this.nowMs());
    else if (kind === "piece-wanted") this.handout.servePiece(from, bytes, this.nowMs());
    else if (kind === "state-offer") this.catchUp.hearOffer(from, bytes);
    else this.catchUp.hearPiece(from, bytes);
  }

  /** A signed word of another gateway says how far that is. */
  heard(message: Message): void {
    if (message.type === "status") this.catchUp.heard(message.from, message.status.height);
    else if (message.type === "vote") this.catchUp.heard(message.from, message.vote.height);
  }

  /** The state that was found is of no use. */
  giveUp(cause: string): void {
    this.catchUp.giveUp(cause);
  }

  stop(): void {
    this.catchUp.stop();
  }
}
