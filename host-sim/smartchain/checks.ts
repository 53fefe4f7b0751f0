// SPDX-License-Identifier: Apache-2.0
/** What has to hold after every event of a run (ledger, "Invariants"): I5 to I18, for all honest parties. */
import { openSigned } from "#core/codec/record";
import { voteRecord } from "#core/records/vote";
import { AreaChecks } from "./area-checks.ts";
import { OrderCheck } from "./check-order.ts";
import { ReplayCheck } from "./check-replay.ts";
import type { Member } from "./member.ts";
import type { Street } from "./street.ts";
import { must } from "./violation.ts";

export class Checks extends AreaChecks {
  private readonly street: Street;
  readonly replay: ReplayCheck;
  /** Members that something came to since the last look. */
  readonly touched = new Set<Member>();

  constructor(street: Street) {
    const { crypto, options, world, members } = street;
    const { ageMaxMs, slotMs } = options;
    super({
      crypto,
      ageMaxMs,
      slotMs,
      world,
      homeOf(node) {
        const home = members.findIndex(({ id }) => id === node);
        return home < 0 ? undefined : home;
      },
      *honest() {
        for (const { id, rogue, setup } of members) if (!rogue) yield [id, setup.config.name];
      },
    });
    this.street = street;
    this.replay = new ReplayCheck(street);
  }

  /** Everything that is published. */
  published(from: string, topic: string, payload: Uint8Array): void {
    const { street } = this;
    const member = street.members.find(({ setup }) => setup.config.name === from);
    this.heard(topic, payload, member && !member.rogue ? member.id : undefined);
    if (from !== "gateway" || !topic.endsWith("/dag/vote")) return;
    const vote = openSigned(voteRecord, street.crypto, payload);
    if (!vote.ok) return;
    this.replay.passedOn(payload);
    this.voted(vote.value);
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

  lookAtAll(): void {
    const { area } = this.street.gateway;
    this.look(area, (ledger) => ledger.follow(this.street.store, area.chain.state, this.dag.txs));
    // A state is a node's own: only the one that this event came to can have another.
    for (const { rogue, node } of this.touched)
      if (!rogue) this.votes.accepted(node.id, this.dag.txs, (txid) => node.observer.stateOf(txid));
    this.touched.clear();
  }

  /** When a run is over: nothing starved, and the order of deliveries did not matter. */
  finish(): void {
    const { gateway, options, members, store, random, crypto } = this.street;
    const { area } = gateway;
    must(
      area.finished,
      "I17",
      () => `stopped after ${area.settledSlots} of ${options.slots} slots, ${members.length} nodes`,
    );
    this.caps.finish();
    new OrderCheck(crypto).permuted(store, random, this.dag.txs);
  }
}
