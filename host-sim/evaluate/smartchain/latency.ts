// SPDX-License-Identifier: Apache-2.0
/**
 * Waiting times in the simulator (ledger 4.7): a whole area with real nodes, a real gateway and a running
 * clock, where each node is some milliseconds away from the gateway. What is timed is a node's ask to its
 * transaction, and a transaction in the log to its threshold of votes (ACCEPTED) and its block (FINAL).
 */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { EPOCH_MEMBERS_MAX, VOTE_PERIOD_MS } from "#core/limits";
import { blockRecord } from "#core/records/block";
import { epochRecord } from "#core/records/epoch";
import { openTx } from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { UP_KINDS } from "#core/topics";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import {
  blockEntry,
  EntryKind,
  epochEntry,
  saidEntry,
  unpackEntry,
  voteEntry,
} from "#gateway/entries";
import type { LogEntry, LogStore } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";
import type { NodeEngine } from "../../fleet/types.ts";
import { v8Engine } from "../../fleet/v8-engine.ts";
import { gatewayOptions, nodeSetups, PROOF_OF_TIME, seededKey, tariffOf } from "../../setup.ts";
import { runSim } from "../../sim/run.ts";
import { loadWorld } from "../../worlds/load.ts";
import { randomStream } from "../../worlds/random.ts";
import { firstSlots } from "../../worlds/window.ts";
import { oneWayMs } from "./network.ts";
import { type Spread, spread } from "./stats.ts";

const SLOT_SECONDS = 900;
/** After so many periods of votes a transaction has them, or gets no more. */
const OVERDUE_MS = 5 * VOTE_PERIOD_MS;

export interface LatencySetup {
  seed: number;
  nodes: number;
  slots: number;
  committee: { k: number; m: number };
}

export interface LatencyResult {
  nodes: number;
  /** Of the epoch: in a small area all others witness. */
  k: number;
  m: number;
  threshold: number;
  transactions: number;
  /** From the ask to the transaction with its tokens, ms of protocol time. */
  tokensMs: Spread;
  /** From its place in the log to the threshold of votes, and to a block. */
  acceptedMs: Spread;
  finalMs: Spread;
  /** Share that had the votes before its block; and that waited for a block though votes were overdue. */
  acceptedFirst: number;
  unvoted: number;
}

/** What the simulator's time is, learnt from the first node that it starts. */
interface Watch {
  nowMs: () => number;
  /** Waits for tokens, ms. */
  waits: number[];
}

/** The engine, with an ear on what its nodes publish. */
function watched(inner: NodeEngine, watch: Watch): NodeEngine {
  return {
    name: inner.name,
    version: inner.version,
    crypto: inner.crypto,
    memory: () => inner.memory(),
    close: () => inner.close(),
    start: (setup, io) => {
      watch.nowMs = io.uptimeMs;
      let askedMs: number | undefined;
      return inner.start(setup, {
        ...io,
        publish: (topic, payload, retain) => {
          if (topic.endsWith("/up/ask")) askedMs ??= io.uptimeMs();
          if (topic.endsWith("/up/tx") && askedMs !== undefined) {
            watch.waits.push(io.uptimeMs() - askedMs);
            askedMs = undefined;
          }
          io.publish(topic, payload, retain);
        },
      });
    },
  };
}

export async function runLatency(crypto: Crypto, setup: LatencySetup): Promise<LatencyResult> {
  const { seed, nodes, slots, committee } = setup;
  const whole = loadWorld({ from: 0, days: 1, nodes, seed, slotSeconds: SLOT_SECONDS });
  const world = firstSlots(whole, slots);
  const gatewayKey = seededKey(crypto, seed, "gateway", 0);
  const watch: Watch = { nowMs: () => 0, waits: [] };
  const memory = openMemoryStore();
  const times: number[] = [];
  const store: LogStore = {
    append: (entries) => {
      memory.append(entries);
      for (const _ of entries) times.push(watch.nowMs());
    },
    read: (from) => memory.read(from),
    get length() {
      return memory.length;
    },
    drop: (head, before) => memory.drop(head, before),
    get gap() {
      return memory.gap;
    },
    keep: (name, bytes) => memory.keep(name, bytes),
    kept: (name) => memory.kept(name),
    close: () => memory.close(),
  };
  const random = randomStream(seed, 11);
  const ways = world.homes.map(() => oneWayMs(random));
  const choices = {
    genesisMicro: 100_000_000,
    deposit: undefined,
    market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
    slotTimeoutMs: 30_000,
    pot: { ...PROOF_OF_TIME, committee },
  } as const;
  await runSim({
    world,
    options: {
      ...gatewayOptions(world, gatewayKey, choices),
      clock: { kind: "running", ratePermille: 1000 },
    },
    tariff: tariffOf(world),
    setups: nodeSetups(crypto, world, seed, crypto.publicKey(gatewayKey)),
    engine: watched(v8Engine(), watch),
    crypto,
    store,
    log: () => {},
    latencyMs: (index) => ways[index],
  });
  return conclude(crypto, [...store.read()], times, nodes, watch.waits);
}

/** Votes as the log has them, counted once more, with the time of each. */
function conclude(
  crypto: Crypto,
  entries: readonly LogEntry[],
  times: readonly number[],
  nodes: number,
  waits: readonly number[],
): LatencyResult {
  const ballot = fullBallot({ ...GATEWAY_BALLOT, membersMax: EPOCH_MEMBERS_MAX });
  const said = new Map<string, number>();
  const accepted = new Map<string, number>();
  const final: number[] = [];
  let [k, m, threshold, unvoted] = [0, 0, 0, 0];
  const note = (ids: readonly Uint8Array[], atMs: number) => {
    for (const id of ids) accepted.set(toHex(id), atMs - (said.get(toHex(id)) ?? atMs));
  };
  entries.forEach(({ kind, bytes }, i) => {
    if (kind === EntryKind.epoch) {
      const opened = openSigned(epochRecord, crypto, unpackEntry(epochEntry, bytes).signed);
      assert(opened.ok, "EVALUATE_EPOCH");
      ({ k, m } = opened.value);
      ballot.open(electorateOf(opened.value));
    } else if (kind === EntryKind.said) {
      const entry = unpackEntry(saidEntry, bytes);
      if (UP_KINDS[entry.kind] !== "tx" || entry.code !== 0) return;
      const opened = openTx(crypto, entry.content);
      assert(opened.ok, "EVALUATE_TX");
      const { txid, body } = opened.tx;
      said.set(toHex(txid), times[i]);
      const { from, seq, epoch, parents, tsMs: tMs } = body;
      note(ballot.add({ txid, from, seq, epoch, tMs, parents }).accepted, times[i]);
      threshold = ballot.threshold(txid) ?? threshold;
    } else if (kind === EntryKind.vote) {
      const { signed } = unpackEntry(voteEntry, bytes);
      const opened = openSigned(voteRecord, crypto, signed);
      assert(opened.ok, "EVALUATE_VOTE");
      note(ballot.vote(opened.value, signed).accepted, times[i]);
    } else if (kind === EntryKind.block) {
      const block = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
      assert(block.ok, "EVALUATE_BLOCK");
      for (const id of block.value.txs) {
        const waitMs = times[i] - (said.get(toHex(id)) ?? times[i]);
        final.push(waitMs);
        if (!accepted.has(toHex(id)) && waitMs > OVERDUE_MS) unvoted++;
      }
      ballot.finalize(block.value.txs);
    }
  });
  return {
    ...{ nodes, k, m, threshold, transactions: said.size },
    tokensMs: spread(waits),
    acceptedMs: spread([...accepted.values()]),
    finalMs: spread(final),
    acceptedFirst: accepted.size / said.size,
    unvoted: unvoted / said.size,
  };
}
