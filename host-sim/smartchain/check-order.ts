// SPDX-License-Identifier: Apache-2.0
/** I18: the same transactions and votes in any order give the same DAG, caps, weights, counts and states. */
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { Graph } from "#core/dag/graph";
import { UnsolidPool } from "#core/dag/unsolid";
import { stampOf } from "#core/pot/token";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { type Vote, voteRecord } from "#core/records/vote";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { EntryKind, epochEntry, unpackEntry, voteEntry } from "#gateway/entries";
import type { Random } from "../worlds/random.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import type { Street } from "./street.ts";
import { must } from "./violation.ts";

const ORDERS = 3;
/** More than a run has: nothing is forgotten. */
const CAPACITY = 512;
const MEMBERS_MAX = 32;

export type Item = { tx: SeenTx } | { vote: Vote; bytes: Uint8Array };

export class OrderCheck {
  private readonly crypto: Crypto;
  /** Off: what comes before its parents is dropped. */
  waits = true;

  constructor(crypto: Crypto) {
    this.crypto = crypto;
  }

  /** All that the gateway took, in several orders. */
  permuted(street: Street, txs: ReadonlyMap<string, SeenTx>): void {
    const items: Item[] = [];
    const epochs: Epoch[] = [];
    const roots = new Map<string, { id: Uint8Array; tMs: number }>();
    for (const tx of txs.values()) items.push({ tx });
    for (const { tx, parents } of txs.values())
      tx.body.parents.forEach((id, i) => {
        if (!txs.has(parents[i])) roots.set(parents[i], { id, tMs: 0 });
      });
    for (const { kind, bytes } of street.store.read()) {
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
    this.compare(items, epochs.slice(-2), [...roots.values()].slice(-4), street.random, txs);
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
    for (let i = 0; i < ORDERS; i++) {
      const state = this.stateAfter(shuffled(usable, random), epochs, roots);
      must(first === undefined || first === state, "I18", () => `${first}\nbut\n${state}`);
      first = state;
    }
  }

  private stateAfter(
    items: readonly Item[],
    epochs: readonly Epoch[],
    roots: readonly { id: Uint8Array; tMs: number }[],
  ): string {
    const graph = new Graph({ capacity: CAPACITY, grows: true, window: CAPACITY, authors: 64 });
    for (const { id, tMs } of roots) graph.blocks.add(id, tMs);
    const pool = new UnsolidPool<SeenTx>({ countMax: 500, bytesMax: 1e7, timeoutMs: 1e12 });
    const ballot = fullBallot({ capacity: CAPACITY, membersMax: MEMBERS_MAX, earlyPerVoter: 500 });
    for (const epoch of epochs) ballot.open(electorateOf(epoch));
    const known = (id: Uint8Array): boolean => graph.parentTime(id) !== undefined;
    for (const item of items) {
      if ("vote" in item) {
        ballot.vote(item.vote, item.bytes);
        continue;
      }
      const queue = [item.tx];
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { txid: id, body, bytes } = next.tx;
        const { parents, from, seq, epoch } = body;
        if (!parents.every(known)) {
          if (this.waits) pool.add({ id, parents, bytes: bytes.length, item: next }, known, 0);
          continue;
        }
        const handle = graph.add({ id, parents, stampMs: stampOf(next.tx), author: 0, seq });
        ballot.add({ txid: id, from, seq, epoch, tMs: graph.timeMs(handle), parents });
        queue.push(...pool.arrived(id));
      }
    }
    const lines: string[] = [];
    for (let handle = 0; handle < graph.end; handle++) {
      const id = graph.idOf(handle).slice();
      const dag = `${graph.timeMs(handle)} ${graph.weight(handle)} ${graph.caps.has(handle)}`;
      lines.push(`${hex(id)} ${dag} ${ballot.count(id)} ${ballot.state(id)}`);
    }
    return lines.sort().join("\n");
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = items.slice();
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
