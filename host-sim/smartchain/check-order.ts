// SPDX-License-Identifier: Apache-2.0
/**
 * I18: the same transactions and votes in any order give the same DAG, caps, weights and voters, the same
 * order in a block, and the same states after it. Rivals may be among them.
 *
 * ACCEPTED alone may come with an order: what enough members counted for stays so when one of them turns out
 * to have voted twice (votes/tally.ts). Then all who spoke for it were enough, and no rival is in any order.
 */
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { Graph } from "#core/dag/graph";
import { UnsolidPool } from "#core/dag/unsolid";
import { stampOf } from "#core/pot/token";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { type Vote, voteRecord } from "#core/records/vote";
import type { Ballot } from "#core/votes/ballot";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { TxState } from "#core/votes/tally";
import { EntryKind, epochEntry, unpackEntry, voteEntry } from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import type { Random } from "../worlds/random.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import { must } from "./violation.ts";

const ORDERS = 3;
/** More than a run has: nothing is forgotten. */
const CAPACITY = 512;
const MEMBERS_MAX = 32;

export type Item = { tx: SeenTx } | { vote: Vote; bytes: Uint8Array };

/** `waits`: what comes before its parents; `both`: who speaks for two rivals counts for neither. */
export type OrderDefence = "waits" | "both";

/** What one order of deliveries ends in. */
interface Outcome {
  facts: string;
  accepted: string[];
}

export class OrderCheck {
  private readonly crypto: Crypto;
  private readonly off: OrderDefence | undefined;

  constructor(crypto: Crypto, off?: OrderDefence) {
    this.crypto = crypto;
    this.off = off;
  }

  /** All that the gateway took, in several orders. */
  permuted(store: LogStore, random: Random, txs: ReadonlyMap<string, SeenTx>): void {
    const items: Item[] = [];
    const epochs: Epoch[] = [];
    const roots = new Map<string, { id: Uint8Array; tMs: number }>();
    for (const tx of txs.values()) items.push({ tx });
    for (const { tx, parents } of txs.values())
      tx.body.parents.forEach((id, i) => {
        if (!txs.has(parents[i])) roots.set(parents[i], { id, tMs: 0 });
      });
    for (const { kind, bytes } of store.read()) {
      if (kind === EntryKind.epoch) {
        const { signed } = unpackEntry(epochEntry, bytes);
        const epoch = openSigned(epochRecord, this.crypto, signed);
        if (epoch.ok) epochs.push(epoch.value);
      } else if (kind === EntryKind.vote) {
        const { signed } = unpackEntry(voteEntry, bytes);
        const vote = openSigned(voteRecord, this.crypto, signed);
        if (vote.ok) items.push({ vote: vote.value, bytes: signed });
      }
    }
    this.compare(items, epochs.slice(-2), [...roots.values()].slice(-4), random, txs);
  }

  compare(
    items: Item[],
    epochs: readonly Epoch[],
    roots: readonly { id: Uint8Array; tMs: number }[],
    random: Random,
    txs: ReadonlyMap<string, SeenTx>,
  ): void {
    // Of the epochs and blocks that are known to the end; what rests on others cannot come in at all.
    const numbers = new Set(epochs.map(({ epoch }) => epoch));
    const solid = new Set(roots.map(({ id }) => hex(id)));
    const whole = [...txs.values()].sort((a, b) => a.tMs - b.tMs);
    for (const { id, parents, tx } of whole)
      if (numbers.has(tx.body.epoch) && parents.every((one) => solid.has(one))) solid.add(id);
    const usable = items.filter((item) =>
      "vote" in item ? numbers.has(item.vote.epoch) : solid.has(item.tx.id),
    );
    let first: string | undefined;
    const accepted = new Map<string, string>();
    for (let i = 0; i < ORDERS; i++) {
      const outcome = this.outcomeOf(shuffled(usable, random), epochs, roots);
      const { facts } = outcome;
      must(first === undefined || first === facts, "I18", () => `${first}\nbut\n${facts}`);
      first = facts;
      for (const id of outcome.accepted) {
        const { from, seq } = txs.get(id)!.tx.body;
        const key = `${hex(from)} ${seq}`;
        const other = accepted.get(key) ?? id;
        must(other === id, "I15", () => `${id} in one order, ${other} in another`);
        accepted.set(key, id);
      }
    }
  }

  private outcomeOf(
    items: readonly Item[],
    epochs: readonly Epoch[],
    roots: readonly { id: Uint8Array; tMs: number }[],
  ): Outcome {
    const graph = new Graph({ capacity: CAPACITY, grows: true, window: CAPACITY, authors: 64 });
    for (const { id, tMs } of roots) graph.blocks.add(id, tMs);
    const pool = new UnsolidPool<SeenTx>({ countMax: 500, bytesMax: 1e7, timeoutMs: 1e12 });
    const ballot = fullBallot({ capacity: CAPACITY, membersMax: MEMBERS_MAX, earlyPerVoter: 500 });
    for (const epoch of epochs) ballot.open(electorateOf(epoch));
    const known = (id: Uint8Array): boolean => graph.parentTime(id) !== undefined;
    const spoken = new Spoken(items, this.off === "both");
    for (const item of items) {
      if ("vote" in item) {
        const txids = spoken.heard(item.vote);
        ballot.vote({ voter: item.vote.voter, txids }, item.bytes);
        continue;
      }
      const queue = [item.tx];
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { txid: id, body, bytes } = next.tx;
        const { parents, from, seq, epoch } = body;
        if (!parents.every(known)) {
          if (this.off !== "waits")
            pool.add({ id, parents, bytes: bytes.length, item: next }, known, 0);
          continue;
        }
        const handle = graph.add({ id, parents, stampMs: stampOf(next.tx), author: 0, seq });
        ballot.add({ txid: id, from, seq, epoch, tMs: graph.timeMs(handle), parents });
        queue.push(...pool.arrived(id));
      }
    }
    return concluded(graph, ballot, spoken);
  }
}

/** Who spoke for what, as far as items say: by votes, as the author, and as author of what comes after. */
class Spoken {
  private readonly rivals = new Map<string, string>();
  private readonly authors = new Map<string, string>();
  private readonly children = new Map<string, string[]>();
  private readonly voters = new Map<string, Set<string>>();
  private readonly firstCounts: boolean;
  private readonly first = new Map<string, string>();

  /** With `firstCounts` a voter counts for the first of several rivals that it was heard to name. */
  constructor(items: readonly Item[], firstCounts: boolean) {
    this.firstCounts = firstCounts;
    for (const item of items) {
      if ("vote" in item) {
        for (const txid of item.vote.txids) this.add(hex(txid), hex(item.vote.voter));
        continue;
      }
      const { id, parents, tx } = item.tx;
      this.authors.set(id, hex(tx.body.from));
      this.rivals.set(id, `${hex(tx.body.from)} ${tx.body.seq}`);
      for (const parent of parents)
        this.children.set(parent, [...(this.children.get(parent) ?? []), id]);
    }
  }

  private add(id: string, voter: string): void {
    const voters = this.voters.get(id) ?? new Set();
    this.voters.set(id, voters.add(voter));
  }

  heard({ voter, txids }: Vote): Uint8Array[] {
    if (!this.firstCounts) return txids;
    return txids.filter((txid) => {
      const key = `${hex(voter)} ${this.rivals.get(hex(txid))}`;
      const first = this.first.get(key) ?? hex(txid);
      this.first.set(key, first);
      return first === hex(txid);
    });
  }

  count(id: string): number {
    const all = new Set(this.voters.get(id));
    const future = new Set([id]);
    for (const one of future) {
      const author = this.authors.get(one);
      if (author) all.add(author);
      for (const child of this.children.get(one) ?? []) future.add(child);
    }
    return all.size;
  }

  keyOf(id: string): string | undefined {
    return this.rivals.get(id);
  }
}

/** Looks at what there is, and then lets a block decide: in its order the first of each number. */
function concluded(graph: Graph, ballot: Ballot, spoken: Spoken): Outcome {
  const handles: number[] = [];
  for (let handle = 0; handle < graph.end; handle++) handles.push(handle);
  handles.sort((a, b) => graph.compare(a, b));
  const accepted: string[] = [];
  const facts = handles.map((handle) => {
    const idBytes = graph.idOf(handle);
    const id = hex(idBytes);
    const [count, enough] = [ballot.count(idBytes), ballot.threshold(idBytes) ?? 0];
    const holds = ballot.state(idBytes) === TxState.accepted;
    if (holds) accepted.push(id);
    must(holds || count < enough, "I18", () => `${id}: ${count} of ${enough}, and not ACCEPTED`);
    const explained = count >= enough || spoken.count(id) >= enough;
    must(!holds || explained, "I18", () => `${id}: ACCEPTED with ${count} of ${enough}`);
    const voters = ballot.voters(idBytes).map(hex).join(" ");
    const dag = `${graph.timeMs(handle)} ${graph.weight(handle)} ${graph.caps.has(handle)}`;
    return `${id} ${dag} ${count} ${voters}`;
  });
  const winners = new Map<string | undefined, Uint8Array>();
  for (const handle of handles) {
    const id = graph.idOf(handle).slice();
    const key = spoken.keyOf(hex(id));
    if (!winners.has(key)) winners.set(key, id);
  }
  ballot.finalize([...winners.values()]);
  const states = handles.map((handle) => ballot.state(graph.idOf(handle)));
  return { facts: [...facts, `after a block: ${states}`].join("\n"), accepted };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = items.slice();
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
