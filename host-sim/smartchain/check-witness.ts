// SPDX-License-Identifier: Apache-2.0
/** I14, its second half: no honest witness signs two bodies for one (author, number) or (author, tick). */

import type { Crypto } from "#core/crypto/port";
import { cancelIn, covers } from "#core/pot/cancel";
import type { Body } from "#core/records/tx";
import type { Cancel } from "#core/records/witness";
import { hex } from "./check-dag.ts";
import { must } from "./violation.ts";

interface Seen {
  from: string;
  seq: number;
  tick: number;
  cancel: Cancel | undefined;
}

export class WitnessCheck {
  private readonly bodies = new Map<string, Seen>();
  /** By witness and author: what it signed, over all its starts. */
  private readonly signed = new Map<string, Set<string>>();
  tokens = 0;

  /** A body that somebody asks for. */
  body(txid: string, body: Body, crypto: Crypto, publicKey: Uint8Array): void {
    if (this.bodies.has(txid)) return;
    const found = cancelIn(crypto, publicKey, body);
    const cancel = found.ok ? found.cancel : undefined;
    this.bodies.set(txid, { from: hex(body.from), seq: body.seq, tick: body.tick, cancel });
  }

  /** An honest witness gave a token for it. */
  token(witness: string, txid: string): void {
    this.tokens++;
    const body = this.bodies.get(txid);
    must(body !== undefined, "I14", () => `${witness} signs ${txid} that nobody asked for`);
    const key = `${witness} ${body.from}`;
    const before = this.signed.get(key) ?? new Set();
    this.signed.set(key, before);
    if (before.has(txid)) return;
    for (const id of before) {
      const other = this.bodies.get(id)!;
      must(
        other.tick !== body.tick,
        "I14",
        () => `${witness} signs two bodies of tick ${body.tick}`,
      );
      if (other.seq !== body.seq) continue;
      const [first, later] = other.tick < body.tick ? [other, body] : [body, other];
      must(
        later.cancel !== undefined && covers(later.cancel, first.seq, first.tick),
        "I14",
        () => `${witness} signs two bodies of number ${body.seq}`,
      );
    }
    before.add(txid);
  }
}
