// SPDX-License-Identifier: Apache-2.0
/** What has to hold after every event of a run (ledger, "Invariants"): I5 to I18, for all honest parties. */
import { openSigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { LedgerState } from "#core/ledger/state";
import { upRecord } from "#core/records/receipt";
import { bodyRecord, openTx } from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { askRecord, tokenRecord } from "#core/records/witness";
import { CapCheck } from "./check-caps.ts";
import { DagCheck, hex } from "./check-dag.ts";
import { LedgerCheck } from "./check-ledger.ts";
import { OrderCheck } from "./check-order.ts";
import { ReplayCheck } from "./check-replay.ts";
import { VoteCheck } from "./check-votes.ts";
import { WitnessCheck } from "./check-witness.ts";
import type { Member } from "./member.ts";
import type { Street } from "./street.ts";
import { must } from "./violation.ts";

export class Checks {
  private readonly street: Street;
  readonly dag: DagCheck;
  readonly ledger: LedgerCheck;
  readonly witness = new WitnessCheck();
  readonly votes = new VoteCheck();
  readonly caps: CapCheck;
  readonly replay: ReplayCheck;
  /** Members that something came to since the last look. */
  readonly touched = new Set<Member>();
  private height = -1;
  private state: LedgerState | undefined;

  constructor(street: Street) {
    this.street = street;
    this.dag = new DagCheck(street.crypto);
    this.replay = new ReplayCheck(street);
    this.caps = new CapCheck(street.options);
    const { world } = street;
    this.ledger = new LedgerCheck((node, slot) => {
      const home = street.members.findIndex(({ id }) => id === node);
      if (home < 0) return undefined;
      return world.counters(home, (slot + 1) * world.slotSeconds * 1000);
    });
  }

  /** Everything that is published. */
  heard(from: string, topic: string, payload: Uint8Array): void {
    const { street } = this;
    const { crypto } = street;
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
      if (!answer.ok || !answer.value.token) return;
      const member = street.members.find(({ setup }) => setup.config.name === from);
      if (!member || member.rogue) return;
      this.witness.token(member.id, hex(answer.value.txid));
    } else if (from === "gateway" && topic.endsWith("/dag/vote")) {
      const vote = openSigned(voteRecord, crypto, payload);
      if (!vote.ok) return;
      this.replay.passedOn(payload);
      for (const txid of vote.value.txids) this.votes.said(hex(vote.value.voter), hex(txid));
    }
  }

  /** For people: that the checks had something to check. */
  get counts(): Record<string, number> {
    const { caps, ledger, replay } = this;
    return {
      trades: ledger.trades,
      "sold of offers": ledger.offered,
      "given again": replay.replays,
      "caps beyond A_max, in the next block": caps.beyond,
    };
  }

  look(): void {
    const { gateway } = this.street;
    const { area } = gateway;
    this.dag.look(area.dag, {
      epochOf: (epoch) => area.epochs.of(epoch)?.epoch,
      gateway: { node: area.idBytes, publicKey: area.publicKey },
      tickMs: area.world.tickMs,
      ageMaxMs: this.street.options.ageMaxMs,
    });
    const { head } = area.chain;
    const height = head?.header.height ?? -1;
    const fresh = height > this.height;
    if (head && fresh) {
      // Several blocks in one turn: the log has them all.
      this.ledger.follow(this.street.store, area.chain.state, this.dag.txs);
      this.votes.final(this.ledger.finalIds, this.dag.txs);
      this.height = height;
    }
    const block = head && { height, atMs: head.header.atMs };
    this.caps.look(this.dag.txs, this.ledger.finalIds, block, area.world.nowMs());
    // Only a block changes the ledger; a gateway that starts has another one.
    if (fresh || this.state !== area.chain.state) this.ledger.look(area.chain.state);
    this.state = area.chain.state;
    const suspended = new Set([...area.suspended]);
    for (const { id, rogue, setup } of this.street.members)
      must(
        rogue !== undefined || !suspended.has(id),
        "fraud",
        () => `${setup.config.name} broke no rule`,
      );
    this.votes.look(area.votes, this.dag.txs, suspended, (epoch) => area.epochs.of(epoch)?.epoch);
    // A state is a node's own: only the one that this event came to can have another.
    for (const { rogue, node } of this.touched)
      if (!rogue) this.votes.accepted(node.id, this.dag.txs, (txid) => node.observer.stateOf(txid));
    this.touched.clear();
  }

  /** When a run is over: nothing starved, and the order of deliveries did not matter. */
  finish(): void {
    const { gateway, options, members } = this.street;
    const { area } = gateway;
    must(
      area.finished,
      "I17",
      () => `stopped after ${area.settledSlots} of ${options.slots} slots, ${members.length} nodes`,
    );
    this.caps.finish();
    new OrderCheck(this.street.crypto).permuted(this.street, this.dag.txs);
  }
}
