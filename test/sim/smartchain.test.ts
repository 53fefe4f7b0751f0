// SPDX-License-Identifier: Apache-2.0
/** The checkers themselves: each finds what is planted; a street replays; each defence that is off shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dag } from "#core/dag/dag";
import { signCancel } from "#core/pot/cancel";
import { type Body, type Tx, TxType } from "#core/records/tx";
import { audit } from "#gateway/audit/audit";
import { ATTACKS } from "#host-sim/smartchain/attacks";
import { CapCheck } from "#host-sim/smartchain/check-caps";
import { DagCheck, hex, type SeenTx } from "#host-sim/smartchain/check-dag";
import { EnergyCheck, type TrueMeter } from "#host-sim/smartchain/check-energy";
import { VoteCheck } from "#host-sim/smartchain/check-votes";
import { WitnessCheck } from "#host-sim/smartchain/check-witness";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { AGE_MAX_MS, Lab, type Person, TICK_MS } from "#host-sim/smartchain/lab";
import { interval } from "#host-sim/smartchain/rates";
import { type Defence, runStreet, Street } from "#host-sim/smartchain/street";
import { SWITCH_OFFS, shown } from "#host-sim/smartchain/switch-offs";
import { Violation } from "#host-sim/smartchain/violation";

function breaks(invariant: string, act: () => void): void {
  assert.throws(act, (error) => error instanceof Violation && error.invariant === invariant);
}

/** A DAG with the lab's root, and a check that looks at it. */
function watched(lab: Lab) {
  const dag = new Dag();
  dag.graph.blocks.add(lab.root, lab.nowMs - TICK_MS);
  const check = new DagCheck(lab.crypto);
  const facts = {
    epochOf: () => lab.epoch,
    gateways: [[{ node: new Uint8Array(16), publicKey: new Uint8Array(32) }]],
    tickMs: TICK_MS,
    ageMaxMs: AGE_MAX_MS,
  };
  const add = (body: Body, tokens = lab.epoch.m): void => {
    const author = lab.people.find(({ id }) => hex(id) === hex(body.from))!;
    const pot = lab.committee(body).slice(0, tokens);
    const said = lab.tx(
      author,
      body,
      pot.map((index) => lab.token(index, body)),
    );
    check.said(said);
    dag.add(said);
    check.look(dag, facts);
  };
  return { dag, check, facts, add };
}

test("I13, I14, V5: planted transactions are found", () => {
  const start = () => {
    const lab = new Lab(1, 7);
    return { lab, author: lab.people[0], ...watched(lab) };
  };
  const whole = start();
  whole.add(whole.lab.body(whole.author));
  assert.equal(whole.check.txs.size, 1);
  const prev = whole.lab.txid(whole.lab.body(whole.author));
  breaks("I13", () => whole.add(whole.lab.body(whole.author, { seq: 2, prev })));
  const few = start();
  breaks("I14", () => few.add(few.lab.body(few.author), few.lab.epoch.m - 1));
  const old = start();
  const body = old.lab.body(old.author);
  old.add(body);
  old.lab.nowMs += AGE_MAX_MS + 1;
  const next = old.lab.body(old.lab.people[1], { parents: [old.lab.txid(body)] });
  breaks("V5", () => old.add(next));
});

test("I13: a gap in an author's numbers is found, and what was said and refused is none", () => {
  const start = () => {
    const lab = new Lab(1, 7);
    const made = { lab, author: lab.people[0], ...watched(lab) };
    const first = lab.body(made.author);
    made.add(first);
    lab.nowMs += TICK_MS;
    return { ...made, prev: lab.txid(first) };
  };
  const gap = start();
  breaks("I13", () => gap.add(gap.lab.body(gap.author, { seq: 3, prev: gap.prev })));
  const loose = start();
  breaks("I13", () => loose.add(loose.lab.body(loose.author, { seq: 2 })));
  const unsaid = start();
  const refused = unsaid.lab.body(unsaid.author, { seq: 2, prev: unsaid.prev });
  const after = unsaid.lab.body(unsaid.author, { seq: 3, prev: unsaid.lab.txid(refused) });
  breaks("I13", () => unsaid.add(after));
  const voided = start();
  voided.check.said(voided.lab.tx(voided.author, refused, []));
  voided.add(after);
  assert.equal(voided.check.txs.size, 2);
});

test("I8: energy that no meter counted, and a trade of two quantities, are found", () => {
  const lab = new Lab(1, 4);
  const [seller, buyer] = lab.people;
  const meter = { fromMwh: 0n, toMwh: 100_000n };
  const leg = {
    to: buyer.id,
    wallet: new Uint8Array(20),
    ref: undefined,
    qtyWh: 100,
    ecashMicro: 1,
    meter,
  };
  const of = (person: Person, type: number, qtyWh: number, toMwh: bigint): Tx => {
    const legs = [{ ...leg, qtyWh, meter: { fromMwh: toMwh - 100_000n, toMwh } }];
    return lab.tx(person, lab.body(person, { type, legs, slot: 3 }), []);
  };
  const counted: TrueMeter = (node, slot) => {
    assert.equal(slot, 3);
    return node === "third" ? undefined : { importMwh: 150_000n, exportMwh: 150_000n };
  };
  const start = (): EnergyCheck => new EnergyCheck(counted);
  const sold = of(seller, TxType.sold, 100, 100_000n);
  const bought = of(buyer, TxType.bought, 100, 100_000n);
  const whole = start();
  whole.said("seller", sold, () => undefined);
  whole.said("buyer", bought, () => leg);
  whole.paid(leg, leg, "buyer", 3);
  assert.deepEqual([whole.soldMwh, whole.boughtMwh], [100_000n, 100_000n]);
  breaks("I8", () => whole.said("seller", sold, () => undefined));
  breaks("I8", () => whole.said("buyer", bought, () => leg));
  breaks("I8", () => start().said("seller", of(seller, TxType.sold, 100, 150_001n), () => leg));
  breaks("I8", () => start().said("buyer", of(buyer, TxType.bought, 99, 100_000n), () => leg));
  breaks("I8", () => start().paid(leg, { ...leg, qtyWh: 99 }, "buyer", 3));
  breaks("I8", () => start().paid(leg, { ...leg, qtyWh: 101 }, "buyer", 3));
  const silent = start();
  silent.paid(leg, undefined, "buyer", 3);
  breaks("I8", () => silent.paid(leg, undefined, "buyer", 3));
  const elsewhere = start();
  for (let i = 0; i < 3; i++) elsewhere.paid(leg, undefined, "third", 3);
});

test("I17: a cap that a block leaves out, and one that waits for too long, are found", () => {
  const lab = new Lab(1, 4);
  const tx = lab.tx(lab.people[0], lab.body(lab.people[0]), []);
  const start = () => {
    const seen: SeenTx = { id: "a", tx, tMs: 1000, approved: false, weight: 1, parents: [] };
    const check = new CapCheck({ ageMaxMs: 100, slotMs: 200 });
    const look = (nowMs: number, height: number, final: string[]): void =>
      check.look(new Map([["a", seen]]), new Set(final), { height, atMs: nowMs }, nowMs);
    look(1000, 4, []);
    return { seen, check, look };
  };
  const left = start();
  breaks("I17", () => left.look(1100, 5, []));
  const waits = start();
  waits.look(1500, 4, []);
  breaks("I17", () => waits.look(1501, 4, []));
  const starved = start();
  breaks("I17", () => starved.check.finish());
  const held = start();
  held.look(1200, 5, ["a"]);
  held.check.finish();
  assert.deepEqual([held.check.mostMs, held.check.beyond], [200, 1]);
  const approved = start();
  Object.assign(approved.seen, { approved: true, childMs: 1050 });
  approved.look(1800, 4, []);
  approved.check.finish();
  assert.equal(approved.check.mostMs, 50);
});

test("I11, I12: a wrong cap and a wrong weight are found", () => {
  const lab = new Lab(2, 7);
  const { dag, check, add } = watched(lab);
  add(lab.body(lab.people[0]));
  dag.graph.caps.remove(0);
  breaks("I11", () => check.whole(dag));
  dag.graph.caps.add(0);
  Object.assign(dag.graph, { weight: () => 5 });
  breaks("I12", () => check.whole(dag));
});

test("I14: a witness that signs two bodies is found, and one that keeps the rule is not", () => {
  const lab = new Lab(3, 7);
  const [author] = lab.people;
  const { secretKey, id: from, publicKey } = author;
  const cancel = { net: "lab", from, seq: 1, beforeTick: lab.tick + 1 };
  const cancels = signCancel(lab.crypto, secretKey, cancel);
  const bodies: Record<string, Body> = {
    first: lab.body(author),
    sameTick: lab.body(author, { seq: 2 }),
    sameNumber: lab.body(author, { tick: lab.tick + 1 }),
    retry: lab.body(author, { tick: lab.tick + 1, cancels }),
  };
  const after = (name: string): (() => void) => {
    const check = new WitnessCheck();
    for (const [id, body] of Object.entries(bodies)) check.body(id, body, lab.crypto, publicKey);
    check.token("w", "first");
    check.token("w", "first");
    return () => check.token("w", name);
  };
  breaks("I14", after("sameTick"));
  breaks("I14", after("sameNumber"));
  breaks("I14", after("unheard"));
  assert.doesNotThrow(after("retry"));
});

test("I15, I16: two accepted rivals and a count without signers are found", () => {
  const lab = new Lab(4, 7);
  const tx = lab.tx(lab.people[0], lab.body(lab.people[0]), []);
  const id = hex(tx.txid);
  const seen: SeenTx = { id, tx, tMs: 1, approved: false, weight: 1, parents: [] };
  const txs = new Map([[id, seen]]);
  const look = (check: VoteCheck, count: number): void =>
    check.look(
      { stateOf: () => 1, countOf: () => ({ count, threshold: 5 }) },
      txs,
      new Set(),
      () => lab.epoch,
    );
  assert.doesNotThrow(() => look(new VoteCheck(), 1));
  breaks("I16", () => look(new VoteCheck(), 2));
  const voted = new VoteCheck();
  for (const { id: voter } of lab.people.slice(0, 3)) voted.said(hex(voter), id);
  breaks("I16", () => look(voted, 2));
  const rivals = new VoteCheck();
  rivals.accept("a 1", "x");
  breaks("I15", () => rivals.accept("a 1", "y"));
});

test("keyed hashes: only the key's own signature counts", () => {
  const crypto = keyedCrypto();
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const [message, other] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)];
  const signature = crypto.sign(a, message);
  assert.ok(crypto.verify(crypto.publicKey(a), message, signature));
  assert.ok(!crypto.verify(crypto.publicKey(a), other, signature));
  assert.ok(!crypto.verify(crypto.publicKey(b), message, signature));
  assert.ok(!crypto.verify(new Uint8Array(32), message, signature));
});

test("a binomial interval", () => {
  assert.deepEqual(interval(100, 0.5), [40, 60]);
  assert.deepEqual(interval(1000, 1e-6), [0, 0]);
});

// In 15 and 615 a node spun: its gateway had refused it, or knew another chain of it.
test("streets hold, and replay", async () => {
  for (const seed of [11, 15, 54, 615]) {
    const [run, again] = [await runStreet({ seed }), await runStreet({ seed })];
    assert.equal(run.violation?.message, undefined);
    assert.ok(run.transactions > 0);
    assert.deepEqual([again.digest, again.events], [run.digest, run.events]);
  }
});

/** A starved street, and the transactions that votes accepted in it. */
async function starved(seed: number, ...off: Defence[]) {
  const accepted: string[] = [];
  class Watched extends Street {
    override async startGateway(): Promise<void> {
      await super.startGateway();
      const { votes } = this.gateway.area as unknown as {
        votes: { note(outcome: { accepted: Uint8Array[] }): unknown };
      };
      const note = votes.note.bind(votes);
      votes.note = (outcome) => {
        accepted.push(...outcome.accepted.map(hex));
        return note(outcome);
      };
    }
  }
  const street = new Watched({ seed, starved: true, off: new Set(off) });
  return { street, run: await street.run(), accepted };
}

test("what is left behind is ACCEPTED where authors promote it, and is not where they do not", async () => {
  for (const seed of [1, 4, 10]) {
    const { run, accepted, street } = await starved(seed);
    assert.equal(run.violation?.message, undefined);
    assert.ok(run.promotes > 0);
    const { ageMaxMs } = street.options;
    assert.ok(run.capWaitMs <= ageMaxMs, `${run.capWaitMs} ms`);
    const without = await starved(seed, "promotion");
    assert.equal(without.run.promotes, 0);
    assert.equal(without.run.violation?.invariant, "I17");
    // Said before the first PROMOTE, and so the same in both runs.
    const both = [...without.street.checks.dag.txs.keys()].filter((id) =>
      street.checks.dag.txs.has(id),
    );
    const starving = both.filter((id) => !without.accepted.includes(id));
    assert.ok(starving.length > 0);
    assert.ok(starving.some((id) => accepted.includes(id)));
    const checked = audit(street.store.read(), { crypto: street.crypto });
    // Whoever spoke while the gateway was held stands in its list of the missing.
    const faults = checked.ok ? [] : checked.faults.map(({ code }) => code);
    assert.deepEqual(
      faults.filter((code) => code !== "MISSED_WITHOUT_CAUSE"),
      [],
    );
    const { promotes, transactions, acceptedTxs } = checked.summary;
    assert.deepEqual(
      [promotes, transactions, acceptedTxs],
      [run.promotes, run.transactions, run.accepted],
    );
  }
});

test("who loses its state between ask and transaction is no fraud", async () => {
  let losses = 0;
  for (let seed = 1; seed <= 24; seed++) {
    const street = new Street({ seed, calm: true });
    const [victim] = street.members;
    const at = 1 + (seed % 4);
    let asks = 0;
    const { tap } = street.bus;
    street.bus.tap = (from, topic, payload) => {
      tap(from, topic, payload);
      if (!topic.endsWith(`${victim.node?.id}/up/ask`) || ++asks !== at) return;
      losses++;
      street.agenda.at(street.agenda.nowMs + ((seed * 37) % 150), () => victim.forget());
    };
    const run = await street.run();
    assert.equal(run.violation?.message, undefined, `seed ${seed}`);
    assert.equal(run.suspended, 0);
  }
  assert.ok(losses >= 12, String(losses));
});

test("witnesses that lie about their time void nobody's transaction", async () => {
  const lies = "token of another time";
  let [told, said] = [0, 0];
  class Heard extends Street {
    override async startGateway(): Promise<void> {
      await super.startGateway();
      Object.assign(this.gateway.area.ports, {
        log: (_level: string, event: string, { code, node }: Record<string, unknown> = {}) => {
          if (event !== "not-accepted" || (code !== "TX_TIME" && code !== "TX_TOKENS")) return;
          // A rogue's own may be whatever it is.
          const honest = this.members.some((one) => !one.rogue && one.node?.id === node);
          assert.ok(!honest, `${code} in seed ${this.seed}`);
        },
      });
    }
  }
  for (let seed = 1; told < 60; seed++) {
    const street = new Heard({ seed });
    // Under the barrier clock a body that finds no witnesses moves on, up to the end of the slot.
    if (street.options.clock.kind !== "running" || !street.members.some(({ rogue }) => rogue))
      continue;
    const run = await street.run();
    assert.equal(run.violation?.message, undefined, `seed ${seed}`);
    told += run.faults[lies] ?? 0;
    said += run.transactions;
  }
  assert.ok(said > 100);
});

test("where votes come in time next to nothing is promoted", async () => {
  let [promotes, transactions] = [0, 0];
  for (let seed = 1; seed <= 12; seed++) {
    const run = await runStreet({ seed, calm: true });
    promotes += run.promotes;
    transactions += run.transactions;
  }
  assert.ok(promotes * 100 <= transactions, `${promotes} of ${transactions}`);
});

test("each defence that is off is found", async (t) => {
  for (const one of SWITCH_OFFS) {
    const seed = await shown(one, 2, 40);
    t.diagnostic(`${one.defence}: ${one.invariant} in seed ${seed}`);
    assert.notEqual(seed, undefined, one.defence);
  }
});

test("no attack of the table succeeds, and each does without its defence", () => {
  for (const { name, run, without } of ATTACKS) {
    for (let seed = 1; seed <= 5; seed++) assert.equal(run(seed), false, `${name} in ${seed}`);
    assert.ok(without.length > 0, name);
    for (const { what, run, rate = 1 / 20 } of without) {
      const seeds = rate < 1 ? Math.ceil(3 / rate) : 3;
      // The rarest take a thousand seeds: acceptance counts them.
      if (seeds > 100) continue;
      const won = [...Array(seeds).keys()].filter((seed) => run(seed));
      assert.ok(won.length > 0, `${name}, ${what}`);
      if (rate === 1) assert.equal(won.length, seeds, `${name}, ${what}`);
    }
  }
});
