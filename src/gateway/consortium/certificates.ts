// SPDX-License-Identifier: Apache-2.0
/**
 * What the gateway shows its nodes so that they need not take its word: the last certified turn that names a
 * new block or epoch, changes of the gateways, and each node's balance under a block that a quorum stands for.
 */
import { bytesEqual } from "#core/codec/bytes";
import { CHANGES_SHOWN } from "#core/limits";
import type { NamedEpoch } from "#core/pot/epoch-digest";
import { headerRecord } from "#core/records/block";
import { certifiedRecord } from "#core/records/certified";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { sendProven } from "../outbound.ts";
import type { Partners } from "./partners.ts";
import type { DecidedTurn } from "./replica.ts";
import { sameEpoch } from "./turns.ts";

/** A node is shown that its balance is certified once in so much protocol time, ms: 0.9 KB an hour. */
const PROVEN_MS = 3_600_000;

export class Certificates {
  /** What was said last, and what it stands for. */
  private said: Uint8Array | undefined;
  private ledger: Uint8Array | undefined;
  private epoch: NamedEpoch | undefined;
  private atMs = 0;

  /**
   * A decided turn, which is not executed yet: its quorum stands for what the turns before it led to. `live`: it is
   * not one of the log.
   */
  certify(
    area: Area,
    batch: Batch,
    { turn, entry }: Pick<DecidedTurn, "turn" | "entry">,
    { changes, live }: { changes: number; live: boolean },
  ): void {
    const { head } = area.chain;
    const newBlock = turn.ledger && !(this.ledger && bytesEqual(turn.ledger, this.ledger));
    if (!newBlock && sameEpoch(turn.epoch, this.epoch)) return;
    const { header: record, quorum } = entry;
    const header = head && headerRecord.encode(head.header);
    const { net } = area.options;
    this.said = certifiedRecord.encode({ net, changes, turn: record, quorum, header });
    batch.send(area.topics.certified, this.said, true);
    this.ledger = turn.ledger;
    this.epoch = turn.epoch;
    const lastMs = this.atMs;
    this.atMs = head?.header.atMs ?? 0;
    if (live && newBlock && lastMs > 0) this.prove(area, batch, lastMs);
  }

  /** Balances of those whose turn it is: each in its own moment of the hour. */
  private prove(area: Area, batch: Batch, lastMs: number): void {
    for (const session of area.sessions.values()) {
      const [high, low] = session.idBytes;
      const shiftMs = Math.floor(((high * 256 + low) * PROVEN_MS) / 65_536);
      const hour = (ms: number) => Math.floor((ms + shiftMs) / PROVEN_MS);
      if (hour(this.atMs) > hour(lastMs) && session.online && area.serves(session))
        sendProven(area, batch, session);
    }
  }

  /** What is retained on the broker, again. */
  resume(area: Area, batch: Batch, partners: Partners): void {
    if (this.said) batch.send(area.topics.certified, this.said, true);
    this.changed(area, batch, partners);
  }

  /** The latest changes of the gateways, each in its place. */
  changed(area: Area, batch: Batch, { proofs }: Partners): void {
    for (const { number, bytes } of proofs)
      batch.send(area.topics.changed(number % CHANGES_SHOWN), bytes, true);
  }
}
