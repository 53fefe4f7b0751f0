// SPDX-License-Identifier: Apache-2.0
/**
 * Double votes (ledger 4.5): what proves that a member spoke for two transactions with one number of one
 * author. A vote says it with the transaction's id; a transaction does with its list of parents.
 */
import { bytesEqual, toHex } from "../codec/bytes.ts";
import { openSigned, verifySigned } from "../codec/record.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import type { Code } from "../errors/codes.ts";
import { nodeIdOf } from "../identity.ts";
import { EVIDENCE_ITEM_BYTES_MAX } from "../limits.ts";
import { bodyRecord, openTx } from "../records/tx.ts";
import { type Evidence, evidenceRecord, Fraud, type Vote, voteRecord } from "../records/vote.ts";

/** Something signed: a vote as it came, or the id of a transaction, which the caller has. */
export type Statement =
  | { readonly vote: Uint8Array; readonly tx?: undefined }
  | { readonly tx: Uint8Array; readonly vote?: undefined };

/** `statements[i]` names `txids[i]`. */
export interface DoubleVote {
  readonly voter: Uint8Array;
  readonly txids: readonly [Uint8Array, Uint8Array];
  readonly statements: readonly [Statement, Statement];
}

interface Kept {
  readonly voter: Uint8Array;
  readonly txids: readonly Uint8Array[];
  readonly bytes: Uint8Array;
}

/** The latest votes as they came, and whose double votes were told already. */
export class VoteLog {
  private readonly max: number;
  private readonly kept: Kept[] = [];
  private next = 0;
  private readonly told = new Set<string>();

  constructor(max: number) {
    this.max = max;
  }

  /** Keeps a vote of which something was new. */
  keep(vote: Pick<Vote, "voter" | "txids">, bytes: Uint8Array): void {
    this.kept[this.next] = { voter: vote.voter, txids: vote.txids, bytes };
    this.next = (this.next + 1) % this.max;
  }

  /** The vote of `voter` for `txid`, if it is still here. */
  find(voter: Uint8Array, txid: Uint8Array): Uint8Array | undefined {
    return this.kept.find(
      (one) => bytesEqual(one.voter, voter) && one.txids.some((named) => bytesEqual(named, txid)),
    )?.bytes;
  }

  /** Whether it is to be told: once for each voter, by `mark`. */
  isNew(voter: Uint8Array): boolean {
    return !this.told.has(toHex(voter));
  }

  mark(voter: Uint8Array): void {
    this.told.add(toHex(voter));
  }
}

/**
 * The record that proves it: both statements, then the two bodies, whose hashes are what they name. Undefined
 * where an item is larger than a proof may carry.
 */
export function doubleVoteEvidence(
  net: string,
  publicKey: Uint8Array,
  statements: readonly [Uint8Array, Uint8Array],
  bodies: readonly [Uint8Array, Uint8Array],
): Uint8Array | undefined {
  const items = [...statements, ...bodies];
  let bytes = 0;
  for (const item of items) {
    if (item.length > EVIDENCE_ITEM_BYTES_MAX) return undefined;
    bytes += item.length;
  }
  const framing = 256;
  if (bytes + framing > evidenceRecord.bytesMax) return undefined;
  return evidenceRecord.encode({ net, fraud: Fraud.votes, publicKey, items });
}

/** What a proof of a double vote shows. */
export type DoubleVoteVerdict =
  | { readonly ok: true; readonly voter: Uint8Array; readonly byVotes: boolean }
  | { readonly ok: false; readonly code: Code; readonly detail: string };

/**
 * Checks the items: `[statement, statement, body, body]`. The bodies are two, of one author and number; the
 * first statement names the first, the second the second; both are signed by the key of the record.
 * `byVotes`: both are votes. Of a transaction its author can say that it took the parents as it was told them.
 */
export function checkDoubleVote(crypto: Crypto, evidence: Evidence): DoubleVoteVerdict {
  const { items, fraud, net } = evidence;
  if (fraud !== Fraud.votes || items.length !== 4)
    return invalid("not two statements and two bodies");
  const ids: Uint8Array[] = [];
  const authors: string[] = [];
  for (const item of items.slice(2)) {
    const body = bodyRecord.decode(item);
    if (!body.ok || body.value.net !== net) return invalid("not a body of this network");
    ids.push(domainHash(crypto, bodyRecord.domain, item));
    authors.push(`${toHex(body.value.from)} ${body.value.seq}`);
  }
  if (bytesEqual(ids[0], ids[1]) || authors[0] !== authors[1])
    return invalid("the bodies are not two of one number");
  const voter = nodeIdOf(crypto, evidence.publicKey);
  let byVotes = true;
  for (const [i, item] of items.slice(0, 2).entries()) {
    const named = namedBy(crypto, item, evidence, voter);
    if (!named) return invalid(`statement ${i} is not signed by the voter`);
    if (!named.ids.some((id) => bytesEqual(id, ids[i])))
      return invalid(`statement ${i} names it not`);
    byVotes &&= named.vote;
  }
  return { ok: true, voter, byVotes };
}

/** What a statement names, if it is one of this voter. */
function namedBy(
  crypto: Crypto,
  item: Uint8Array,
  { net, publicKey }: Evidence,
  voter: Uint8Array,
): { ids: readonly Uint8Array[]; vote: boolean } | undefined {
  const vote = openSigned(voteRecord, crypto, item);
  if (vote.ok) {
    const own = vote.value.net === net && bytesEqual(vote.value.voter, voter);
    if (!own || !verifySigned(crypto, publicKey, vote)) return undefined;
    return { ids: vote.value.txids, vote: true };
  }
  const opened = openTx(crypto, item);
  if (!opened.ok) return undefined;
  const { body, digest, signature } = opened.tx;
  const own = body.net === net && bytesEqual(body.from, voter);
  if (!own || !crypto.verify(publicKey, digest, signature)) return undefined;
  return { ids: body.parents, vote: false };
}

function invalid(detail: string): DoubleVoteVerdict {
  return { ok: false, code: "EVIDENCE_INVALID", detail };
}
