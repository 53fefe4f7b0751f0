// SPDX-License-Identifier: Apache-2.0
/** I11 to I14 on the gateway's DAG, recomputed from the transactions themselves. */
import { bytesEqual, compareBytes } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import type { Dag } from "#core/dag/dag";
import { tokenDigest } from "#core/pot/token";
import type { Epoch, EpochMember } from "#core/records/epoch";
import type { Tx } from "#core/records/tx";
import { must } from "./violation.ts";

/** A transaction as it was when it came in. */
export interface SeenTx {
  id: string;
  tx: Tx;
  tMs: number;
  /** Has a child; and T of the first. */
  approved: boolean;
  childMs?: number;
  weight: number;
  parents: string[];
}

export interface DagFacts {
  epochOf(epoch: number): Epoch | undefined;
  /** Those whose tokens stand for a committee's: now, and before the last turn where that changed them. */
  gateways: readonly (readonly EpochMember[])[];
  tickMs: number;
  ageMaxMs: number;
}

export class DagCheck {
  readonly txs = new Map<string, SeenTx>();
  private readonly chains = new Map<
    string,
    { id: string; seq: number; tick: number; tMs: number }
  >();
  /** All that was said, also what nobody took, by id. */
  /** Heads of chains that came from elsewhere, by author. */
  private readonly arrivals = new Map<string, string>();
  private readonly bodies = new Map<
    string,
    { from: string; seq: number; prev: string | undefined }
  >();
  private readonly crypto: Crypto;
  private dag: Dag | undefined;
  private seen = -1;

  constructor(crypto: Crypto) {
    this.crypto = crypto;
  }

  look(dag: Dag, facts: DagFacts): void {
    const { graph } = dag;
    const change = graph.count * 1000 + dag.open;
    if (this.dag === dag && change === this.seen) return;
    this.dag = dag;
    this.seen = change;
    const fresh: SeenTx[] = [];
    for (let handle = 0; handle < graph.end; handle++) {
      if (!graph.has(handle)) continue;
      const id = hex(graph.idOf(handle));
      if (this.txs.has(id)) continue;
      const vertex = dag.get(graph.idOf(handle));
      must(vertex !== undefined, "I11", () => `${id} has no transaction`);
      const { tx, tMs } = vertex;
      const parents = tx.body.parents.map(hex);
      fresh.push({ id, tx, tMs, approved: false, weight: 1, parents });
    }
    fresh.sort((a, b) => a.tMs - b.tMs || (a.id < b.id ? -1 : 1));
    for (const one of fresh) this.enter(dag, one, facts);
    this.whole(dag);
  }

  /** What holds of one transaction for good, when it comes in. */
  enter(dag: Dag, one: SeenTx, facts: DagFacts): void {
    const { tx, tMs, parents } = one;
    must(parents.length >= 1 && parents.length <= 2, "I11", () => `${parents.length} parents`);
    must(new Set(parents).size === parents.length, "I11", () => "one parent twice");
    for (const [i, parent] of parents.entries()) {
      const known = this.txs.get(parent);
      const parentMs = known?.tMs ?? dag.parentTime(tx.body.parents[i])?.tMs;
      must(parentMs !== undefined, "I11", () => `parent ${parent} is not here`);
      must(parentMs < tMs, "I11", () => `${one.id} is not later than its parent`);
      if (known)
        must(tMs - parentMs <= facts.ageMaxMs, "V5", () => `a parent of ${tMs - parentMs} ms`);
    }
    this.chain(one, facts);
    this.tokens(tx, facts);
    this.txs.set(one.id, one);
    for (const parent of parents) {
      const known = this.txs.get(parent);
      if (!known) continue;
      known.approved = true;
      known.childMs = Math.min(known.childMs ?? tMs, tMs);
    }
  }

  /** An author came from another gateway, with a chain whose head that is: before it there may be a gap. */
  arrived(author: string, txid: Uint8Array): void {
    this.arrivals.set(author, hex(txid));
  }

  /** A transaction as its author says it. */
  said({ txid, body }: Tx): void {
    const { from, seq, prev } = body;
    this.bodies.set(hex(txid), { from: hex(from), seq, prev: prev && hex(prev) });
  }

  /** I13: numbers rise, one transaction a tick, Δ between two. */
  private chain({ id, tx, tMs }: SeenTx, { tickMs }: DagFacts): void {
    const { from, seq, tick } = tx.body;
    const author = hex(from);
    const last = this.chains.get(author);
    this.gapless(tx, author, last?.id);
    if (last) {
      must(seq > last.seq, "I13", () => `number ${seq} after ${last.seq}`);
      must(tick > last.tick, "I13", () => `two transactions in tick ${tick}`);
      must(tMs >= last.tMs + tickMs, "I13", () => `${tMs - last.tMs} ms after the last`);
    }
    this.chains.set(author, { id, seq, tick, tMs });
  }

  /**
   * I13: back along the author's own links every number was said once, down to the one before in the DAG, or
   * to the first. In between may lie what was said and refused: it keeps its number (gateway/intake/tx.ts).
   * What an author left behind at another gateway when it came to this one is nobody's here.
   */
  private gapless(tx: Tx, author: string, last: string | undefined): void {
    let { seq } = tx.body;
    let at = tx.body.prev && hex(tx.body.prev);
    for (; at !== last; seq--) {
      if (at !== undefined && at === this.arrivals.get(author)) return;
      const before = at === undefined ? undefined : this.bodies.get(at);
      must(before !== undefined, "I13", () => `${author}: nobody said what is before ${seq}`);
      must(before.from === author, "I13", () => `${author}: ${seq} follows another's`);
      must(before.seq === seq - 1, "I13", () => `${author}: ${seq} follows ${before.seq}`);
      at = before.prev;
    }
    const first = last === undefined ? 0 : this.txs.get(last)!.tx.body.seq;
    must(seq === first + 1, "I13", () => `${author}: ${seq} follows ${first}`);
  }

  /** I14: at least m valid tokens by distinct members of the committee, or a quorum of the gateways'. */
  private tokens(tx: Tx, { epochOf, gateways }: DagFacts): void {
    const { body, pot } = tx;
    const epoch = epochOf(body.epoch);
    must(epoch !== undefined, "I14", () => `epoch ${body.epoch} is not known`);
    const standing = gateways.filter(
      (set) => pot.length > 0 && pot.every(({ witness }) => placeOf(set, witness) !== undefined),
    );
    if (standing.some((set) => this.good(tx, epoch, set) >= Math.floor((2 * set.length) / 3) + 1))
      return;
    const good = this.good(tx, epoch, standing[0] ?? this.committee(epoch, tx));
    const enough = standing.length === 0 && good >= epoch.m;
    must(enough, "I14", () => `${good} tokens, of gateways: ${standing.length > 0}`);
  }

  /** By how many of these there is a token that counts. */
  private good({ body, pot, txid }: Tx, epoch: Epoch, signers: readonly EpochMember[]): number {
    const good = new Set<string>();
    for (const { witness, tMs, random, signature } of pot) {
      const signer = placeOf(signers, witness);
      if (!signer || Math.abs(tMs - body.tsMs) > epoch.tauMs) continue;
      const { net, beacon } = epoch;
      const digest = tokenDigest(this.crypto, net, beacon, body, txid, tMs, random);
      if (this.crypto.verify(signer.publicKey, digest, signature)) good.add(hex(witness));
    }
    return good.size;
  }

  /** By sorting all members, and not as the code does it. */
  private committee(epoch: Epoch, { body }: Tx): EpochMember[] {
    const tick = new Uint8Array(8);
    new DataView(tick.buffer).setBigUint64(0, BigInt(body.tick));
    return epoch.members
      .filter(({ node }) => !bytesEqual(node, body.from))
      .map((member) => ({
        member,
        lot: domainHash(this.crypto, "sc/com/1", epoch.beacon, body.from, tick, member.node),
      }))
      .sort((a, b) => compareBytes(a.lot, b.lot))
      .slice(0, epoch.k)
      .map(({ member }) => member);
  }

  /** I11 and I12 over all that is there. */
  whole(dag: Dag): void {
    const { graph } = dag;
    const children = new Map<string, string[]>();
    const here = new Map<string, number>();
    for (let handle = 0; handle < graph.end; handle++)
      if (graph.has(handle)) here.set(hex(graph.idOf(handle)), handle);
    for (const id of here.keys())
      for (const parent of this.txs.get(id)!.parents)
        children.set(parent, [...(children.get(parent) ?? []), id]);
    for (const [id, handle] of here) {
      const cap = !children.has(id);
      must(graph.caps.has(handle) === cap, "I11", () => `${id}: cap ${!cap}, is ${cap}`);
      const weight = graph.weight(handle);
      if (weight === 0) continue;
      const future = new Set([id]);
      for (const one of future) for (const child of children.get(one) ?? []) future.add(child);
      must(weight === future.size, "I12", () => `${id}: weight ${weight}, is ${future.size}`);
      const seen = this.txs.get(id)!;
      must(weight >= seen.weight, "I12", () => `${id}: weight ${weight} after ${seen.weight}`);
      seen.weight = weight;
    }
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

function placeOf(members: readonly EpochMember[], id: Uint8Array): EpochMember | undefined {
  return members.find(({ node }) => bytesEqual(node, id));
}
