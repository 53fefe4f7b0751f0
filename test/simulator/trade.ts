// SPDX-License-Identifier: Apache-2.0
/** Two SDK-built nodes and a gateway over plain MQTT: they trade, one loses its power, the books agree. */
import { type Find, folder, wattle } from "../accept/harness.ts";
import { AREA, Area } from "./area.ts";
import { agreed, type Houses, powerOn, setUp, stepsBack, trade } from "./houses.ts";
import type { Parts } from "./sim-node.ts";
import { until } from "./sim-node.ts";

const GENESIS_MICRO = 2 * 100_000_000;
const SETTLE_MS = 40_000;

export async function tryTrade(parts: Parts, find: Find): Promise<void> {
  const place = folder("sim");
  const area = new Area({ folder: place });
  const houses = await powerOn(parts, place);
  const { roof, house } = houses;
  try {
    await area.start();
    await Promise.all([setUp(roof, "roof", area, find), setUp(house, "house", area, find)]);
    await trade(houses, find);
    await cutPower(houses, find);
    await compare(area, houses, find);
  } finally {
    await Promise.all([roof.powerOff(), house.powerOff()]);
    await area.stop();
  }
  const verified = await wattle(["verify", area.store], () => {});
  find("wattle verify of the gateway's log", 0, verified.code);
}

/** The roof's power goes in the middle of trading. */
async function cutPower({ roof, house }: Houses, find: Find): Promise<void> {
  const before = roof.state!;
  await roof.powerOff();
  // A slot passes without it.
  await house.reach("a slot alone", SETTLE_MS, ({ slot }) => (slot ?? 0) > (before.slot ?? 0) + 1);
  roof.state = undefined;
  roof.powerOn();
  await roof.reach("back", SETTLE_MS, ({ link }) => link === "online");
  roof.say({ set: { pvW: 5000 } });
  find("boots after the cut", before.boot + 1, roof.state!.boot);
  const kept = BigInt(roof.state!.exportMwh) >= BigInt(before.exportMwh);
  find("export register after the cut", `>= ${before.exportMwh} mWh`, roof.state!.exportMwh, kept);
  const since = roof.state!.slot ?? 0;
  await roof.reach("sold again", SETTLE_MS, ({ trade: last }) => (last?.slot ?? 0) > since);
  find("sold after the cut, Wh in a slot", "> 0", roof.state!.trade!.energyWh, true);
}

/** Nothing flows any more, so that what each side says last is of the same moment. */
async function compare(area: Area, houses: Houses, find: Find): Promise<void> {
  const { roof, house } = houses;
  roof.say({ set: { pvW: 0 } });
  house.say({ set: { loadW: 0 } });
  const wh = (mwh: string) => Number(BigInt(mwh) / 1000n);
  const registers = () => [
    [wh(roof.state!.exportMwh), area.fact("node/roof", "1-0:2.8.0 export Wh")],
    [wh(house.state!.importMwh), area.fact("node/house", "1-0:1.8.0 import Wh")],
  ];
  const coins = () => [
    [
      money(houses.roof),
      area.fact("node/roof", "freeMicro") + area.fact("node/roof", "lockedMicro"),
    ],
    [
      money(houses.house),
      area.fact("node/house", "freeMicro") + area.fact("node/house", "lockedMicro"),
    ],
  ];
  const equal = (pairs: number[][]) => pairs.every(([node, gateway]) => node === gateway);
  const idle = () => [roof, house].every(({ state }) => state?.role === "idle");
  await until("the books come to rest", SETTLE_MS, () => {
    return idle() && equal(registers()) && equal(coins());
  }).catch(() => {}); // what differs is found below
  const [exported, imported] = registers();
  find("roof's export: node, and gateway's monitor, Wh", exported[0], exported[1]);
  find("house's import: node, and gateway's monitor, Wh", imported[0], imported[1]);
  const [sold, bought] = coins();
  find("roof's coins: node, and gateway's monitor, µc", sold[0], sold[1]);
  find("house's coins: node, and gateway's monitor, µc", bought[0], bought[1]);
  find("coins of both, µc", GENESIS_MICRO, sold[0] + bought[0]);
  const { both, agree } = agreed(houses);
  find("slots that both showed as traded", ">= 2", both, both >= 2);
  find("of these, energy and coins are the same for both", both, agree);
  find("registers that went back", 0, stepsBack(roof) + stepsBack(house));
  const { alarms } = roof.state!;
  find("alarms", "none", [...alarms, ...house.state!.alarms].join(", ") || "none");
  const total = area.fact("totals", "tradedWh");
  find(`energy traded in area ${AREA}, Wh`, "> 0", total, total > 0);
}

function money({ state }: Houses["roof"]): number {
  return state!.coinsMicro + state!.lockedMicro;
}
