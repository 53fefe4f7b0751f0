// SPDX-License-Identifier: Apache-2.0
/** Banks of several gateways over one ledger. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { creditFaults } from "#core/ledger/credit-loans";
import { loanRequestRecord } from "#core/records/credit";
import { upRecord } from "#core/records/receipt";
import { audit } from "#gateway/audit/audit";
import { termsOf } from "#gateway/credit/terms";
import { borrowing } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";

const PRICES = { feedInMicro: 80_000, retailMicro: 300_000 };
const BANK = {
  capitalMicro: 100_000_000,
  terms: termsOf("meter-backed", PRICES, { starterMicro: 30_000_000 }),
};
const BORROWS = {
  borrow: "need",
  capMicro: 20_000_000,
  alphaMaxPpm: 350_000,
  repay: "income",
} as const;

function town(genesisMicro: number, borrows: boolean, more: TownSetup["options"] = {}): Town {
  return new Town({
    seed: 3,
    gateways: 4,
    world: smallWorld(3, 8, 8, 900),
    crypto: keyedCrypto(),
    options: { genesisMicro, ...(borrows && { credit: BANK }), ...more },
    ...(borrows && { nodes: (setup) => borrowing([setup], BORROWS)[0] }),
  });
}

const lines = (of: Town, gateway: number) =>
  [...of.gateways[gateway].gateway!.area.chain.state.credits.values()].filter(({ line }) => line);

test("buyers without coins borrow from their own gateways' banks, and all ledgers agree", async () => {
  const rich = town(100_000_000, false);
  await rich.start();
  await rich.run(rich.world.startMs + 3_600_000);
  const poor = town(0, true);
  await poor.start();
  await poor.run(poor.world.startMs + 3_600_000);
  const wanted = rich.gateways[0].gateway!.area.tradedWh;
  const heads = new Set<string>();
  for (const { gateway, store, options } of poor.gateways) {
    const { area } = gateway!;
    heads.add(toHex(area.chain.head!.id));
    assert.equal(area.settledSlots, 8);
    assert.deepEqual(creditFaults(area.chain.state), []);
    area.chain.state.assertConserved();
    const gatewayKey = poor.crypto.publicKey(options.secretKey);
    const result = audit(store.read(), { crypto: poor.crypto }, { gatewayKey });
    assert.deepEqual(result.ok ? [] : result.faults, []);
    assert.ok(area.tradedWh >= wanted * 0.7, `${area.tradedWh} of ${wanted} Wh`);
  }
  assert.equal(heads.size, 1);
  const banks = new Set(lines(poor, 0).map(({ line }) => line!.bank));
  assert.ok(banks.size > 1, "more than one bank lends");
});

test("what is paid with a bank's coins counts for proof-of-flow", async () => {
  const schedule = { firstMicro: 1_000_000, halveEvery: 4 };
  const flow = { schedule, microPerKwh: 10_000, transportMicroPerKwh: 50_000 };
  // One period for the whole run: its counts are in the state still.
  const rewards = { block: { schedule, everyMs: 60_000 }, flow, periodSlots: 96 };
  const poor = town(0, true, { rewards });
  await poor.start();
  await poor.run(poor.world.startMs + 3_600_000);
  const { area } = poor.gateways[0].gateway!;
  assert.ok(area.tradedWh > 0);
  const flows = [...area.chain.state.flows.values()];
  for (const traded of ["soldWh", "boughtWh"] as const)
    assert.equal(
      flows.reduce((sum, entry) => sum + entry[traded], 0),
      area.tradedWh,
      traded,
    );
});

test("one borrower that asks two banks at once gets one loan", async () => {
  const of = town(0, true);
  await of.start();
  const [first, second] = of.gateways;
  const { setup } = of.nodes[0];
  const { config } = setup;
  const quiet = of.nodes[0].node;
  while ((first.gateway!.area.chain.head?.header.height ?? -1) < 1) await of.runFor(10);
  const { area } = first.gateway!;
  const session = area.sessions.get(quiet.id)!;
  // Both requests bear the number that comes next; whichever is taken in first takes it.
  const ask = (bank: Uint8Array, seq: number) => {
    const value = {
      net: area.options.net,
      bank,
      node: session.idBytes,
      said: seq,
      amountMicro: 5_000_000,
      alphaMaxPpm: 350_000,
      walletSet: area.chain.state.newestSet(quiet.id).set,
    };
    const { bytes } = signRecord(loanRequestRecord, of.crypto, config.secretKey, value);
    return upRecord.encode({ seq, content: bytes });
  };
  const topicAt = (gateway: typeof first) => gateway.gateway!.area.topics.up(quiet.id, "loan");
  for (let round = 1; round <= 3; round++) {
    const seq = session.saidSeq + round;
    first.gateway!.deliver(topicAt(first), ask(fromHex(first.id)!, seq));
    second.gateway!.deliver(topicAt(second), ask(fromHex(second.id)!, seq));
  }
  await of.runFor(3000);
  for (const [index] of of.gateways.entries()) {
    const own = lines(of, index).filter(({ node }) => node === quiet.id);
    assert.equal(own.length, 1);
    assert.equal(own[0].line!.bank, lines(of, 0).find(({ node }) => node === quiet.id)!.line!.bank);
  }
});
