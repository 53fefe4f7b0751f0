// SPDX-License-Identifier: Apache-2.0
/** What a gateway needs to agree with others. */
import type { QuorumRule, Validator } from "#core/consensus/validators";
import type { MessageKind, Timeouts } from "../consensus/types.ts";

/** A gateway of the consortium, with the key of its parts of beacons. */
export interface Partner extends Validator {
  readonly beaconKey: Uint8Array;
  /** Of one that joined by a change: its area and its broker, as the change says. */
  readonly area?: string;
  readonly url?: string;
}

/** Who agrees, and how; the same at every gateway but for what follows `intervalMs`. */
export interface ConsortiumOptions {
  gateways: readonly Partner[];
  rule: QuorumRule;
  /** Proof-of-work: who proposes is whoever finds a nonce; `intervalMs` is what its difficulty aims at. */
  leader: "round-robin" | "proof-of-work";
  /** Least time between two turns, ms; 0: as soon as there is something to take in. */
  intervalMs: number;
  timeouts?: Timeouts;
  /** Turns from one state to hand out to the next; undefined: STATE_TURNS. */
  stateTurns?: number;
  /** The log keeps at least so many turns, and begins with a state; undefined: it keeps all. */
  keepTurns?: number;
  /** This gateway's key has signed before, with a store that is lost: it asks the others what it may say. */
  keyUsed?: boolean;
}

/**
 * What gateways send each other: words of the consensus, segments of feeds, requests for segments, an ask
 * that another area's witnesses have to see, what is for a node of another area, and states.
 */
export type PeerKind = MessageKind | "segment" | "fetch" | "ask" | "down" | StateKind;

/** Requests for states and their pieces, and the answers (handout/). */
export type StateKind = "state-wanted" | "state-offer" | "piece-wanted" | "piece";

export interface PeerLink {
  /** To one gateway by its id (hex), or to all others. May be lost, repeated and late. */
  send(to: string | undefined, kind: PeerKind, bytes: Uint8Array): void;
  /** `from` is the gateway that sent it, as the link has made sure. */
  listen(handler: (from: string, kind: PeerKind, bytes: Uint8Array) => void): void;
  /** These are the gateways from now on: said at the start, and after each change of them. */
  follow?(gateways: readonly Partner[]): void;
}

/** Signatures of which there is one for each key and message (core/crypto/bls.ts). */
export interface UniqueSignatures {
  sign(message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export interface ConsortiumPorts {
  link: PeerLink;
  beacon: UniqueSignatures;
  /** Calls `run` once, after so long of real time. */
  after(delayMs: number, run: () => void): void;
  entropy(length: number): Uint8Array;
}
