// SPDX-License-Identifier: Apache-2.0
/** States of a gateway that lies: a node has said more in them than it did, and no ledger shows that. */
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { pieceRecord, pieceWantedRecord, stateOfferRecord } from "#core/records/state";
import { packGraph, unpackGraph } from "#gateway/checkpoint/graph-bytes";
import { type HeldState, holdState, wholeOf } from "#gateway/handout/held";
import type { TownGateway } from "../../town/town-gateway.ts";

export class FalseStates {
  private readonly crypto: Crypto;
  private readonly self: TownGateway;
  /** By the root (hex) of the true one, and by its own. */
  private readonly made = new Map<string, HeldState>();

  constructor(crypto: Crypto, self: TownGateway) {
    this.crypto = crypto;
    this.self = self;
  }

  /** The offer of another state than the one that it has. */
  offer(bytes: Uint8Array): Uint8Array {
    const { crypto, self } = this;
    const opened = openSigned(stateOfferRecord, crypto, bytes);
    const held = opened.ok && this.heldOf(opened.value.root);
    if (!held) return bytes;
    const { size, root } = held.name;
    const { secretKey } = self.options;
    return signRecord(stateOfferRecord, crypto, secretKey, { ...opened.value, size, root }).bytes;
  }

  /** In place of a piece of the true state the false one's, or nothing that is any. */
  piece(bytes: Uint8Array): Uint8Array {
    const piece = pieceRecord.decode(bytes);
    if (!piece.ok) return bytes;
    const { value } = piece;
    const other = this.heldOf(value.root)?.pieces[value.index] ?? new Uint8Array(9);
    return pieceRecord.encode({ ...value, bytes: other });
  }

  /** What was asked for of a state that it made up. */
  wanted(bytes: Uint8Array): Uint8Array | undefined {
    const wanted = pieceWantedRecord.decode(bytes);
    if (!wanted.ok) return undefined;
    const { net, root, index } = wanted.value;
    const held = this.made.get(toHex(root));
    if (!held || toHex(held.name.root) !== toHex(root) || index >= held.pieces.length)
      return undefined;
    const path = [...held.paths[index]];
    return pieceRecord.encode({ net, root, index, bytes: held.pieces[index], path });
  }

  /** The false one in place of the true one with this root, if that is what it has. */
  private heldOf(root: Uint8Array): HeldState | undefined {
    const key = toHex(root);
    const known = this.made.get(key);
    const held = this.self.gateway?.seat?.replica.states.handout.held;
    if (known || !held || toHex(held.name.root) !== key) return known;
    const other = altered(this.crypto, held);
    this.made.set(key, other);
    this.made.set(toHex(other.name.root), other);
    return other;
  }
}

function altered(crypto: Crypto, held: HeldState): HeldState {
  const graph = unpackGraph(wholeOf(held.pieces));
  for (const node of graph) {
    const said = "fields" in node && node.fields.find(([name]) => name === "saidSeq");
    if (!said) continue;
    said[1] = Number(said[1]) + 1;
    break;
  }
  return holdState(crypto, held.name, packGraph(graph));
}
