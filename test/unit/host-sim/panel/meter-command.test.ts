// SPDX-License-Identifier: Apache-2.0
/** `wattle meter` as a process: lines in, lines out, and the same meter again from its folder. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type PanelState, parseMeterMessage } from "#host-sim/panel/protocol";
import { gatewayConfig } from "#node/config/gateway-config";
import { startGatewayProcess } from "#node/gateway-process";
import { until } from "../../node/mqtt-tools.ts";

const program = fileURLToPath(new URL("../../../../bin/wattle.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "wattle-meter-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const PATIENCE_MS = 20_000;

function meter(...args: string[]) {
  const child = spawn(process.execPath, [program, "meter", ...args]);
  const states: PanelState[] = [];
  const errors: string[] = [];
  const odd: string[] = [];
  let progress = "";
  child.stderr.on("data", (text) => void (progress += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const parsed = parseMeterMessage(line);
    if (!parsed.ok) odd.push(line);
    else if ("state" in parsed.value) states.push(parsed.value.state);
    else errors.push(parsed.value.error);
  });
  const exited = once(child, "close");
  const state = async (fits: (state: PanelState) => boolean, what: string) => {
    await until(() => states.some(fits), what, PATIENCE_MS);
    return states.findLast(fits)!;
  };
  const end = async () => {
    child.stdin.end();
    const [code] = await exited;
    assert.deepEqual(odd, [], "nothing but messages");
    assert.equal(code, 0, progress);
  };
  return { say: (line: string) => child.stdin.write(`${line}\n`), state, errors, end, exited };
}

test("a meter is driven by lines, ends with them, and goes on from its folder", async () => {
  const config = gatewayConfig(
    { area: "a", listen: { port: 0 }, slotSeconds: 8, log: { level: "silent" } },
    { file: "test.json", dir },
  );
  const gateway = await startGatewayProcess(config);
  after(() => gateway.stop());
  const url = `mqtt://127.0.0.1:${gateway.port}`;
  const store = join(dir, "meter-1");
  const args = ["--url", url, "--area", "a", "--engine", "v8", "--store", store];
  args.push("--gateway-key", gateway.gatewayKey);

  const first = meter(...args);
  first.say('{"set":{"loadW":12000,"pvW":2000}}');
  first.say('{"set":{"loadw":1}}');
  const online = await first.state(({ link }) => link === "online", "a member");
  assert.deepEqual(
    [online.name, online.boot, online.loadW, online.pvW],
    ["meter-1", 1, 12_000, 2000],
  );
  const counted = await first.state(
    ({ importMwh }) => Number(importMwh) > 3000,
    "a second's energy",
  );
  const { slot: before } = counted;
  await first.state(({ slot }) => slot !== null && slot > (before ?? -1), "a reading after it");
  first.say('{"press":"meter-fault","fault":"silent","forMs":3600000}');
  await first.state(({ fault }) => fault === "silent", "the fault");
  assert.equal(first.errors.length, 1);
  assert.match(first.errors[0], /"loadw" is none of/);
  await first.end();

  const again = meter(...args);
  const state = await again.state(({ link }) => link === "online", "a member again");
  assert.deepEqual([state.node, state.boot, state.loadW], [online.node, 2, 0]);
  assert.ok(BigInt(state.importMwh) >= BigInt(counted.importMwh), "the register went on");
  await again.end();
});

test("a name that cannot be a meter's is refused with what it takes", async () => {
  const { exited } = meter("--url", "mqtt://127.0.0.1:1", "--name", "a/b");
  const [code] = await exited;
  assert.equal(code, 1);
});
