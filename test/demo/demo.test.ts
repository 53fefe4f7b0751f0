// SPDX-License-Identifier: Apache-2.0
/** The main job, small: real processes, real MQTT, real XS; and what the command line says to bad input. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder, lastJson, wattle } from "../accept/harness.ts";

const quiet = () => {};

test("demo: four nodes on XS over MQTT trade everything that is tradable, and leave a report", async () => {
  const dir = folder("demo-test");
  const args = ["--nodes", "4", "--slots", "52", "--report", dir, "--json"];
  const ran = await wattle(["demo", ...args], quiet);
  assert.equal(ran.code, 0, ran.err);
  const report = JSON.parse(readFileSync(join(dir, "report.json"), "utf8"));
  assert.equal(report.engine, "xs");
  assert.equal(report.slotsSettled, 52);
  assert.ok(report.tradableWh > 0, "the morning of the synthetic day has sun");
  assert.equal(report.tradedWh, report.tradableWh);
  assert.equal(report.rejected, 0);
  assert.equal(report.readings, 4 * 53);
  assert.match(report.xs.version, /^XS \d+\.\d+/);
  assert.equal(report.xs.clones, 4);
  assert.ok(report.xs.bytecodes > 0 && report.xs.peakSlots > 0);
  const { genesisMicro, mintedMicro, walletsMicro, lockedMicro, reservesMicro, burnedMicro } =
    report.coins;
  const held = walletsMicro + lockedMicro + reservesMicro + burnedMicro;
  assert.equal(genesisMicro + mintedMicro, held, "coins are conserved");
  for (const file of ["settlements.csv", "energy.svg", "balances.svg", "price.svg", "index.html"])
    assert.ok(existsSync(join(dir, file)), file);
  const verified = await wattle(["verify", join(dir, "gateway.db")], quiet);
  assert.equal(verified.code, 0, verified.out + verified.err);
});

test("demo: the gateway killed five times gives the same totals", async () => {
  const dir = folder("demo-kills");
  const run = async (kills: string) => {
    const args = ["--nodes", "4", "--slots", "28", "--engine", "v8", "--kill-gateway", kills];
    const ran = await wattle(["demo", ...args, "--report", dir, "--json"], quiet);
    assert.equal(ran.code, 0, ran.err);
    const report = lastJson(ran.out) as Record<string, unknown> & { gatewayKills: string[] };
    return report;
  };
  const undisturbed = await run("0");
  const killed = await run("5");
  assert.equal(killed.gatewayKills.length, 5, killed.gatewayKills.join());
  for (const name of ["tradedWh", "slotsWithTrade", "readings", "orders", "transactions"])
    assert.equal(killed[name], undisturbed[name], name);
  assert.deepEqual(killed.coins, undisturbed.coins);
  assert.deepEqual(killed.missedSlots, []);
  const { tokens } = killed.witnesses as { tokens: number };
  assert.ok(tokens > 0, "members witnessed");
  const verified = await wattle(["verify", join(dir, "gateway.db")], quiet);
  assert.equal(verified.code, 0, verified.out + verified.err);
});

test("bad options say what they take and exit with an error", async () => {
  for (const [args, expected] of [
    [["demo", "--nodes", "1"], /whole number from 2 to 4096/],
    [["demo", "--speed", "fast"], /number from 0\.001/],
    [["sim", "--genesis", "1.1234567"], /six places/],
    [["sim", "--data", "/no/such/folder"], /\/no\/such\/folder/],
    [["nodes"], /--url/],
    [["gateway", "--config", "/no/such/file.json"], /\/no\/such\/file\.json/],
    [["trade"], /unknown command/],
  ] as const) {
    const ran = await wattle([...args], quiet);
    assert.notEqual(ran.code, 0, args.join(" "));
    assert.match(ran.err, expected, args.join(" "));
    assert.doesNotMatch(ran.err, /\n\s+at /, `${args.join(" ")} prints no stack`);
  }
});

test("every command has --help with an example", async () => {
  for (const name of ["demo", "gateway", "nodes", "sim", "export", "monitor", "verify"]) {
    const ran = await wattle([name, "--help"], quiet);
    assert.equal(ran.code, 0, name);
    assert.match(ran.out, /Examples?:\n\s+(npm run|wattle) /, name);
  }
});
