// SPDX-License-Identifier: Apache-2.0
/** A meter without a window, on XS, trades through a real gateway, and goes on after a power cut. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type MemoryStore, memoryStore } from "#host-sim/fleet/store";
import type { NodeEngine } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { xsEngine } from "#host-sim/fleet/xs-engine";
import { HeadlessMeter } from "#host-sim/panel/headless";
import { type PanelState, POWER_W_MAX, parseMeterMessage } from "#host-sim/panel/protocol";
import { gatewayConfig } from "#node/config/gateway-config";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type GatewayProcess, startGatewayProcess } from "#node/gateway-process";
import type { SlotFacts } from "#node/process/slot-facts";
import { until } from "../unit/node/mqtt-tools.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const SLOT_SECONDS = 4;
const GENESIS_MICRO = 100_000_000;
/** Slots pass in real time, and other tests keep the machine busy. */
const PATIENCE_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), "wattle-headless-"));
const open: (() => Promise<unknown>)[] = [() => rm()];
const rm = async () => rmSync(dir, { recursive: true, force: true });
after(async () => {
  for (const close of open.reverse()) await close();
});

async function gatewayWith(slots: SlotFacts[]): Promise<GatewayProcess> {
  const json = {
    net: "test",
    area: "a",
    listen: { port: 0 },
    expectNodes: 2,
    slotSeconds: SLOT_SECONDS,
    clock: { speed: 1 },
    log: { level: "silent" },
  };
  const config = gatewayConfig(json, { file: "test.json", dir });
  const gateway = await startGatewayProcess(config, { onSlot: (slot) => void slots.push(slot) });
  open.push(() => gateway.stop());
  return gateway;
}

interface Watched {
  meter: HeadlessMeter;
  /** What its chip keeps. */
  chip: MemoryStore;
  states: PanelState[];
  errors: string[];
}

async function meterOn(
  engine: NodeEngine,
  gateway: GatewayProcess,
  name: string,
): Promise<Watched> {
  const states: PanelState[] = [];
  const errors: string[] = [];
  const chip = memoryStore();
  const meter = new HeadlessMeter({
    engine,
    config: {
      net: "test",
      area: "a",
      name,
      secretKey: sodiumCrypto().sha256(Buffer.from(name)),
      gatewayKey: Uint8Array.from(Buffer.from(gateway.gatewayKey, "hex")),
      capacityWh: Math.ceil((1.25 * POWER_W_MAX * SLOT_SECONDS) / 3600),
      wallets: 2,
      policy: { trade: true },
    },
    seed: 1,
    mqttUrl: `mqtt://127.0.0.1:${gateway.port}`,
    flash: memoryStore(),
    chip,
    tell: (line) => {
      const parsed = parseMeterMessage(line);
      assert.ok(parsed.ok, line);
      if ("state" in parsed.value) states.push(parsed.value.state);
      else errors.push(parsed.value.error);
    },
    onFailed: (reason) => errors.push(`died: ${reason}`),
  });
  open.push(() => meter.close());
  await meter.start();
  return { meter, chip, states, errors };
}

/** What the chip has counted and the register has not: what flowed before its first sample. */
function unmeteredMwh({ chip, states }: Watched): number {
  const kept = Buffer.from(chip.entries.get("kept")!).toString();
  return Number(BigInt(kept.split(" ")[0]) - BigInt(states.at(-1)!.importMwh));
}

test("load and PV by messages become trades, before and after a power cut", async (t) => {
  if (!(await xsOrSkip(t))) return;
  const slots: SlotFacts[] = [];
  const gateway = await gatewayWith(slots);
  const xs = await xsEngine();
  open.push(() => xs.close());
  const buyer = await meterOn(xs, gateway, "buyer");
  const seller = await meterOn(v8Engine(), gateway, "seller");
  const last = () => buyer.states.at(-1)!;
  await buyer.meter.line('{"set":{"loadW":12000}}');
  await seller.meter.line('{"set":{"pvW":12000}}');
  assert.equal(last().loadW, 12_000);
  assert.deepEqual(buyer.errors, []);

  const traded = () => slots.findLast(({ tradedWh }) => tradedWh > 0)?.slot ?? -1;
  await until(() => traded() >= 0, "a trade", PATIENCE_MS);
  await until(() => last().coinsMicro + last().lockedMicro < GENESIS_MICRO, "payment", PATIENCE_MS);
  assert.equal(last().role, "buyer");
  assert.equal(seller.states.at(-1)!.role, "seller");
  assert.equal(last().link, "online");

  await buyer.meter.line('{"ask":"state"}');
  const before = last();
  const unmetered = unmeteredMwh(buyer);
  await buyer.meter.line('{"press":"power-cut"}');
  const restarted = last();
  assert.deepEqual([before.boot, restarted.boot], [1, 2]);
  assert.ok(BigInt(restarted.importMwh) >= BigInt(before.importMwh), "the register went on");
  // The chip counted through the cut, and the node took what it counted, once. 12 kW are 3 mWh in a ms.
  assert.ok(Math.abs(unmeteredMwh(buyer) - unmetered) < 200, "neither lost nor counted twice");

  const cut = traded();
  await until(() => traded() > cut + 1, "a trade after the cut", PATIENCE_MS);
  assert.equal(last().link, "online");
  assert.ok(BigInt(last().importMwh) > BigInt(restarted.importMwh));
  assert.deepEqual(last().alarms, []);

  const told = last();
  await buyer.meter.line('{"set":{"loadW":99999}}');
  assert.match(buyer.errors[0], /loadW takes/);
  assert.equal(last().loadW, 12_000);
  assert.equal(last(), told, "an error line is all that a bad line gets");
});
