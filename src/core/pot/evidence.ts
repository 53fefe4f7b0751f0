// SPDX-License-Identifier: Apache-2.0
/**
 * Proofs that somebody broke a rule that binds identities (ledger 4.4, 4.5). Each proves itself: whoever gets
 * one checks what the accused has signed, and needs to trust neither its carrier nor any state of his own.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { openSigned, type Refusal, verifySigned } from "../codec/record.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { refuse } from "../errors/codes.ts";
import { nodeIdOf } from "../identity.ts";
import { RecordKind } from "../records/common.ts";
import { type Body, bodyRecord, openTx, type PotToken } from "../records/tx.ts";
import { type Evidence, Fraud, type Vote, voteRecord } from "../records/vote.ts";
import { askRecord } from "../records/witness.ts";
import { cancelIn, covers } from "./cancel.ts";

/** Who did it, once it is proven, and of which number of whose chain. */
export interface Judged {
  ok: true;
  /** The one who did it: the id of `evidence.publicKey`. */
  author: Uint8Array;
  fraud: number;
  seq: number;
  /** The two transactions that exclude each other; one of them twice for `tokens`. */
  txids: [Uint8Array, Uint8Array];
}

/** A body in what its author signed. */
interface Said {
  body: Body;
  txid: Uint8Array;
  /** Of a transaction; an ask has none. */
  pot: PotToken[] | undefined;
}

/** Whether the items prove what `evidence` says of the owner of its key; EVIDENCE_INVALID where they don't. */
export function judge(crypto: Crypto, evidence: Evidence): Judged | Refusal {
  if (evidence.fraud === Fraud.votes) return judgeVotes(crypto, evidence);
  const { net, fraud, publicKey, items } = evidence;
  if (items.length !== 2) return invalid(`${items.length} items`);
  const author = nodeIdOf(crypto, publicKey);
  const said: Said[] = [];
  for (const item of items) {
    const one = openSaid(crypto, publicKey, item);
    if (!one) return invalid("an item that the accused has not signed");
    if (one.body.net !== net || !bytesEqual(one.body.from, author))
      return invalid("a body of another network or node");
    said.push(one);
  }
  const [a, b] = said;
  if (a.body.seq !== b.body.seq) return invalid("bodies with two numbers");
  const wrong = wrongPair(crypto, publicKey, fraud, a, b);
  if (wrong) return invalid(wrong);
  return { ok: true, author, fraud, seq: a.body.seq, txids: [a.txid, b.txid] };
}

/** Why two things that one author said under one number are no proof, or undefined where they are. */
function wrongPair(
  crypto: Crypto,
  publicKey: Uint8Array,
  fraud: number,
  a: Said,
  b: Said,
): string | undefined {
  const same = bytesEqual(a.txid, b.txid);
  if (fraud === Fraud.tokens) {
    if (!same || !a.pot || !b.pot) return "not two transactions with one body";
    return samePot(a.pot, b.pot) ? "the tokens are the same" : undefined;
  }
  if (same) return "one body";
  if (fraud === Fraud.bodies) {
    const [earlier, later] = a.body.tick <= b.body.tick ? [a, b] : [b, a];
    return takesBack(crypto, publicKey, later, earlier)
      ? "the later one takes back the other"
      : undefined;
  }
  if (fraud !== Fraud.cancelled) return `fraud ${fraud} is unknown`;
  if (!a.pot) return "the first item is no transaction";
  return takesBack(crypto, publicKey, b, a) ? undefined : "the transaction is not taken back";
}

/** Whether `by` holds a statement that covers `other`: one of the same tick never does. */
function takesBack(crypto: Crypto, publicKey: Uint8Array, by: Said, other: Said): boolean {
  const found = cancelIn(crypto, publicKey, by.body);
  if (!found.ok || !found.cancel) return false;
  return covers(found.cancel, other.body.seq, other.body.tick);
}

/** Two votes of one voter, and the bodies of two transactions with one number that they are for. */
function judgeVotes(crypto: Crypto, { net, fraud, publicKey, items }: Evidence): Judged | Refusal {
  if (items.length !== 4) return invalid(`${items.length} items`);
  const voter = nodeIdOf(crypto, publicKey);
  const bodies: { body: Body; txid: Uint8Array }[] = [];
  for (let i = 0; i < 2; i++) {
    const vote = openVote(crypto, publicKey, items[i]);
    if (!vote || vote.net !== net || !bytesEqual(vote.voter, voter))
      return invalid("a vote that is not the accused's");
    const body = bodyRecord.decode(items[2 + i]);
    if (!body.ok) return invalid("an item that is no body");
    if (body.value.net !== net) return invalid("a body of another network");
    const txid = domainHash(crypto, bodyRecord.domain, items[2 + i]);
    if (!vote.txids.some((voted) => bytesEqual(voted, txid))) return invalid("a vote for others");
    bodies.push({ body: body.value, txid });
  }
  const [a, b] = bodies;
  if (bytesEqual(a.txid, b.txid)) return invalid("one body");
  if (a.body.seq !== b.body.seq || !bytesEqual(a.body.from, b.body.from))
    return invalid("bodies that do not exclude each other");
  return { ok: true, author: voter, fraud, seq: a.body.seq, txids: [a.txid, b.txid] };
}

/** A signed ask begins as an envelope; a transaction is a record. */
function openSaid(crypto: Crypto, publicKey: Uint8Array, item: Uint8Array): Said | undefined {
  if (item.length > 2 && item[1] === TX_BYTE) {
    const opened = openTx(crypto, item);
    if (!opened.ok || !crypto.verify(publicKey, opened.tx.digest, opened.tx.signature)) return;
    return { body: opened.tx.body, txid: opened.tx.txid, pot: opened.tx.pot };
  }
  const ask = openSigned(askRecord, crypto, item);
  if (!ask.ok || !bytesEqual(ask.value.publicKey, publicKey)) return;
  if (!verifySigned(crypto, publicKey, ask)) return;
  const body = bodyRecord.decode(ask.value.body);
  if (!body.ok || body.value.net !== ask.value.net) return;
  const txid = domainHash(crypto, bodyRecord.domain, ask.value.body);
  return { body: body.value, txid, pot: undefined };
}

/** Second byte of a transaction: its kind as a CBOR integer below 24. An envelope has a byte string there. */
const TX_BYTE = RecordKind.tx;

function openVote(crypto: Crypto, publicKey: Uint8Array, item: Uint8Array): Vote | undefined {
  const vote = openSigned(voteRecord, crypto, item);
  return vote.ok && verifySigned(crypto, publicKey, vote) ? vote.value : undefined;
}

function samePot(a: PotToken[], b: PotToken[]): boolean {
  return bytesEqual(encodePot(a), encodePot(b));
}

function encodePot(pot: PotToken[]): Uint8Array {
  return encodeCbor(
    pot.map(({ witness, tMs, random, signature }) => [witness, tMs, random, signature]),
  );
}

function invalid(detail: string): Refusal {
  return refuse("EVIDENCE_INVALID", detail);
}
