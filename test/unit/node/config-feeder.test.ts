// SPDX-License-Identifier: Apache-2.0
/** The feeder meter in the gateway's configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import { gatewayConfig, gatewayOptions } from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";

const read = (feeder: unknown) =>
  gatewayConfig({ area: "street", feeder }, { file: "gw.json", dir: "/" });
const node = "0123456789abcdef".repeat(2);

test("a feeder meter needs its node; the limits have defaults and reach the gateway", () => {
  const config = read({ node });
  assert.deepEqual(config.feeder, { node, ...FEEDER_DEFAULTS });
  assert.deepEqual(gatewayOptions(config, new Uint8Array(32), 0).feeder, config.feeder);
  assert.deepEqual(read(JSON.parse(renderGatewayConfig(config)).feeder).feeder, config.feeder);
  assert.equal(read({ node, lossPermille: 0 }).feeder?.lossPermille, 0);
  assert.equal("feeder" in gatewayConfig({ area: "a" }, { file: "gw.json", dir: "/" }), false);
});

test("what cannot be a feeder meter is refused with its place", () => {
  const refused: [unknown, RegExp][] = [
    [{}, /feeder\.node: found nothing; allowed: 32 lower-case hex digits/],
    [{ node: node.toUpperCase() }, /feeder\.node: found/],
    [{ node: `${node}00` }, /feeder\.node: found/],
    [{ node, lossPermille: 501 }, /feeder\.lossPermille: found 501; allowed: .* 0 to 500/],
    [{ node, classPermille: 0 }, /feeder\.classPermille: found 0; allowed: .* 1 to 100/],
    [{ node, feederClassPermille: 2.5 }, /feeder\.feederClassPermille: found 2\.5/],
    [{ node, slackWh: -1 }, /feeder\.slackWh: found -1/],
    [{ node, loss: 5 }, /feeder\.loss: found an unknown key/],
    [null, /feeder: found null/],
  ];
  for (const [feeder, message] of refused) assert.throws(() => read(feeder), message);
});
