// SPDX-License-Identifier: Apache-2.0
/**
 * The chain as this gateway holds it: pending events, the sealing of blocks, and their replay from
 * the log.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import type { Dag, Vertex } from "#core/dag/dag";
import { assert } from "#core/errors/assert";
import type { FeederWord } from "#core/ledger/arbitrate";
import {
  antichain,
  type BlockPlan,
  type BlockResult,
  blockRoots,
  executeBlock,
  type LedgerEvent,
  type MintOrder,
} from "#core/ledger/execute";
import { stateRoot } from "#core/ledger/root";
import { LedgerState } from "#core/ledger/state";
import { BLOCK_EVENTS_MAX, BLOCK_TXS_MAX, PARENT_SLACK_SLOTS } from "#core/limits";
import { type Block, type BlockHeader, blockRecord, headerRecord } from "#core/records/block";
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

export interface ChainOptions {
  net: string;
  leader: Uint8Array;
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

  /** Executes and proposes the next block over what is pending, events before transactions. */
  seal(
    consensus: Consensus,
    slot: number,
    mints: MintOrder[],
    closed: number[],
    sealed: (block: SealedBlock) => void,
  ): void {
    const events = [...this.events.values()].slice(0, BLOCK_EVENTS_MAX);
    // A transaction may rest on any event before it: it waits until all are in a block.
    const allEvents = events.length === this.events.size;
    const vertices = allEvents ? this.dag.unsealed().slice(0, BLOCK_TXS_MAX) : [];
    const plan: BlockPlan = {
      events,
      mints,
      txs: vertices.map(({ tx, tMs }) => ({ tx, tMs })),
      closed,
    };
    const { rejected, effects } = this.execute(plan);
    const body = {
      cut: antichain(plan.txs.map(({ tx }) => tx)),
      txs: vertices.map((vertex) => vertex.tx.txid),
      rejected,
      effects,
      events: plan.events.map((event) => event.id),
      closed,
    };
    const header: BlockHeader = {
      net: this.options.net,
      height: this.head ? this.head.header.height + 1 : 0,
      prev: this.head?.id,
      epoch: this.world.epoch,
      leader: this.options.leader,
      atMs: Math.max(this.world.nowMs(), this.head?.header.atMs ?? 0),
      slot,
      ...blockRoots(this.crypto, { ...body }),
      stateRoot: stateRoot(this.crypto, this.state),
    };
    for (const event of events) this.takeEvent(event);
    consensus.propose(header, (decided: Decided) => {
      const block: Block = { header: decided.bytes, ...body };
      const bytes = blockRecord.encode(block);
      const { id, bytes: headerBytes } = decided;
      sealed(this.adopt({ header, headerBytes, id, block, bytes, vertices }));
    });
  }

  /** Applies a block of the log again: it must come out as it did before. */
  replay(bytes: Uint8Array): SealedBlock {
    const decoded = blockRecord.decode(bytes);
    assert(decoded.ok, "LOG_BLOCK");
    const block = decoded.value;
    const opened = openSigned(headerRecord, this.crypto, block.header);
    assert(opened.ok, "LOG_HEADER");
    const header = opened.value;
    const events = block.events.map((id) => {
      const event = this.events.get(toHex(id));
      assert(event, "LOG_EVENT", toHex(id));
      this.takeEvent(event);
      return event;
    });
    const vertices = block.txs.map((txid) => {
      const vertex = this.dag.get(txid);
      assert(vertex, "LOG_TX", toHex(txid));
      return vertex;
    });
    const plan = {
      events,
      mints: mintsOf(block),
      txs: vertices.map(({ tx, tMs }) => ({ tx, tMs })),
      closed: block.closed,
    };
    this.execute(plan);
    const root = stateRoot(this.crypto, this.state);
    assert(bytesEqual(root, header.stateRoot), "LOG_STATE_ROOT", `height ${header.height}`);
    const { id } = opened;
    return this.adopt({ header, headerBytes: block.header, id, block, bytes, vertices });
  }

  private execute(plan: BlockPlan): BlockResult {
    const { world, options } = this;
    return executeBlock(
      this.state,
      plan,
      (slot) => world.startMs(slot),
      (slot) => options.word(slot),
    );
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
