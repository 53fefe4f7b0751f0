// SPDX-License-Identifier: Apache-2.0
/**
 * SmartChain's side of the comparison: an author prepares a transaction, which is a block of the DAG, with the
 * code that nodes and gateways run. It selects two parents and verifies them (paper 2, IV), fixes the body,
 * asks k witnesses, checks m tokens, and signs.
 */
import { bytesEqual } from "#core/codec/bytes";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { Dag } from "#core/dag/dag";
import { Draws } from "#core/dag/draws";
import { Load } from "#core/dag/load";
import { CapSelector } from "#core/dag/select";
import { assert } from "#core/errors/assert";
import { checkPot } from "#core/pot/check";
import { Committees } from "#core/pot/committee";
import { Members, type PackedEpoch } from "#core/pot/members";
import type { PotParams } from "#core/pot/params";
import { checkToken, randomKeyOf, signToken } from "#core/pot/token";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { type Body, bodyRecord, openTx, type PotToken, signTx, type Tx } from "#core/records/tx";
import { type Ask, askRecord } from "#core/records/witness";
import { EntryKind } from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import { linkTx } from "#gateway/session";
import { openMemoryStore } from "#node/store/memory";
import { seededEntropy } from "../../fleet/entropy.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import { CountedCrypto, Laps } from "./costs.ts";
import {
  AGE_MAX_MS,
  Books,
  bodyOf,
  epochMembers,
  IN_FLIGHT,
  NET,
  ORIGIN_MS,
  type Person,
  stampMs,
} from "./scenario.ts";

/** What an author's processor does for one transaction. */
export const AUTHOR_PARTS = ["select", "parents", "body", "tokens", "sign", "store"] as const;
export type AuthorPart = (typeof AUTHOR_PARTS)[number];

/** One prepared transaction: the author's time by part and one witness's, ms. */
export interface Prepared {
  parts: Record<AuthorPart, number>;
  totalMs: number;
  witnessMs: number;
  parents: number;
  steps: number;
  txBytes: number;
  askBytes: number;
}

/** The id of a sealed block that the first transactions attach to. */
export const GENESIS = new Uint8Array(32).fill(1);
export const NO_GATEWAYS = Object.freeze({ gatewayKeys: [] });

export function epochOf(persons: readonly Person[], { k, m }: PotParams, seed: number): Epoch {
  const epoch: Epoch = {
    net: NET,
    gateway: new Uint8Array(16),
    epoch: 1,
    beacon: seededEntropy(seed, 1).bytes(32),
    reveals: new Uint8Array(0),
    startMs: ORIGIN_MS,
    epsilonMs: 2000,
    tauMs: 10_000,
    k,
    m,
    members: epochMembers(persons),
  };
  epochRecord.encode(epoch); // its fields are in range
  return epoch;
}

export class AuthorSide {
  readonly crypto: CountedCrypto;
  readonly witnessCrypto: CountedCrypto;
  readonly store: LogStore = openMemoryStore();
  readonly epoch: Epoch;
  readonly dag = new Dag();
  /** As a node keeps it. */
  private readonly packed: PackedEpoch;
  private readonly persons: readonly Person[];
  private readonly randomKeys: Uint8Array[];
  private readonly inner: Crypto;
  private readonly books: Books;
  private readonly selector: CapSelector;
  private readonly random: Random;
  private readonly laps = new Laps<AuthorPart | "witness">();
  /** Issued, and not yet seen by the others. */
  private readonly way: Tx[] = [];

  constructor(inner: Crypto, persons: readonly Person[], pot: PotParams, seed: number) {
    this.inner = inner;
    this.crypto = new CountedCrypto(inner);
    this.witnessCrypto = new CountedCrypto(inner);
    this.persons = persons;
    this.randomKeys = persons.map(({ secretKey }) => randomKeyOf(inner, secretKey));
    this.epoch = epochOf(persons, pot, seed);
    this.packed = { fields: this.epoch, members: Members.of(this.epoch.members) };
    this.books = new Books(persons);
    this.dag.seal(GENESIS, ORIGIN_MS, [], 0);
    this.selector = new CapSelector(
      this.dag.graph,
      new Draws(seededEntropy(seed, 2), 256),
      new Load(),
    );
    this.random = randomStream(seed, 3);
  }

  /** Prepares transaction `index`, and writes it to the log. */
  prepare(index: number): Prepared {
    const { laps, crypto, selector, epoch, packed } = this;
    const person = this.persons[index % this.persons.length];
    const session = this.books.sessions.get(person.id);
    assert(session, "EVALUATE_SESSION");
    this.arrive();
    laps.start();
    const chosen = selector.parents({ nowMs: stampMs(index), ageMaxMs: AGE_MAX_MS });
    const { steps } = selector;
    laps.lap("select");
    // Each author is another node: it has drawn none of these committees before.
    const committees = new Committees(crypto, packed);
    let parents = 0;
    for (const { id, block } of chosen) if (!block) parents += this.verifyParent(committees, id);
    laps.lap("parents");
    const ids = chosen.map(({ id }) => id).sort(compareIds);
    const body = bodyOf(index, person, session, ids);
    const encoded = bodyRecord.encode(body);
    const txid = domainHash(crypto, bodyRecord.domain, encoded);
    const { k } = epoch;
    const ask: Ask = { net: NET, publicKey: person.publicKey, body: encoded };
    const asked = k > 0 ? signRecord(askRecord, crypto, person.secretKey, ask).bytes : undefined;
    laps.lap("body");
    const pot = asked ? this.askWitnesses(committees, body, txid, asked) : [];
    const tx = signTx(crypto, person.secretKey, body, index + 1, pot);
    laps.lap("sign");
    this.store.append([{ kind: EntryKind.said, bytes: tx.bytes }]);
    this.way.push(tx);
    laps.lap("store");
    const { witness: witnessMs, ...parts } = laps.take([...AUTHOR_PARTS, "witness"]);
    const totalMs = AUTHOR_PARTS.reduce((sum, part) => sum + parts[part], 0);
    const [txBytes, askBytes] = [tx.bytes.length, asked?.length ?? 0];
    return { parts, totalMs, witnessMs, parents, steps, txBytes, askBytes };
  }

  /** What was issued IN_FLIGHT transactions ago is seen, and executed where it was checked. */
  private arrive(): void {
    if (this.way.length < IN_FLIGHT) return;
    const tx = this.way.shift()!;
    const { laps } = this;
    laps.start();
    const { tMs } = this.dag.add(tx);
    linkTx(this.books.sessions.get(personId(this.persons, tx))!, tx, tMs);
    assert(this.books.apply(tx, tMs), "EVALUATE_BALANCE");
    laps.lap("store");
  }

  /** Signature, tokens: what the paper's author verifies of each of the two caps. */
  private verifyParent(committees: Committees, id: Uint8Array): number {
    const { crypto } = this;
    const vertex = this.dag.get(id);
    assert(vertex, "EVALUATE_PARENT");
    const opened = openTx(crypto, vertex.tx.bytes);
    assert(opened.ok, "EVALUATE_PARENT");
    const { tx } = opened;
    const key = committees.keyOf(committees.indexOf(tx.body.from));
    assert(crypto.verify(key, tx.digest, tx.signature), "EVALUATE_SIGNATURE");
    assert(checkPot(crypto, committees, this.epoch, tx, NO_GATEWAYS).ok, "EVALUATE_TOKENS");
    return 1;
  }

  /** Tokens of the m of k that answer first, by rank. One witness's work is timed in full. */
  private askWitnesses(
    committees: Committees,
    body: Body,
    txid: Uint8Array,
    asked: Uint8Array,
  ): PotToken[] {
    const { crypto, laps, epoch, inner } = this;
    const { beacon, m } = epoch;
    const ranks = committees.of(body.from, body.tick);
    laps.lap("tokens");
    const context = { net: NET, beacon, body, txid };
    const answers = ranks.map((member, rank) => {
      const port = rank === 0 ? this.witnessCrypto : inner;
      if (rank === 0) this.witnessChecks(asked, txid, this.persons[member]);
      const { secretKey, idBytes } = this.persons[member];
      const atMs = body.tsMs + 20 + this.random.below(80);
      const token = signToken(port, secretKey, this.randomKeys[member], idBytes, context, atMs);
      if (rank === 0) laps.lap("witness");
      return { token, member, rank, order: this.random.next() };
    });
    const first = answers.sort((a, b) => a.order - b.order).slice(0, m);
    first.sort((a, b) => a.rank - b.rank);
    laps.start();
    for (const { token, member } of first)
      assert(checkToken(crypto, committees.keyOf(member), context, token), "EVALUATE_TOKEN");
    laps.lap("tokens");
    return first.map(({ token }) => token);
  }

  /** What a witness does before it signs, but for its log in flash. */
  private witnessChecks(asked: Uint8Array, txid: Uint8Array, witness: Person): void {
    const { witnessCrypto: crypto } = this;
    const signed = openSigned(askRecord, crypto, asked);
    assert(signed.ok, "EVALUATE_ASK");
    const opened = bodyRecord.decode(signed.value.body);
    assert(opened.ok, "EVALUATE_ASK");
    const own = new Committees(crypto, this.packed);
    const { from, tick } = opened.value;
    assert(own.rank(from, tick, witness.idBytes) >= 0, "EVALUATE_RANK");
    assert(verifySigned(crypto, signed.value.publicKey, signed), "EVALUATE_ASK");
    const same = domainHash(crypto, bodyRecord.domain, signed.value.body);
    assert(bytesEqual(same, txid), "EVALUATE_ASK");
  }
}

function personId(persons: readonly Person[], { said }: Tx): string {
  return persons[(said - 1) % persons.length].id;
}

function compareIds(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
