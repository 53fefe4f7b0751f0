// SPDX-License-Identifier: Apache-2.0
/** The whole firmware on 32-bit XS goes to another gateway of its consortium, and trades there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { ROAM_AWAY_JITTER_MS, ROAM_AWAY_MS } from "#core/limits-device";
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
