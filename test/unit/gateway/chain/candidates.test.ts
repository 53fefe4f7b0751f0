// SPDX-License-Identifier: Apache-2.0
/** Several blocks prepared for one height: one is decided, and the others never happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Area } from "#gateway/area";
import type { Consensus, Decided } from "#gateway/chain/consensus";
import { AreaRun } from "../../../helpers/area-run.ts";

/** Decides what the gateway proposes, after others were prepared before and after it. */
class Rivals implements Consensus {
  readonly due = false;
  onDue: () => void = () => {};
  heights = 0;
  private readonly area: Area;
  private readonly sole: Consensus;

  constructor(area: Area) {
    this.area = area;
    this.sole = area.consensus;
  }

  propose(...[header, batch, decided]: Parameters<Consensus["propose"]>): void {
    const { chain } = this.area;
    const { head } = chain;
    const root = toHex(chain.state.root(this.area.ports.crypto));
    const pending = chain.pendingInput(header.slot, [], []);
    const same = chain.prepare({ ...pending, closed: [], atMs: header.atMs });
    const others = [
      same,
      chain.prepare({ ...pending, leader: new Uint8Array(16), vertices: [] }),
      chain.prepare({ ...pending, events: pending.events.slice(0, 1), vertices: [], slot: 99 }),
    ];
    assert.notDeepEqual(others[1].header, others[2].header);
    assert.equal(chain.head, head, "the head stays");
    assert.equal(toHex(chain.state.root(this.area.ports.crypto)), root, "and the state");
    this.heights++;
    this.sole.propose(header, batch, (result: Decided, later) => {
      decided(result, later);
      for (const candidate of others)
        assert.throws(() => chain.commit(candidate, result), { code: "FORK_STALE" });
      assert.equal(toHex(chain.head!.id), toHex(result.id));
    });
  }

  deliver(): void {}
}

test("candidates beside the one that is decided change no block and no total", async () => {
  const plain = new AreaRun({ nodes: 4, slots: 5 });
  assert.ok(await plain.finish());
  let rivals: Rivals | undefined;
  const run = new AreaRun({
    nodes: 4,
    slots: 5,
    tamper: ({ area }) => {
      rivals = new Rivals(area);
      Object.assign(area, { consensus: rivals });
    },
  });
  assert.ok(await run.finish());
  assert.ok(rivals && rivals.heights > 5);
  assert.equal(toHex(run.area.chain.head!.id), toHex(plain.area.chain.head!.id), "the same chain");
  assert.deepEqual(run.area.chain.state.sums(), plain.area.chain.state.sums());
  assert.equal(run.area.tradedWh, plain.area.tradedWh);
});
