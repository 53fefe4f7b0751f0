// SPDX-License-Identifier: Apache-2.0
/**
 * A node's ballot on XS. Events: 1 an epoch of as many members as the payload says, 2 as many transactions as
 * it follows, half of them rivals, with a vote of each member for each. The answer is what counts for each.
 */

import { Ballot, NODE_BALLOT, type VotedTx } from "#core/votes/ballot";
import { electorateOf } from "#core/votes/electorate";
import { utf8 } from "#host-sim/fleet/abi";
import type { XsGlobal } from "#host-sim/fleet/xs-crypto";

declare const host: XsGlobal;

function numbered(size: number, kind: number, number: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = number & 255;
  bytes[1] = number >> 8;
  bytes[2] = kind;
  return bytes;
}

/** Transactions in a row, each on the one before; the last two have one number. */
export function scriptVotes(capacity: number): VotedTx[] {
  const txs: VotedTx[] = [];
  for (let i = 0; i < capacity; i++) {
    const last = i === capacity - 1;
    const parents = i === 0 ? [] : [txs[last ? i - 2 : i - 1].txid];
    const from = numbered(16, 1, last ? i - 1 : i);
    txs.push({ txid: numbered(32, 2, i), from, seq: 7, epoch: 1, tMs: 1000 + i, parents });
  }
  return txs;
}

export function membersOf(n: number): { node: Uint8Array; publicKey: Uint8Array }[] {
  const publicKey = new Uint8Array(32);
  return Array.from({ length: n }, (_, i) => {
    const node = numbered(16, 1, i);
    return { node, publicKey };
  });
}

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runVotes(): void {
  let ballot: Ballot | undefined;
  let members = membersOf(0);
  host.onEvent = (kind, payload) => {
    if (kind === 1) members = membersOf(new Uint8Array(payload)[0]);
    if (kind === 2) {
      ballot = new Ballot({ ...NODE_BALLOT, membersMax: 128, own: members[0].node });
      ballot.open(electorateOf({ epoch: 1, members }));
    }
    if (kind !== 3 || !ballot) return;
    const txs = scriptVotes(NODE_BALLOT.capacity);
    for (const tx of txs) ballot.add(tx);
    const own = ballot.whatToVote(0);
    for (const { node } of members)
      for (const { txid } of txs.slice(0, -1))
        ballot.vote({ voter: node, txids: [txid] }, new Uint8Array(0));
    const counts = txs.map(({ txid }) => [ballot!.count(txid), ballot!.state(txid)]);
    host.post(3, utf8(JSON.stringify([own?.txids.length, counts])));
  };
}
