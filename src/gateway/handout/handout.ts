// SPDX-License-Identifier: Apache-2.0
/** The latest state that this gateway came to itself, for those that are far behind. */
import { bytesEqual } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { bytes, hash, struct, uint } from "#core/codec/schema";
import type { Crypto } from "#core/crypto/port";
import { SERVES_PER_SECOND, STATE_BYTES_MAX, STATE_PIECES_PER_SECOND } from "#core/limits";
import { decisionRecord } from "#core/records/consensus";
import {
  pieceRecord,
  pieceWantedRecord,
  stateOfferRecord,
  stateWantedRecord,
} from "#core/records/state";
import type { Archive } from "../consortium/archive.ts";
import type { PeerLink } from "../consortium/ports.ts";
import { packEntry, turnEntry, unpackEntry } from "../entries.ts";
import type { LogStore } from "../ports.ts";
import { type HeldState, holdState, STATE_FORMAT } from "./held.ts";

/** The name under which it is kept beside the log. */
const KEPT = "handout";
const keptStruct = struct({
  height: uint(),
  turn: hash,
  format: uint(),
  bytes: bytes(1, STATE_BYTES_MAX),
});

export interface HandoutPorts {
  net: string;
  /** Id and key of this gateway. */
  id: Uint8Array;
  secretKey: Uint8Array;
  crypto: Crypto;
  link: PeerLink;
  archive: Archive;
  store: LogStore;
}

export class Handout {
  held: HeldState | undefined;
  /** Made, and no turn has followed it yet: until then the one before is handed out. */
  private coming: { held: HeldState; packed: Uint8Array } | undefined;
  private readonly ports: HandoutPorts;
  /** Requests of each peer in the present second. */
  private readonly counts = new Map<string, { second: number; states: number; pieces: number }>();

  constructor(ports: HandoutPorts) {
    this.ports = ports;
  }

  /** A state that turns have just led to. */
  hold(height: number, turn: Uint8Array, packed: Uint8Array): HeldState | undefined {
    if (packed.length > STATE_BYTES_MAX) return undefined;
    const held = holdState(this.ports.crypto, { height, turn, format: STATE_FORMAT }, packed);
    this.coming = { held, packed };
    return held;
  }

  /** A turn is in the log: it proves the ledger of the state that was made before it. */
  settled(): void {
    if (!this.coming) return;
    const { held, packed } = this.coming;
    this.coming = undefined;
    this.held = held;
    const { height, turn, format } = held.name;
    this.ports.store.keep(KEPT, packEntry(keptStruct, { height, turn, format, bytes: packed }));
  }

  /** At a restart: what was kept, unless it is of another version or damaged. `height`: of the next turn. */
  load(height: number): void {
    const kept = this.ports.store.kept(KEPT);
    if (!kept) return;
    const { bytes: packed, ...place } = unpackEntry(keptStruct, kept);
    if (place.format === STATE_FORMAT && place.height <= height)
      this.held = holdState(this.ports.crypto, place, packed);
  }

  /** Whoever asks for a state gets this one's name, signed. */
  serveOffer(peer: string, asked: Uint8Array, nowMs: number): void {
    const { net, id: gateway, crypto, secretKey, archive, link } = this.ports;
    const wanted = stateWantedRecord.decode(asked);
    const { held } = this;
    if (!held || !wanted.ok || wanted.value.net !== net || wanted.value.height >= held.name.height)
      return;
    const entry = archive.turn(held.name.height);
    if (!entry || !this.mayAnswer(peer, "states", nowMs)) return;
    const { header, plan, quorum } = unpackEntry(turnEntry, entry);
    const next = decisionRecord.encode({ header, plan, quorum });
    const offer = { net, gateway, ...held.name, next };
    const { bytes: signed } = signRecord(stateOfferRecord, crypto, secretKey, offer);
    link.send(peer, "state-offer", signed);
  }

  servePiece(peer: string, asked: Uint8Array, nowMs: number): void {
    const { net, link } = this.ports;
    const wanted = pieceWantedRecord.decode(asked);
    const { held } = this;
    if (!held || !wanted.ok || wanted.value.net !== net) return;
    const { root, index } = wanted.value;
    if (!bytesEqual(root, held.name.root) || index >= held.pieces.length) return;
    if (!this.mayAnswer(peer, "pieces", nowMs)) return;
    const path = [...held.paths[index]];
    link.send(
      peer,
      "piece",
      pieceRecord.encode({ net, root, index, bytes: held.pieces[index], path }),
    );
  }

  private mayAnswer(peer: string, what: "states" | "pieces", nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    let count = this.counts.get(peer);
    if (count?.second !== second) this.counts.set(peer, (count = { second, states: 0, pieces: 0 }));
    return ++count[what] <= (what === "states" ? SERVES_PER_SECOND : STATE_PIECES_PER_SECOND);
  }
}
