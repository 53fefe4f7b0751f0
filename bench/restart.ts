// SPDX-License-Identifier: Apache-2.0
/**
 * A restart at a million transactions: the ledger from the whole log, and from a snapshot and the log's tail.
 * Contents are RESERVEs of a hundred members in turn, each slot of them closed, among five thousand accounts;
 * signatures are not checked when a log is read again, so that they are zeros here. Beside it a gateway's own
 * log is replayed by the gateway, with everything that it keeps in memory.
 */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ascii, bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { stateFromLeaves, stateLeaves } from "#core/ledger/snapshot";
import type { LedgerState } from "#core/ledger/state";
import { openTx, signTx } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { EntryKind, packEntry, saidEntry, unpackEntry } from "#gateway/entries";
import type { LogEntry, LogStore } from "#gateway/ports";
import { linkTx } from "#gateway/session";
import { processorMs } from "#host-sim/evaluate/smartchain/costs";
import {
  Books,
  bodyOf,
  MEMBERS,
  type Person,
  people,
  stampMs,
} from "#host-sim/evaluate/smartchain/scenario";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openStore } from "#node/store/sqlite";
import { replayOwnLog } from "./replay.ts";
import { restartWhole } from "./restart-whole.ts";
import { judged, progress, type Target } from "./target.ts";

const TXS = 1_000_000;
/** Transactions since the last snapshot, at most: one snapshot in so many. */
const TAIL = 20_000;
const ACCOUNTS = 5000;
const BLOCK = 1000;
const SECONDS_MAX = 10;

const TX_KIND = UP_KINDS.indexOf("tx");

/** A ledger as a restart builds it up. */
class Ledger {
  readonly books: Books;
  private readonly crypto: Crypto;
  private count = 0;

  /** `state`: where it begins; without one, with the first transaction. */
  constructor(crypto: Crypto, persons: readonly Person[], state?: LedgerState) {
    this.crypto = crypto;
    this.books = new Books(persons, state);
    if (!state) idleAccounts(crypto, this.books.state, ACCOUNTS - MEMBERS);
  }

  take({ bytes }: LogEntry): void {
    const { content } = unpackEntry(saidEntry, bytes);
    const opened = openTx(this.crypto, content);
    assert(opened.ok, "BENCH_TX");
    const { tx } = opened;
    assert(this.books.apply(tx, tx.body.tsMs), "BENCH_APPLY");
    if (++this.count % BLOCK === 0) this.books.state.root(this.crypto);
  }

  root(): Uint8Array {
    return this.books.state.root(this.crypto);
  }
}

/** Members of other areas, with as many addresses as they have. */
function idleAccounts(crypto: Crypto, state: LedgerState, count: number): void {
  for (let i = 0; i < count; i++) {
    const hash = crypto.sha256(ascii(`account ${i}`));
    const node = toHex(hash.subarray(0, 16));
    const wallets = Array.from({ length: 16 }, (_, k) =>
      toHex(crypto.sha256(ascii(`${node} ${k}`)).subarray(0, 20)),
    );
    const key = { walletKey: hash, walletProof: new Uint8Array(64), addresses: 16, set: 0 };
    const member = { net: "n", publicKey: hash, name: node.slice(8), capacityWh: 1, ...key };
    state.addAccount(node, member, { set: 0, commitment: hash, wallets });
  }
}

function fill(crypto: Crypto, persons: readonly Person[], store: LogStore): void {
  const quick: Crypto = { ...crypto, sign: () => new Uint8Array(64) };
  const { sessions } = new Books(persons);
  let parent = crypto.sha256(ascii("genesis"));
  let batch: { kind: number; bytes: Uint8Array }[] = [];
  for (let i = 0; i < TXS; i++) {
    const person = persons[i % MEMBERS];
    const session = sessions.get(person.id)!;
    const body = bodyOf(i, person, session, [parent]);
    const tx = signTx(quick, person.secretKey, body, session.txSeq + 1);
    linkTx(session, tx, stampMs(i));
    parent = tx.txid;
    const said = { node: person.idBytes, seq: tx.body.seq, kind: TX_KIND, code: 0 };
    const bytes = packEntry(saidEntry, { ...said, content: tx.bytes });
    batch.push({ kind: EntryKind.said, bytes });
    if (batch.length < BLOCK) continue;
    store.append(batch);
    batch = [];
  }
}

interface Kept {
  /** How many entries of the log it stands for, and the root of its state. */
  index: number;
  root: Uint8Array;
  bytes: number;
}

/** Leaves one after the other, each after its length; on the disk when it returns. */
function writeSnapshot(crypto: Crypto, file: string, state: LedgerState, index: number): Kept {
  const root = state.root(crypto);
  const parts: Buffer[] = [];
  for (const leaf of stateLeaves(crypto, state)) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(leaf.length);
    parts.push(length, Buffer.from(leaf));
  }
  const all = Buffer.concat(parts);
  const handle = openSync(file, "w");
  writeSync(handle, all);
  fsyncSync(handle);
  closeSync(handle);
  return { index, root, bytes: all.length };
}

function readSnapshot(crypto: Crypto, file: string, root: Uint8Array): LedgerState {
  const all = new Uint8Array(readFileSync(file));
  const view = new DataView(all.buffer);
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const length = view.getUint32(at);
    leaves.push(all.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const found = stateFromLeaves(crypto, leaves, root);
  assert(found.ok, "BENCH_SNAPSHOT", found.ok ? "" : found.detail);
  return found.state;
}

/** Processor time: other work on the machine must not decide. */
function timed<T>(work: () => T): { value: T; seconds: number; elapsed: number } {
  const [fromMs, startMs] = [processorMs(), performance.now()];
  const value = work();
  const seconds = (processorMs() - fromMs) / 1000;
  return { value, seconds, elapsed: (performance.now() - startMs) / 1000 };
}

export async function restart(): Promise<Target[]> {
  const crypto = sodiumCrypto();
  const dir = mkdtempSync(join(tmpdir(), "wattle-restart-"));
  const [path, file] = [join(dir, "log.db"), join(dir, "snapshot")];
  try {
    const persons = people(crypto, 1);
    const writing = openStore(path);
    const filling = timed(() => fill(crypto, persons, writing));
    writing.close();
    progress(`${TXS} transactions written in ${filling.seconds.toFixed(0)} s`);
    const all = timed(() => replayAll(crypto, persons, path, file));
    const { kept, root, snapshotSeconds } = all.value;
    const replaySeconds = all.seconds - snapshotSeconds;
    progress(`the whole log: ${replaySeconds.toFixed(1)} s`);
    progress(
      `a snapshot of ${ACCOUNTS} accounts: ${(kept.bytes / 1e6).toFixed(1)} MB, ` +
        `written in ${snapshotSeconds.toFixed(2)} s`,
    );
    const again = timed(() => restartFrom(crypto, persons, path, file, kept));
    assert(bytesEqual(again.value.root, root), "BENCH_ROOT");
    const { openSeconds, stateSeconds, tailSeconds } = again.value;
    const parts = [
      `elapsed ${again.elapsed.toFixed(2)} s`,
      `open ${openSeconds.toFixed(2)} s`,
      `snapshot ${stateSeconds.toFixed(2)} s`,
      `${TAIL} transactions of tail ${tailSeconds.toFixed(2)} s`,
    ];
    const whole = `the whole log takes ${replaySeconds.toFixed(1)} s; same state root`;
    const note = `${parts.join(", ")}; ${whole}; ${await ownLog()}`;
    return [
      {
        target: "8",
        what: `restart of the ledger at ${TXS} transactions, processor time`,
        required: `≤ ${SECONDS_MAX} s`,
        measured: `${again.seconds.toFixed(2)} s`,
        result: judged(again.seconds <= SECONDS_MAX),
        note,
      },
      await wholeGateway(),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The gateway as it is, from its checkpoint. */
async function wholeGateway(): Promise<Target> {
  const found = await restartWhole(TXS);
  const { members, entries, storeBytes, checkpointBytes, openMs, startMs, elapsedMs } = found;
  const seconds = (openMs + startMs) / 1000;
  const sizes = `${entries} entries, ${(storeBytes / 1e9).toFixed(1)} GB`;
  const checkpoint = `checkpoint ${(checkpointBytes / 1e6).toFixed(1)} MB`;
  return {
    target: "8b",
    what: `restart of the whole gateway at ${TXS} transactions from its checkpoint, processor time`,
    required: `≤ ${SECONDS_MAX} s`,
    measured: `${seconds.toFixed(2)} s`,
    result: judged(seconds <= SECONDS_MAX),
    note: `elapsed ${(elapsedMs / 1000).toFixed(2)} s, ${members} members, ${sizes}, ${checkpoint}`,
  };
}

/** The same question to the gateway without a checkpoint: it has more than the ledger to build. */
async function ownLog(): Promise<string> {
  const { transactions, totalMs, kindMs } = await replayOwnLog();
  const kinds = Object.entries(kindMs).sort(([, a], [, b]) => b - a);
  const parts = kinds
    .slice(0, 4)
    .map(([kind, ms]) => `${kind} ${((100 * ms) / totalMs).toFixed(0)} %`);
  const each = totalMs / transactions;
  progress(`a gateway's own log: ${each.toFixed(2)} ms a transaction; ${parts.join(", ")}`);
  return `a whole gateway replays its log at ${each.toFixed(2)} ms a transaction`;
}

/** As restarts are without snapshots; on the way it writes the one that the next restart begins with. */
function replayAll(crypto: Crypto, persons: readonly Person[], path: string, file: string) {
  const store = openStore(path);
  const ledger = new Ledger(crypto, persons);
  let [kept, snapshotSeconds]: [Kept | undefined, number] = [undefined, 0];
  for (const entry of store.read()) {
    ledger.take(entry);
    if (entry.index !== TXS - TAIL) continue;
    const { state } = ledger.books;
    const written = timed(() => writeSnapshot(crypto, file, state, entry.index));
    kept = written.value;
    snapshotSeconds = written.seconds;
  }
  store.close();
  assert(kept, "BENCH_SNAPSHOT");
  return { kept, root: ledger.root(), snapshotSeconds };
}

function restartFrom(
  crypto: Crypto,
  persons: readonly Person[],
  path: string,
  file: string,
  kept: Kept,
) {
  const opening = timed(() => openStore(path));
  const store = opening.value;
  const reading = timed(() => readSnapshot(crypto, file, kept.root));
  const ledger = new Ledger(crypto, persons, reading.value);
  const tail = timed(() => {
    for (const entry of store.read(kept.index + 1)) ledger.take(entry);
    return ledger.root();
  });
  store.close();
  return {
    root: tail.value,
    openSeconds: opening.seconds,
    stateSeconds: reading.seconds,
    tailSeconds: tail.seconds,
  };
}
