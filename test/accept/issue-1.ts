// SPDX-License-Identifier: Apache-2.0
/** "Done when" of issue 1: the main job, end to end. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataDir } from "../data.ts";
import { type Find, folder, type Line, lastJson, ROOT, wattle } from "./harness.ts";
import { flips } from "./issue-1-flips.ts";
import { withMosquitto } from "./mosquitto.ts";
import { cleanClone, testFile } from "./tools.ts";

function data(): string {
  const dir = dataDir();
  if (!dir) throw new Error("no data: set WATTLE_DATA to the folder that has citylearn2022");
  return join(dir, "citylearn2022");
}

type Report = Record<string, unknown> & {
  coins: Record<string, number>;
  memory: Record<string, number>;
  gatewayKills: string[];
  xs: { clones: number; bytecodes: number; peakSlots: number; version: string };
};

/** What the week of the twelve homes has to come to, however it is run. */
function weekTotals(find: Find, report: Report): void {
  find("nodes", 12, report.nodes);
  find("engine", "xs", report.engine);
  find("tradableWh", 254288, report.tradableWh);
  find("tradedWh", 254288, report.tradedWh);
  find("slots", 168, report.slots);
  find("slotsWithTrade", 98, report.slotsWithTrade);
  find("importBeforeWh", 1602141, report.importBeforeWh);
  find("exportBeforeWh", 482934, report.exportBeforeWh);
  const { genesisMicro, mintedMicro, walletsMicro, lockedMicro, reservesMicro, burnedMicro } =
    report.coins;
  const made = genesisMicro + mintedMicro;
  find(
    "coins balance, micro-coins",
    made,
    walletsMicro + lockedMicro + reservesMicro + burnedMicro,
  );
  find("slots missed", "none", (report.missedSlots as number[]).join() || "none");
}

async function demo(args: string[], dir: string, say: (line: string) => void): Promise<Report> {
  const ran = await wattle(["demo", ...args, "--report", dir, "--json"], say);
  if (ran.code !== 0) throw new Error(`demo ended with ${ran.code}: ${ran.err.slice(-1500)}`);
  lastJson(ran.out);
  return JSON.parse(readFileSync(join(dir, "report.json"), "utf8"));
}

async function verifies(find: Find, store: string, say: (line: string) => void): Promise<void> {
  const ran = await wattle(["verify", store], say);
  find("wattle verify", "exit 0", `exit ${ran.code}`);
}

const week: Line = {
  name: "week",
  title: "demo of the week: 12 nodes on XS over MQTT, exact totals, verify passes",
  takes: "2 min",
  ci: false,
  async run(find, say) {
    const dir = folder("week");
    // With witnesses and votes it is a line of issue 4.
    const args = ["--data", data(), "--days", "7", "--no-proof-of-time"];
    const report = await demo(args, dir, say);
    weekTotals(find, report);
    find("rejected", 0, report.rejected);
    find("XS clones", 12, report.xs.clones);
    find(
      "seconds",
      "< 300",
      (report.wallSeconds as number).toFixed(1),
      (report.wallSeconds as number) < 300,
    );
    await verifies(find, join(dir, "gateway.db"), say);
  },
};

const year: Line = {
  name: "year",
  title: "sim of the year: exact total in under 10 minutes, the same blocks twice",
  takes: "10 min",
  ci: false,
  async run(find, say) {
    const heads: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      // With tokens and votes of all members a year takes half an hour.
      const args = ["--data", data(), "--days", "365", "--no-proof-of-time", "--json"];
      const ran = await wattle(["sim", ...args], say);
      if (ran.code !== 0) throw new Error(ran.err.slice(-1500));
      const summary = lastJson(ran.out);
      find("tradedWh", 9886295, summary.tradedWh);
      find("seconds", "< 600", ran.seconds.toFixed(0), ran.seconds < 600);
      heads.push(summary.headBlock);
    }
    find("head block, second run", heads[0], heads[1]);
  },
};

const engines: Line = {
  name: "engines",
  title: "sim of two days on V8, on XS, and on XS with noble: the same blocks",
  takes: "2 min",
  ci: true,
  async run(find, say) {
    const run = async (more: string[], days: string) => {
      const ran = await wattle(["sim", "--data", data(), "--days", days, "--json", ...more], say);
      if (ran.code !== 0) throw new Error(ran.err.slice(-1500));
      return lastJson(ran.out).headBlock;
    };
    const plain = ["--no-proof-of-time"];
    const v8 = await run(plain, "2");
    find("head block on V8 again", v8, await run(plain, "2"));
    find("head block on XS", v8, await run(["--engine", "xs", ...plain], "2"));
    const few = ["--slots", "6", "--nodes", "4"];
    const short = await run(few, "1");
    find(
      "with tokens on XS (6 slots of 4 homes)",
      short,
      await run(["--engine", "xs", ...few], "1"),
    );
    const noble = await run(["--engine", "xs", "--crypto", "noble", ...few], "1");
    find("with tokens on XS with noble (the same)", short, noble);
  },
};

const kills: Line = {
  name: "kills",
  title: "the gateway killed 20 times in a running demo: same totals, nothing lost or twice",
  takes: "4 min",
  ci: false,
  async run(find, say) {
    const dir = folder("kills");
    const args = ["--data", data(), "--days", "7", "--kill-gateway", "20"];
    const report = await demo(args, dir, say);
    weekTotals(find, report);
    for (const point of report.gatewayKills) say(point);
    find("kills", 20, report.gatewayKills.length);
    const inside = report.gatewayKills.filter((point) => !point.startsWith("timer")).length;
    find("of them between intake and receipt or inside a commit", "≥ 10", inside, inside >= 10);
    find("kill points", "logged", report.gatewayKills.join("; "), true);
    // A node that holds a receipt the gateway does not honour raises GATEWAY_BEHIND or RECEIPT_DIGEST.
    const alarms = readFileSync(join(dir, "nodes.log"), "utf8").match(/alarm .*/g) ?? [];
    find(
      "receipts not honoured, or other alarms of the nodes",
      "none",
      alarms.join("; ") || "none",
    );
    // Every number is there once, and every payment.
    await verifies(find, join(dir, "gateway.db"), say);
  },
};

const powerCuts: Line = {
  name: "power-cuts",
  title: "a node killed before, during and after every numbered write of its store",
  takes: "1 min",
  ci: false,
  run: (find, say) => testFile("test/sim/node-power-cut.test.ts", find, say),
};

const mosquitto: Line = {
  name: "mosquitto",
  title: "Mosquitto in place of the embedded broker: same totals",
  takes: "2 min",
  ci: false, // test/interop has the same with fewer nodes
  async run(find, say) {
    await withMosquitto(async (url) => {
      const dir = folder("mosquitto");
      const args = ["--data", data(), "--days", "7", "--no-proof-of-time", "--broker", url];
      weekTotals(find, await demo(args, dir, say));
    });
  },
};

const fleet: Line = {
  name: "fleet",
  title: "300 nodes on XS in one demo: each reads and trades, memory bounded",
  takes: "4 min",
  ci: false,
  async run(find, say) {
    const dir = folder("fleet");
    const args = ["--data", data(), "--days", "1", "--nodes", "300", "--slot-timeout", "120"];
    const report = await demo(args, dir, say);
    find("XS clones", 300, report.xs.clones);
    const readings = (report.readings as number) / 300;
    find("readings of each node", "≥ 10", readings, readings >= 10);
    const traders = new Set<string>();
    const rows = readFileSync(join(dir, "settlements.csv"), "utf8").trim().split("\n").slice(1);
    for (const row of rows) {
      const [, , seller, buyer] = row.split(",");
      traders.add(seller).add(buyer);
    }
    find("nodes with a trade", 300, traders.size);
    const { gatewayPssBytes, nodesPssBytes } = report.memory;
    const mb = (gatewayPssBytes + nodesPssBytes) / 1e6;
    const inMb = (bytes: number) => (bytes / 1e6).toFixed(0);
    const gateway = inMb(gatewayPssBytes);
    const parts = `${mb.toFixed(0)} MB (gateway ${gateway}, nodes and hosts ${inMb(nodesPssBytes)})`;
    find("PSS of gateway and hosts, peak", "≤ 400 MB", parts, mb <= 400);
    find("tradedWh", report.tradableWh, report.tradedWh);
  },
};

const badInput: Line = {
  name: "bad-input",
  title: "100 000 generated messages: coded answers, the gateway stays up; bad config and data",
  takes: "2 min",
  ci: false,
  async run(find, say) {
    await testFile("test/property/intake.test.ts", find, say);
    await testFile("test/unit/node/config.test.ts", find, say);
    await testFile("test/unit/host-sim/worlds/plain-csv.test.ts", find, say);
  },
};

const wall: Line = {
  name: "wall-time",
  title: "speed 1 with slots of 60 s runs on wall time",
  takes: "5 min",
  ci: false,
  async run(find, say) {
    const dir = folder("wall");
    const file = join(dir, "minutes.csv");
    writeFileSync(file, minutesCsv());
    const report = await demo(["--speed", "1", "--data", file], dir, say);
    const seconds = report.wallSeconds as number;
    find("slots settled", 3, report.slotsSettled);
    find("seconds", "≥ 180: three slots of a minute", seconds.toFixed(0), seconds >= 180);
    find("tradableWh: a node sells 40 Wh to three that use 30 Wh each", 120, report.tradableWh);
    find("tradedWh", 120, report.tradedWh);
    await verifies(find, join(dir, "gateway.db"), say);
  },
};

/** Four homes, three slots of a minute: one has sun, three do not. */
function minutesCsv(): string {
  const rows = ["time,node,load_wh,pv_wh"];
  for (const minute of ["00", "01", "02"]) {
    rows.push(`2026-01-01T12:${minute}:00Z,sunny,10,50`);
    for (const node of ["left", "right", "across"])
      rows.push(`2026-01-01T12:${minute}:00Z,${node},30,0`);
  }
  return `${rows.join("\n")}\n`;
}

const newcomer: Line = {
  name: "newcomer",
  title: "a clean clone: npm ci && npm run demo, first trade in under 3 minutes",
  takes: "3 min",
  ci: false,
  run: (find, say) => cleanClone(ROOT, find, say),
};

export const issue1: Line[] = [
  week,
  flips(data),
  year,
  engines,
  kills,
  powerCuts,
  mosquitto,
  fleet,
  badInput,
  wall,
  newcomer,
];
