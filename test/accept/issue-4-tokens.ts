// SPDX-License-Identifier: Apache-2.0
/** Twelve nodes on XS that witness and vote over MQTT: the totals of a run without them, and every token checked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dataDir } from "../data.ts";
import { type Find, folder, type Line, lastJson, wattle } from "./harness.ts";

/** m of k for twelve members (ledger 4.4). */
const TOKENS = 7;

async function compare(find: Find, say: (text: string) => void, days: string): Promise<void> {
  const data = dataDir();
  if (!data) throw new Error("no data: set WATTLE_DATA to the folder that has citylearn2022");
  const world = ["--data", join(data, "citylearn2022"), "--days", days];
  const without = await wattle(["sim", ...world, "--no-proof-of-time", "--json"], say);
  if (without.code !== 0) throw new Error(without.err.slice(-1500));
  const expected = lastJson(without.out);
  const dir = folder(`tokens-${days}`);
  const ran = await wattle(["demo", ...world, "--report", dir, "--json"], say);
  if (ran.code !== 0) throw new Error(ran.err.slice(-1500));
  const report = JSON.parse(readFileSync(join(dir, "report.json"), "utf8"));
  find("nodes, engine", "12 xs", `${report.nodes} ${report.engine}`);
  for (const total of ["tradableWh", "tradedWh", "slots", "slotsWithTrade", "importAfterWh"])
    find(`${total}, as without proof-of-time`, expected[total], report[total]);
  find("slots missed", "none", report.missedSlots.join() || "none");
  const verified = await wattle(["verify", join(dir, "gateway.db"), "--json"], say);
  find("$ wattle verify", "exit 0", `exit ${verified.code}`);
  const { summary } = JSON.parse(verified.out).audit;
  const { transactions, byGatewayTxs, tokensChecked } = summary;
  // The gateway's token is one; all others have as many as they need, and no more.
  const tokens = TOKENS * (transactions - byGatewayTxs) + byGatewayTxs;
  find(`tokens of ${transactions} transactions, each checked`, tokens, tokensChecked);
  find("transactions by the gateway's token", "0", byGatewayTxs);
  find("members suspended", "none", summary.suspended.join() || "none");
  find("seconds", "measured", ran.seconds.toFixed(0), true);
}

export const tokensWeek: Line = {
  name: "tokens-week",
  title:
    "demo of the week: 12 nodes on XS over MQTT with 7 of 11 tokens, the totals of one without",
  takes: "6 min",
  ci: false,
  run: (find, say) => compare(find, say, "7"),
};

export const tokensDay: Line = {
  name: "tokens-day",
  title: "the same of a day",
  takes: "1 min",
  ci: true,
  run: (find, say) => compare(find, say, "1"),
};
