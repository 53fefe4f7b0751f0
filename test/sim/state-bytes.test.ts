// SPDX-License-Identifier: Apache-2.0
/** What gateways hand out as a state is the same at all of them, byte for byte, whatever they went through. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { termsOf } from "#gateway/credit/terms";
import { packShared } from "#gateway/handout/shared";
import { borrowing } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { CALM, Town, type TownSetup } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";
import { enginePacker } from "#node/process/packer";

const WEATHER = {
  area: {
    ...{ dropPermille: 20, duplicatePermille: 30, delayMs: 1 },
    ...{ stragglerPermille: 20, stragglerMs: 400 },
  },
  peers: { ...CALM.peers, dropPermille: 20, duplicatePermille: 20 },
};
const BANK = {
  capitalMicro: 100_000_000,
  terms: termsOf(
    "meter-backed",
    { feedInMicro: 80_000, retailMicro: 300_000 },
    { starterMicro: 30_000_000 },
  ),
};
const BORROWS = {
  borrow: "need",
  capMicro: 20_000_000,
  alphaMaxPpm: 350_000,
  repay: "income",
} as const;
/** Every so many turns the bytes are compared. */
const EVERY = 4;

interface Found {
  compared: number;
  turns: number;
}

/** A day with drops, repeats, power cuts with and without a checkpoint, and a gateway that joins. */
async function compare(setup: Partial<TownSetup>): Promise<Found> {
  const town = new Town({
    ...{ seed: 11, gateways: 4, spare: 1, weather: WEATHER },
    ...{ world: smallWorld(11, 6, 8, 900), crypto: keyedCrypto(), packer: enginePacker() },
    ...setup,
  });
  const { startMs } = town.world;
  const at = (ms: number, act: () => void | Promise<void>) => town.agenda.at(startMs + ms, act);
  const [first, second, third, , fifth] = town.gateways;
  for (const ms of [110, 390, 900, 2000])
    at(ms, () => {
      second.gateway?.checkpoints.save();
      second.crash(0);
    });
  for (const ms of [250, 1500]) at(ms, () => third.crash(0));
  at(300, () => {
    const { net } = first.options;
    const change = { net, number: 1, leaves: undefined, joins: town.entrant(4) };
    for (const { gateway } of town.gateways) gateway?.wish(change);
  });
  at(700, () => fifth.start());
  const digests = new Map<number, string>();
  const last = new Map<TownGateway, number>();
  let compared = 0;
  const look = () => {
    for (const one of town.gateways) {
      const { replica } = one.gateway?.seat ?? {};
      const height = replica?.past.before.height ?? 0;
      if (!replica || height === 0 || height % EVERY !== 0 || last.get(one) === height) continue;
      last.set(one, height);
      const { area } = one.gateway!;
      const packed = packShared(area, portsOf(one), replica);
      const digest = createHash("sha256").update(packed).digest("hex");
      const other = digests.get(height);
      assert.equal(digest, other ?? digest, `turn ${height} of gateway ${one.index}`);
      if (other !== undefined) compared++;
      digests.set(height, digest);
    }
  };
  await town.start();
  await town.run(startMs + 3_600_000, look);
  assert.ok(town.finished);
  assert.equal(first.gateway!.seat!.replica.partners.version, 1);
  return { compared, turns: digests.size };
}

function portsOf({ gateway }: TownGateway) {
  return (gateway as unknown as { ports: Parameters<typeof packShared>[1] }).ports;
}

const FLOWS: Record<string, Partial<TownSetup>> = {
  "a market after the fact": {},
  "trades between homes": { direct: true },
  "a forecast market": {
    options: {
      market: { timing: "ex-ante", mode: "auction", pricing: "uniform", kPermille: 500 },
    },
  },
  "guided prices": {
    options: { market: { timing: "ex-post", mode: "guided", pricing: "uniform", kPermille: 500 } },
  },
  "banks and loans": {
    options: { genesisMicro: 0, credit: BANK },
    nodes: (setup) => borrowing([setup], BORROWS)[0],
  },
};

for (const [name, setup] of Object.entries(FLOWS))
  test(name, async () => {
    const { compared, turns } = await compare(setup);
    assert.ok(compared > 3 * turns - 20, `${compared} in ${turns} turns`);
  });
