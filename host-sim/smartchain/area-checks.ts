// SPDX-License-Identifier: Apache-2.0
/**
 * What has to hold of one gateway's area after every event (ledger, "Invariants"): I1, I2, I5, I7 to I17.
 * Of gateways that execute the same turns whichever is further is looked at.
 */
import { openSigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import type { LedgerState } from "#core/ledger/state";
import { arrivalRecord } from "#core/records/arrival";
import type { Epoch } from "#core/records/epoch";
import { upRecord } from "#core/records/receipt";
import { bodyRecord, openTx } from "#core/records/tx";
import type { Vote } from "#core/records/vote";
import { askRecord, tokenRecord } from "#core/records/witness";
import { UP_KINDS } from "#core/topics";
import type { Area } from "#gateway/area";
import type { World } from "../worlds/types.ts";
import { CapCheck } from "./check-caps.ts";
import { DagCheck, hex } from "./check-dag.ts";
import { type BlockWatcher, LedgerCheck } from "./check-ledger.ts";
import { VoteCheck } from "./check-votes.ts";
import { WitnessCheck } from "./check-witness.ts";
import { must } from "./violation.ts";

export interface AreaFacts {
  crypto: Crypto;
  ageMaxMs: number;
  slotMs: number;
  world: World;
  /** The home of a node (hex); undefined for somebody else's. */
  homeOf(node: string): number | undefined;
  /** Members that break no rule, by id (hex), with their names. */
  honest(): Iterable<readonly [id: string, name: string]>;
  /** Looks at blocks beside the books. */
  watcher?: BlockWatcher;
}

export class AreaChecks {
  readonly dag: DagCheck;
  readonly ledger: LedgerCheck;
  readonly witness = new WitnessCheck();
  readonly votes = new VoteCheck();
  readonly caps: CapCheck;
  /** Epochs of the log: a gateway knows the last two, and several may pass between two looks. */
  readonly epochs = new Map<number, Epoch>();
  private readonly facts: AreaFacts;
  private height = -1;
  private state: LedgerState | undefined;
  /** When it was last looked at. */
  private gateways: Area["gateways"] = [];

  constructor(facts: AreaFacts) {
    this.facts = facts;
    const { crypto, world } = facts;
    this.dag = new DagCheck(crypto);
    this.caps = new CapCheck(facts);
    this.ledger = new LedgerCheck((node, slot) => {
      const home = facts.homeOf(node);
      if (home === undefined) return undefined;
      return world.counters(home, (slot + 1) * world.slotSeconds * 1000);
    });
    if (facts.watcher) this.ledger.watcher = { crypto, check: facts.watcher };
  }

  /** What is published; `witness`: by which honest member. */
  heard(topic: string, payload: Uint8Array, witness: string | undefined): void {
    const { crypto } = this.facts;
    if (topic.endsWith("/up/ask")) {
      const ask = openSigned(askRecord, crypto, payload);
      const body = ask.ok ? bodyRecord.decode(ask.value.body) : undefined;
      if (!ask.ok || !body?.ok) return;
      const txid = hex(domainHash(crypto, bodyRecord.domain, ask.value.body));
      this.witness.body(txid, body.value, crypto, ask.value.publicKey);
    } else if (topic.endsWith("/up/tx")) {
      const up = upRecord.decode(payload);
      const opened = up.ok ? openTx(crypto, up.value.content) : up;
      if (opened.ok) this.dag.said(opened.tx);
    } else if (topic.endsWith("/up/token")) {
      const answer = tokenRecord.decode(payload);
      if (!answer.ok || !answer.value.token || witness === undefined) return;
      this.witness.token(witness, hex(answer.value.txid));
    }
  }

  /** A numbered message that was taken in, with the code that it got. */
  taken({ kind, code, content }: { kind: number; code: number; content: Uint8Array }): void {
    if (UP_KINDS[kind] !== "arrival" || code !== 0) return;
    const arrival = openSigned(arrivalRecord, this.facts.crypto, content);
    if (!arrival.ok) return;
    const { node, txid } = arrival.value;
    if (txid) this.dag.arrived(hex(node), txid);
  }

  /** A vote that was taken in. */
  voted({ voter, txids }: Vote): void {
    for (const txid of txids) this.votes.said(hex(voter), hex(txid));
  }

  /** `blocks`: gives the ledger's second books the blocks that are new. */
  look(area: Area, blocks: (ledger: LedgerCheck) => void): void {
    const { facts } = this;
    const epochOf = (epoch: number) => area.epochs.of(epoch)?.epoch;
    this.dag.look(area.dag, {
      epochOf: (epoch) => epochOf(epoch) ?? this.epochs.get(epoch),
      // A turn that changes the gateways takes in by the ones before.
      gateways: [area.gateways, this.gateways],
      tickMs: area.world.tickMs,
      ageMaxMs: facts.ageMaxMs,
    });
    this.gateways = [...area.gateways];
    const { head } = area.chain;
    const height = head?.header.height ?? -1;
    const fresh = height > this.height;
    if (head && fresh) {
      // Several blocks in one turn: the log has them all.
      blocks(this.ledger);
      this.votes.final(this.ledger.finalIds, this.dag.txs);
      this.height = height;
    }
    const block = head && { height, atMs: head.header.atMs };
    this.caps.look(this.dag.txs, this.ledger.finalIds, block, area.world.nowMs());
    // Only a block changes the ledger; a gateway that starts has another one.
    if (fresh || this.state !== area.chain.state) this.ledger.look(area.chain.state);
    this.state = area.chain.state;
    const suspended = new Set([...area.suspended]);
    for (const [id, name] of facts.honest())
      must(!suspended.has(id), "fraud", () => `${name} broke no rule`);
    this.votes.look(area.votes, this.dag.txs, suspended, epochOf);
  }
}
