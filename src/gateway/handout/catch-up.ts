// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway that is far behind takes a state in place of the turns that led to it: one that more gateways
 * than may be faulty have signed, so that one that keeps the rules has come to it. Whoever hands out a piece
 * that is none of it is not asked again. Where no such state is to be had, turns are executed as ever.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import type { ValidatorSet } from "#core/consensus/validators";
import { merkleVerify } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { STATE_PIECES_ASKED } from "#core/limits";
import {
  pieceRecord,
  pieceWantedRecord,
  type StateOffer,
  stateOfferRecord,
  stateWantedRecord,
} from "#core/records/state";
import type { PeerLink } from "../consortium/ports.ts";
import type { GatewayLog } from "../ports.ts";
import { piecesOf, STATE_FORMAT, wholeOf } from "./held.ts";

/** So long offers are waited for; round trips of slow links, ms. */
const OFFERS_MS = 2_000;
/** A piece that has not come after so long is asked of another gateway, ms. */
const PIECE_MS = 1_000;
/** Without a new piece for so long turns are executed again, ms. */
const STUCK_MS = 10_000;
/** After a search without success none is begun for so long, ms. */
const PAUSE_MS = 30_000;
const TICK_MS = 250;

/** A state, whole, and the signed offers that it was taken for. */
export interface FoundState {
  readonly offer: StateOffer;
  readonly offers: readonly Uint8Array[];
  readonly bytes: Uint8Array;
}

/** Of so many gateways so many that one of them keeps the rules; and two where one would do by that. */
export function offersNeeded(gateways: number): number {
  return Math.max(Math.floor((gateways - 1) / 3) + 1, Math.min(2, gateways - 1));
}

export interface CatchUpPorts {
  net: string;
  self: string;
  crypto: Crypto;
  link: PeerLink;
  log: GatewayLog;
  /** The gateways as far as this one knows, and the height that it is at. */
  set(): ValidatorSet;
  height(): number;
  /** So many turns behind it asks for a state. */
  behindTurns: number;
  nowMs(): number;
  after(delayMs: number, run: () => void): void;
  /** A state is here, whole. */
  onState(found: FoundState): void;
}

interface Offered {
  offer: StateOffer;
  /** Signed offers by gateway (hex). */
  by: Map<string, Uint8Array>;
}

interface Fetch extends Offered {
  pieces: (Uint8Array | undefined)[];
  missing: number;
  /** Gateways that may be asked, and how many pieces each was asked for in vain. */
  peers: Map<string, number>;
  /** What was asked for and has not come. */
  asked: Map<number, { peer: string; atMs: number }>;
  progressMs: number;
}

export class CatchUp {
  private readonly ports: CatchUpPorts;
  /** Heights that others say they are at. */
  private readonly heights = new Map<string, number>();
  private offers: Map<string, Offered> | undefined;
  private fetch: Fetch | undefined;
  private sinceMs = Number.NEGATIVE_INFINITY;
  private ticking = false;
  private found = false;
  private stopped = false;

  constructor(ports: CatchUpPorts) {
    this.ports = ports;
  }

  /** While a state is on its way turns of others are not taken: they would be executed for nothing. */
  get isBusy(): boolean {
    return this.offers !== undefined || this.fetch !== undefined || this.found;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Where another gateway is, by its signed word. */
  heard(from: string, height: number): void {
    this.heights.set(from, height);
    if (this.isBusy || !this.isBehind || this.ports.nowMs() < this.sinceMs + PAUSE_MS) return;
    const { net, link, height: own, nowMs, log } = this.ports;
    this.offers = new Map();
    this.sinceMs = nowMs();
    log("info", "far-behind", { height: own(), others: height });
    link.send(undefined, "state-wanted", stateWantedRecord.encode({ net, height: own() }));
    this.tick();
  }

  hearOffer(from: string, bytes: Uint8Array): void {
    const { net, crypto, set, height } = this.ports;
    if (!this.offers) return;
    const signed = openSigned(stateOfferRecord, crypto, bytes);
    const known = signed.ok && set().list[set().indexOf(toHex(signed.value.gateway))];
    if (!signed.ok || !known || !verifySigned(crypto, known.publicKey, signed)) return;
    const offer = signed.value;
    const by = toHex(offer.gateway);
    if (by !== from || by === this.ports.self || offer.net !== net) return;
    if (offer.format !== STATE_FORMAT || offer.size === 0 || offer.height <= height()) return;
    const key = [offer.height, offer.size, toHex(offer.root), toHex(offer.turn)].join();
    // One offer of each: a later one takes its place.
    for (const other of this.offers.values()) other.by.delete(by);
    const offered = this.offers.get(key) ?? { offer, by: new Map() };
    offered.by.set(by, bytes);
    this.offers.set(key, offered);
    if (offered.by.size >= this.needed) this.begin(offered);
  }

  hearPiece(from: string, bytes: Uint8Array): void {
    const { fetch } = this;
    const piece = pieceRecord.decode(bytes);
    if (!fetch || !piece.ok || !bytesEqual(piece.value.root, fetch.offer.root)) return;
    const { index, path } = piece.value;
    if (fetch.asked.get(index)?.peer !== from || fetch.pieces[index]) return;
    const { crypto, nowMs, log } = this.ports;
    fetch.asked.delete(index);
    const size = fetch.pieces.length;
    if (!merkleVerify(crypto, piece.value.bytes, index, size, path, fetch.offer.root)) {
      log("warn", "state-piece-false", { from, index });
      fetch.peers.delete(from);
      return this.ask(fetch);
    }
    fetch.peers.set(from, 0);
    fetch.pieces[index] = piece.value.bytes;
    fetch.progressMs = nowMs();
    if (--fetch.missing > 0) return this.ask(fetch);
    this.fetch = undefined;
    const whole = wholeOf(fetch.pieces as Uint8Array[]);
    if (whole.length !== fetch.offer.size) return this.giveUp("another size");
    this.found = true;
    this.ports.onState({ offer: fetch.offer, offers: [...fetch.by.values()], bytes: whole });
  }

  /** What was found is of no use. */
  giveUp(cause: string): void {
    this.ports.log("warn", "no-state", { cause });
    this.offers = undefined;
    this.fetch = undefined;
    this.found = false;
    this.sinceMs = this.ports.nowMs();
  }

  private get needed(): number {
    return offersNeeded(this.ports.set().size);
  }

  /** Whether more are ahead by that much than may lie. */
  private get isBehind(): boolean {
    const { set, self, height, behindTurns } = this.ports;
    let ahead = 0;
    for (const [id, at] of this.heights)
      if (id !== self && set().indexOf(id) >= 0 && at >= height() + behindTurns) ahead++;
    return ahead >= this.needed;
  }

  private begin({ offer, by }: Offered): void {
    this.offers = undefined;
    const pieces: undefined[] = Array.from({ length: piecesOf(offer.size) }, () => undefined);
    const peers = new Map([...by.keys()].map((id) => [id, 0]));
    const progressMs = this.ports.nowMs();
    const missing = pieces.length;
    this.fetch = { offer, by, pieces, missing, peers, asked: new Map(), progressMs };
    this.ports.log("info", "state-fetch", { height: offer.height, pieces: missing });
    this.ask(this.fetch);
  }

  /** Asks for pieces, of those that brought what they were asked for first, and of these in turns. */
  private ask({ offer: { root }, pieces, asked, peers }: Fetch): void {
    const { net, link, nowMs } = this.ports;
    const least = Math.min(...peers.values());
    const order = [...peers.keys()].filter((id) => peers.get(id) === least);
    if (order.length === 0) return this.giveUp("nobody is left that hands it out");
    for (let index = 0; index < pieces.length && asked.size < STATE_PIECES_ASKED; index++) {
      if (pieces[index] || asked.has(index)) continue;
      const peer = order[index % order.length];
      asked.set(index, { peer, atMs: nowMs() });
      link.send(peer, "piece-wanted", pieceWantedRecord.encode({ net, root, index }));
    }
  }

  private tick(): void {
    if (this.ticking || this.stopped) return;
    this.ticking = true;
    this.ports.after(TICK_MS, () => {
      this.ticking = false;
      if (this.stopped || !this.isBusy || this.found) return;
      this.look(this.ports.nowMs());
      if (this.isBusy) this.tick();
    });
  }

  private look(nowMs: number): void {
    const { fetch } = this;
    // A clock that was set back keeps nobody waiting.
    const over = (sinceMs: number, ms: number) => nowMs < sinceMs || nowMs >= sinceMs + ms;
    if (!fetch) {
      if (over(this.sinceMs, OFFERS_MS)) this.giveUp("too few have signed the same");
      return;
    }
    if (fetch.offer.height <= this.ports.height()) return this.giveUp("its turns came first");
    if (over(fetch.progressMs, STUCK_MS)) return this.giveUp("its pieces do not come");
    for (const [index, { peer, atMs }] of fetch.asked) {
      if (!over(atMs, PIECE_MS)) continue;
      fetch.asked.delete(index);
      if (fetch.peers.has(peer)) fetch.peers.set(peer, fetch.peers.get(peer)! + 1);
    }
    this.ask(fetch);
  }
}
