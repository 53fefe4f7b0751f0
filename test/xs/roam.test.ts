// SPDX-License-Identifier: Apache-2.0
/** The whole firmware on 32-bit XS goes to another gateway of its consortium, and trades there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { ROAM_AWAY_JITTER_MS, ROAM_AWAY_MS, ROAM_FLEE_MS } from "#core/limits-device";
import { Topics } from "#core/topics";
import { deviceCreation } from "#host-sim/fleet/device-creation";
import { SIM_AREA, seededKey } from "#host-sim/setup";
import { DeviceDay } from "#host-sim/xs-device/day";
import { brightPart, dayWorld } from "#host-sim/xs-device/worlds";
import { sodiumCrypto } from "#node/crypto/sodium";
import { requireData } from "../data.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const MINUTE_MS = 60_000;

test("a gateway that is gone for minutes: the device starts at the next one, and goes on", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const data = requireData(t, "citylearn2022");
  if (!data) return;
  const crypto = sodiumCrypto();
  const key = toHex(crypto.publicKey(seededKey(crypto, 1, "gateway", 0)));
  const lines: string[] = [];
  const said = (text: string) => lines.filter((line) => line.includes(text)).length;
  const { failure, starts } = await DeviceDay.run({
    world: brightPart(dayWorld(data)),
    slots: 4,
    crypto: "native",
    creation: deviceCreation(),
    onLine: (line) => void lines.push(line),
    async instead(day) {
      const { board } = day;
      // The other one stands for the same area here: what is new is its address.
      await board.type(`wattle set gateway3=mqtt://other.lan:1884,${SIM_AREA},${key}\n`);
      await day.wait(3 * MINUTE_MS);
      const before = { starts: board.starts, connections: board.counts.connections };
      board.brokerGone = true;
      await board.dropConnections();
      await day.wait(ROAM_AWAY_MS - MINUTE_MS);
      assert.equal(board.starts, before.starts);
      await day.wait(ROAM_AWAY_JITTER_MS + 2 * MINUTE_MS);
      assert.equal(board.starts, before.starts + 1, lines.slice(-20).join("\n"));
      assert.equal(said("gateway-away place=2"), 1, lines.slice(-20).join("\n"));
      board.brokerGone = false;
      await day.wait(3 * MINUTE_MS);
      assert.ok(board.counts.connections > before.connections);
      assert.equal(board.starts, before.starts + 1);
    },
  });
  assert.equal(failure, undefined);
  assert.equal(starts, 4); // once for what it was set up with, once for the other gateway, once to go there
});

test("gateways whose word is false: the device goes on, and stays longer each time in a row", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const data = requireData(t, "citylearn2022");
  if (!data) return;
  const lines: string[] = [];
  const said = (text: string) => lines.filter((line) => line.includes(text)).length;
  const { failure } = await DeviceDay.run({
    world: brightPart(dayWorld(data)),
    slots: 8,
    crypto: "native",
    creation: deviceCreation(),
    onLine: (line) => void lines.push(line),
    async instead(day) {
      const { board, area } = day;
      const other = `gateway2=mqtt://other.lan:1884,${SIM_AREA},${"cd".repeat(32)}`;
      const seen = () => lines.slice(-30).join("\n");
      // A list that is not whole tells no quorum: it takes the gateway's word.
      await board.type(`wattle set ${other} gateways=4\n`);
      await day.wait(MINUTE_MS);
      area.bus.publish(new Topics(SIM_AREA).certified, Uint8Array.of(1), { retain: true });
      const { starts } = board;
      await day.wait(2 * ROAM_FLEE_MS);
      assert.deepEqual([board.starts, said("leaves-gateway")], [starts, 0], seen());
      await board.type("wattle set gateways=\n");
      // Retained, it is there at each start.
      let expected = starts + 1;
      await day.wait(MINUTE_MS);
      assert.equal(board.starts, expected, seen());
      assert.ok(said("leaves-gateway code=GATEWAY_LEDGER") > 0, seen());
      for (const factor of [1, 2, 4]) {
        await day.wait(factor * ROAM_FLEE_MS - 2 * MINUTE_MS);
        assert.equal(board.starts, expected, seen());
        // The start is somewhere in the time of the jitter: the next wait begins at it.
        for (let waitedMs = 0; board.starts === expected; waitedMs += 1000) {
          assert.ok(waitedMs < ROAM_AWAY_JITTER_MS + 2 * MINUTE_MS, seen());
          await day.wait(1000);
        }
        expected++;
        await day.wait(MINUTE_MS);
      }
      assert.equal(board.starts, expected, seen());
      assert.deepEqual([said("gateway-away place=1"), said("gateway-own place=0")], [2, 1]);
    },
  });
  assert.equal(failure, undefined);
});
