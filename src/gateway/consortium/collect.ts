// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway of a consortium does with a message of its own nodes: what changes nothing that is shared is
 * answered at once; the rest goes into its feed, once, and takes effect with the turn that takes it in.
 */

import { toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { refuse, type Verdict } from "#core/errors/codes";
import { type FedEntry, FedKind } from "#core/records/segment";
import { heardStruct } from "#core/records/turn";
import { type Evidence, evidenceRecord } from "#core/records/vote";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { Parsed } from "../intake/decode.ts";
import type { Decoded } from "../intake/intake.ts";
import { takeExchanged } from "../smartchain/intake.ts";
import { type Load, WITH_PROOF } from "./load.ts";

/** What is shared of a message, and under which name it is collected once. */
type Shared = Extract<Parsed, { what: "state" | "enrol" | "said" | "vote" | "plan" | "evidence" }>;

const SHARED: readonly string[] = Object.freeze([
  "state",
  "enrol",
  "said",
  "vote",
  "plan",
  "evidence",
]);

export function isShared(message: Parsed): message is Shared {
  return SHARED.includes(message.what);
}

export class Collector {
  private readonly area: Area;
  /** What is in the feed and in no turn yet: its name, and the number of its segment. */
  private readonly pending = new Map<string, number>();
  /** The highest number of each node that is. */
  private readonly numbers = new Map<string, number>();

  constructor(area: Area) {
    this.area = area;
  }

  /**
   * What goes into the feed of a message whose signature is right. RATE_LIMITED where there is no room: it is
   * not collected then, and may be said again.
   */
  take(message: Shared, { topic, payload }: Decoded, load: Load): Verdict {
    const { area } = this;
    const name = this.nameOf(message, payload);
    if (this.pending.has(name)) return refuse("DUPLICATE", name);
    const gap = message.what === "said" && this.gap(message);
    if (gap) return gap;
    const below = topic.slice(`${area.topics.prefix}/node/`.length);
    const heard = heardStruct.encode({ topic: below, payload }, "heard");
    const entry = entryOf(FedKind.heard, heard);
    if (!load.fits(entry, WITH_PROOF)) return refuse("RATE_LIMITED", "no turn for long");
    if (message.what === "said") {
      this.accuse(message, load);
      this.numbers.set(message.session.id, message.seq);
    }
    this.pending.set(name, load.add(entry));
    return { ok: true };
  }

  /** Whether what has this name is in the feed, and in no turn yet. */
  has(name: string): boolean {
    return this.pending.has(name);
  }

  /** What the authority said, or somebody proved, goes into the feed. */
  own(name: string, entry: FedEntry, load: Load): void {
    this.pending.set(name, load.add(entry));
  }

  /** An ask or a token; what it proves is for the feed. */
  exchange(
    batch: Batch,
    message: Extract<Parsed, { what: "ask" | "token" }>,
    proved: (proof: FedEntry) => void,
  ): Verdict {
    return takeExchanged(this.area, batch, message, (proof) => proved(proofOf(proof)));
  }

  /** Turns took in this gateway's feed up to this segment. */
  settled(upTo: number): void {
    for (const [name, seq] of this.pending) if (seq <= upTo) this.pending.delete(name);
    if (this.pending.size === 0) this.numbers.clear();
  }

  private nameOf(message: Shared, payload: Uint8Array): string {
    const node = "nodeId" in message ? message.nodeId : message.session.id;
    if (message.what === "said") return `${node}/${message.seq}`;
    return `${node}/${message.what}/${toHex(this.area.ports.crypto.sha256(payload))}`;
  }

  /** What comes before its predecessor would be refused by the turn. */
  private gap({ session, seq, said }: Extract<Shared, { what: "said" }>): Verdict | undefined {
    const last = Math.max(session.saidSeq, this.numbers.get(session.id) ?? 0);
    if (said.kind === "arrival" || seq <= last + 1) return undefined;
    session.receiptDue = true;
    return refuse("GAP", `${seq} after ${last}`);
  }

  /** A transaction against what its author asked tokens for here. */
  private accuse({ session, said }: Extract<Shared, { what: "said" }>, load: Load): void {
    if (said.kind !== "tx" || this.area.world.epoch === 0) return;
    const proof = this.area.relay.contradiction(this.area, session, said.tx);
    if (proof) load.add(proofOf(proof));
  }
}

function proofOf(proof: Evidence): FedEntry {
  return { kind: FedKind.evidence, bytes: evidenceRecord.encode(proof) };
}

function entryOf(kind: number, value: Parameters<typeof encodeCbor>[0]): FedEntry {
  return { kind, bytes: encodeCbor(value) };
}
