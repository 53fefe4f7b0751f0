// SPDX-License-Identifier: Apache-2.0
/**
 * The rival (ledger 4.7): a conventional chain of blocks, written as plainly as it goes, with the same
 * records, hash, signatures, storage and balances check. Authors sign the same contents; a miner verifies B
 * of them, executes them, makes a Merkle tree and a header, and looks for a nonce. With 0 bits it is the
 * honest rival, a consortium without proof-of-work.
 *
 *   header = previous id ‖ Merkle root ‖ height u64 ‖ bits u32 ‖ count u32 ‖ nonce u64    (88 bytes)
 *   id     = SHA-256(header), with `bits` leading zeros
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { merkleRoot } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { openTx, signTx, type Tx } from "#core/records/tx";
import { EntryKind } from "#gateway/entries";
import { checkChain } from "#gateway/intake/tx";
import type { LogStore } from "#gateway/ports";
import { linkTx } from "#gateway/session";
import { openMemoryStore } from "#node/store/memory";
import { GENESIS } from "./author.ts";
import { CountedCrypto, Laps } from "./costs.ts";
import { Books, bodyOf, type Person } from "./scenario.ts";

const HEADER_BYTES = 88;
const NONCE_AT = 80;

/** What preparing a block takes, ms: its authors' work and its miner's. */
export const MINER_PARTS = ["body", "verify", "root", "pow", "store"] as const;
export type MinerPart = (typeof MINER_PARTS)[number];

export interface PreparedBlock {
  parts: Record<MinerPart, number>;
  totalMs: number;
  hashes: number;
  bytes: number;
}

function header(prev: Uint8Array, root: Uint8Array, height: number, bits: number, count: number) {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(prev, 0);
  bytes.set(root, 32);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(64, BigInt(height));
  view.setUint32(72, bits);
  view.setUint32(76, count);
  return bytes;
}

/** Whether a hash begins with `bits` zeros. */
export function meets(hash: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (hash[i] !== 0) return false;
  return hash[whole] >> (8 - (bits & 7)) === 0;
}

/** Counts the nonce of `bytes` up until its hash meets `bits`; the hash, and how many it took. */
export function mine(crypto: Crypto, bytes: Uint8Array, bits: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + NONCE_AT, 8);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(0, Math.floor(nonce / 2 ** 32));
    view.setUint32(4, nonce % 2 ** 32);
    const id = crypto.sha256(bytes);
    if (meets(id, bits)) return { id, hashes: nonce + 1 };
  }
}

/** Authors and the miner. */
export class Miner {
  readonly crypto: CountedCrypto;
  readonly store: LogStore = openMemoryStore();
  /** Headers as they were before their nonce was looked for. */
  readonly headers: Uint8Array[] = [];
  private readonly persons: readonly Person[];
  private readonly bits: number;
  private readonly books: Books;
  private readonly laps = new Laps<MinerPart>();
  private prev: Uint8Array = GENESIS;

  constructor(inner: Crypto, persons: readonly Person[], bits: number) {
    this.crypto = new CountedCrypto(inner);
    this.persons = persons;
    this.bits = bits;
    this.books = new Books(persons);
  }

  /** A block of the transactions from `first` on. */
  prepare(first: number, count: number): PreparedBlock {
    const { laps, crypto, bits, headers } = this;
    laps.start();
    const txs = Array.from({ length: count }, (_, i) => this.issue(first + i));
    laps.lap("body");
    const opened = txs.map(({ bytes }) => take(crypto, this.books, bytes));
    laps.lap("verify");
    const ids = opened.map(({ txid }) => txid);
    const bytes = header(this.prev, merkleRoot(crypto, ids), headers.length, bits, count);
    headers.push(bytes.slice());
    laps.lap("root");
    const { id, hashes } = mine(crypto, bytes, bits);
    this.prev = id;
    laps.lap("pow");
    const block = encodeCbor([bytes, txs.map((tx) => tx.bytes)]);
    this.store.append([{ kind: EntryKind.block, bytes: block }]);
    laps.lap("store");
    const parts = laps.take(MINER_PARTS);
    const totalMs = MINER_PARTS.reduce((sum, part) => sum + parts[part], 0);
    return { parts, totalMs, hashes, bytes: block.length };
  }

  private issue(index: number): Tx {
    const person = this.persons[index % this.persons.length];
    const session = this.books.sessions.get(person.id);
    assert(session, "EVALUATE_SESSION");
    const body = bodyOf(index, person, session, [this.prev]);
    return signTx(this.crypto, person.secretKey, body, index + 1);
  }
}

/** The checks of one transaction, and its execution. */
function take(crypto: Crypto, books: Books, bytes: Uint8Array): Tx {
  const opened = openTx(crypto, bytes);
  assert(opened.ok, "EVALUATE_BLOCK");
  const { tx } = opened;
  const session = books.sessions.get(toHex(tx.body.from));
  assert(session, "EVALUATE_BLOCK");
  assert(checkChain(session, tx) === undefined, "EVALUATE_CHAIN");
  assert(crypto.verify(session.member.publicKey, tx.digest, tx.signature), "EVALUATE_SIGNATURE");
  linkTx(session, tx, tx.body.tsMs);
  assert(books.apply(tx, tx.body.tsMs), "EVALUATE_BALANCE");
  return tx;
}

/** A second node that replays the blocks. */
export class BlockReplay {
  readonly crypto: CountedCrypto;
  private readonly books: Books;
  private readonly bits: number;
  private prev: Uint8Array = GENESIS;

  constructor(inner: Crypto, persons: readonly Person[], bits: number) {
    this.crypto = new CountedCrypto(inner);
    this.books = new Books(persons);
    this.bits = bits;
  }

  /** Checks and executes one block; what is not valid is a bug of the evaluation. */
  take(encoded: Uint8Array): number {
    const { crypto, bits } = this;
    const decoded = decodeCbor(encoded);
    assert("value" in decoded && Array.isArray(decoded.value), "EVALUATE_BLOCK");
    const [head, list] = decoded.value;
    assert(head instanceof Uint8Array && Array.isArray(list), "EVALUATE_BLOCK");
    const id = crypto.sha256(head);
    assert(meets(id, bits) && bytesEqual(head.subarray(0, 32), this.prev), "EVALUATE_HEADER");
    const txs = (list as Uint8Array[]).map((bytes) => take(crypto, this.books, bytes));
    const root = merkleRoot(
      crypto,
      txs.map(({ txid }) => txid),
    );
    assert(bytesEqual(root, head.subarray(32, 64)), "EVALUATE_ROOT");
    this.prev = id;
    return txs.length;
  }
}
