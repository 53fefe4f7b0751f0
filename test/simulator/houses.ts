// SPDX-License-Identifier: Apache-2.0
/** Two simulated nodes in one area, set up over their consoles: one with a roof, one that takes its power. */
import { join } from "node:path";
import { type Find, lastJson, wattle } from "../accept/harness.ts";
import { AREA, type Area } from "./area.ts";
import { freePort, type Parts, SimNode } from "./sim-node.ts";

/** 15 kW for a slot of a minute. */
const CAPACITY_WH = 250;
const JOIN_MS = 40_000;
const TRADE_MS = 60_000;

export interface Houses {
  roof: SimNode;
  house: SimNode;
}

export async function powerOn(parts: Parts, folder: string): Promise<Houses> {
  const start = async (name: string) => {
    const node = new SimNode(parts, join(folder, name), await freePort());
    node.powerOn();
    return node;
  };
  const houses = { roof: await start("roof"), house: await start("house") };
  houses.roof.say({ set: { pvW: 5000 } });
  houses.house.say({ set: { loadW: 3000 } });
  return houses;
}

/** `wattle provision` on the node's console. */
export async function setUp(
  node: SimNode,
  name: string,
  area: Pick<Area, "url" | "gatewayKey">,
  find: Find,
  ca?: string,
): Promise<Record<string, unknown>> {
  const port = ["--port", `127.0.0.1:${node.port}`];
  const place = ["--broker", area.url, "--area", AREA, "--name", name];
  const trust = ["--gateway", area.gatewayKey, ...(ca === undefined ? [] : ["--ca", ca])];
  const set = ["--set", `capacity=${CAPACITY_WH}`, "--json"];
  const ran = await wattle(["provision", ...port, ...place, ...trust, ...set], () => {});
  find(`${name}: wattle provision`, 0, ran.code);
  if (ran.code !== 0) throw new Error(ran.err);
  return lastJson(ran.out);
}

/** Until both have traded. */
export async function trade({ roof, house }: Houses, find: Find): Promise<void> {
  const beganMs = performance.now();
  for (const node of [roof, house])
    await node.reach("connected", JOIN_MS, ({ link }) => link === "online");
  await roof.reach("sold", TRADE_MS, ({ trade: last }) => last?.side === "sold");
  await house.reach("bought", TRADE_MS, ({ trade: last }) => last?.side === "bought");
  const seconds = (performance.now() - beganMs) / 1000;
  find("both traded, within s", "< 100", seconds.toFixed(0), seconds < 100);
  const { state } = house;
  if (state?.trade)
    find("bought, Wh in a slot", "> 0", state.trade.energyWh, state.trade.energyWh > 0);
}

/** Slots whose trade both nodes have shown, and those of them on which they agree. */
export function agreed({ roof, house }: Houses): { both: number; agree: number } {
  const sold = new Map(tradesOf(roof));
  let both = 0;
  let agree = 0;
  for (const [slot, bought] of new Map(tradesOf(house))) {
    const other = sold.get(slot);
    if (!other) continue;
    both++;
    if (other.energyWh === bought.energyWh && other.coinsMicro === bought.coinsMicro) agree++;
  }
  return { both, agree };
}

function tradesOf(node: SimNode) {
  return node.states.flatMap(({ trade: last }) => (last ? [[last.slot, last] as const] : []));
}

/** Steps back of a register in all that a node has shown. */
export function stepsBack(node: SimNode): number {
  let steps = 0;
  for (const [i, state] of node.states.entries()) {
    const before = node.states[i - 1] ?? state;
    if (BigInt(state.importMwh) < BigInt(before.importMwh)) steps++;
    if (BigInt(state.exportMwh) < BigInt(before.exportMwh)) steps++;
  }
  return steps;
}
