// SPDX-License-Identifier: Apache-2.0
/**
 * The chain as this gateway holds it: pending events, blocks that are prepared on forks of the state, the one
 * of them that is decided, and their replay from the log.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import type { Dag, Vertex } from "#core/dag/dag";
import { assert } from "#core/errors/assert";
import type { FeederWord } from "#core/ledger/arbitrate";
import {
  type LedgerEvent,
  type MintOrder,
  type PreparedBlock,
  prepareBlock,
} from "#core/ledger/execute";
import { type RewardTerms, rewardPlan } from "#core/ledger/rewards";
import { LedgerState } from "#core/ledger/state";
import { BLOCK_EVENTS_MAX, BLOCK_TXS_MAX, PARENT_SLACK_SLOTS } from "#core/limits";
import { type Block, type BlockHeader, blockRecord, headerRecord } from "#core/records/block";
import type { Batch } from "../batch.ts";
import type { World } from "../world.ts";
import type { Consensus, Decided } from "./consensus.ts";
import { mintsOf } from "./on-ramp.ts";

/** A block that is in the chain. */
export interface SealedBlock {
  header: BlockHeader;
  headerBytes: Uint8Array;
  id: Uint8Array;
  block: Block;
  bytes: Uint8Array;
  vertices: Vertex[];
}

/** All that a block follows from, beside the state and the block before. */
export interface BlockInput {
  epoch: number;
  leader: Uint8Array;
  atMs: number;
  /** The slot in which it is sealed. */
  slot: number;
  events: LedgerEvent[];
  mints: MintOrder[];
  /** In the order in which they are executed. */
  vertices: Vertex[];
  closed: number[];
}

/** A block that is executed and not decided. */
export interface Candidate extends PreparedBlock {
  header: BlockHeader;
  input: BlockInput;
}

export interface ChainOptions {
  net: string;
  /** Whose the next block is. */
  leader(): Uint8Array;
  /** What leaders and sellers are rewarded by. */
  rewards?: RewardTerms;
  /** The area's feeder meter at the close of a slot. */
  word(slot: number): FeederWord | undefined;
}

export class Chain {
  readonly state = new LedgerState();
  /** The last block; undefined before genesis. */
  head: SealedBlock | undefined;
  private readonly options: ChainOptions;
  private readonly crypto: Crypto;
  private readonly dag: Dag;
  private readonly world: World;
  private readonly events = new Map<string, LedgerEvent>();
  /** Addresses in those events: taken, and not in the ledger yet. */
  private readonly promised = new Set<string>();

  constructor(options: ChainOptions, crypto: Crypto, dag: Dag, world: World) {
    this.options = options;
    this.crypto = crypto;
    this.dag = dag;
    this.world = world;
  }

  /** A signed record that the next block applies. */
  addEvent(event: LedgerEvent): void {
    this.events.set(toHex(event.id), event);
    if (event.type === "member" || event.type === "wallets")
      for (const wallet of event.wallets.wallets) this.promised.add(wallet);
  }

  /** Events that wait for their block. */
  get waiting(): Iterable<LedgerEvent> {
    return this.events.values();
  }

  /** Whether some account has this address, or will have it with the next block. */
  ownsWallet(wallet: string): boolean {
    return this.promised.has(wallet) || this.state.owners.has(wallet);
  }

  private takeEvent(event: LedgerEvent): void {
    this.events.delete(toHex(event.id));
    if (event.type === "member" || event.type === "wallets")
      for (const wallet of event.wallets.wallets) this.promised.delete(wallet);
  }

  /** Whether a block would hold anything. */
  get pending(): boolean {
    return this.events.size > 0 || this.dag.open > 0;
  }

  /** Whether more is pending than one block can hold. */
  get overfull(): boolean {
    return this.events.size > BLOCK_EVENTS_MAX || this.dag.open > BLOCK_TXS_MAX;
  }

  /** Prepares the next block over what is pending, and proposes it. */
  seal(
    consensus: Consensus,
    batch: Batch,
    slot: number,
    mints: MintOrder[],
    closed: number[],
    sealed: (block: SealedBlock, batch: Batch) => void,
  ): void {
    const candidate = this.prepare(this.pendingInput(slot, mints, closed));
    consensus.propose(candidate.header, batch, (decided, then) =>
      sealed(this.commit(candidate, decided), then),
    );
  }

  /** What is pending as a block, events before transactions. */
  pendingInput(slot: number, mints: MintOrder[], closed: number[]): BlockInput {
    const { world, options } = this;
    const events = [...this.events.values()].slice(0, BLOCK_EVENTS_MAX);
    // A transaction may rest on any event before it: it waits until all are in a block.
    const allEvents = events.length === this.events.size;
    const vertices = allEvents ? this.dag.unsealed().slice(0, BLOCK_TXS_MAX) : [];
    const atMs = Math.max(world.nowMs(), this.head?.header.atMs ?? 0);
    const { epoch } = world;
    return { epoch, leader: options.leader(), atMs, slot, events, mints, vertices, closed };
  }

  /**
   * Executes the block after the head on a fork, whoever proposes it: chain and state stay as they are.
   * There may be several candidates for one height; `commit` takes one, and the others are void.
   */
  prepare(input: BlockInput): Candidate {
    const { crypto, head, options, world } = this;
    const { epoch, leader, atMs, slot, vertices, events, mints, closed } = input;
    const terms = options.rewards;
    const txs = vertices.map(({ tx, tMs }) => ({ tx, tMs }));
    const prepared = prepareBlock(
      crypto,
      this.state,
      {
        events,
        mints,
        txs,
        closed,
        ...(terms && { reward: rewardPlan(crypto, terms, leader, atMs) }),
      },
      (n) => world.startMs(n),
      (n) => options.word(n),
    );
    const { net } = options;
    const height = head ? head.header.height + 1 : 0;
    const place = { net, height, prev: head?.id, epoch, leader, atMs, slot };
    return { ...prepared, header: { ...place, ...prepared.roots }, input };
  }

  /**
   * The candidate is decided: it becomes the head, and its fork the state. `encoded` is the whole block, where
   * that is at hand.
   */
  commit(candidate: Candidate, decided: Decided, encoded?: Uint8Array): SealedBlock {
    const { header, body, fork, input } = candidate;
    const { events, vertices } = input;
    const { id, bytes: headerBytes } = decided;
    this.state.adopt(fork);
    for (const event of events) this.takeEvent(event);
    const block: Block = { header: headerBytes, ...body };
    const bytes = encoded ?? blockRecord.encode(block);
    return this.adopt({ header, headerBytes, id, block, bytes, vertices });
  }

  /** Applies a block of the log again: it must come out as it did before. */
  replay(bytes: Uint8Array): SealedBlock {
    const decoded = blockRecord.decode(bytes);
    assert(decoded.ok, "LOG_BLOCK");
    const block = decoded.value;
    const opened = openSigned(headerRecord, this.crypto, block.header);
    assert(opened.ok, "LOG_HEADER");
    const { epoch, leader, atMs, slot, height, stateRoot } = opened.value;
    const events = block.events.map((id) => {
      const event = this.events.get(toHex(id));
      assert(event, "LOG_EVENT", toHex(id));
      return event;
    });
    const vertices = block.txs.map((txid) => {
      const vertex = this.dag.get(txid);
      assert(vertex, "LOG_TX", toHex(txid));
      return vertex;
    });
    const mints = mintsOf(block);
    const { closed } = block;
    const input = { epoch, leader, atMs, slot, events, mints, vertices, closed };
    const candidate = this.prepare(input);
    const sameRoot = bytesEqual(candidate.header.stateRoot, stateRoot);
    assert(sameRoot, "LOG_STATE_ROOT", `height ${height}`);
    const sameHeader = bytesEqual(headerRecord.encode(candidate.header), opened.record);
    assert(sameHeader, "LOG_HEADER_FIELDS", `height ${height}`);
    return this.commit(candidate, { id: opened.id, bytes: block.header }, bytes);
  }

  private adopt(sealed: SealedBlock): SealedBlock {
    const { header, id, vertices, block } = sealed;
    // What is older than A_max cannot be a parent any more; some slack for bodies and messages under way.
    const { ageMaxMs, slotMs } = this.world;
    const forgetBeforeMs = header.atMs - ageMaxMs - PARENT_SLACK_SLOTS * slotMs;
    this.dag.seal(id, header.atMs, vertices, forgetBeforeMs);
    for (const slot of block.closed) this.world.closeSlot(slot);
    this.head = sealed;
    return sealed;
  }
}
