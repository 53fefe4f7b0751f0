// SPDX-License-Identifier: Apache-2.0
/** Many messages at once: they wait, and the broker's stack does not grow with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startBroker } from "#node/broker/embedded";
import { allowAll, connectClient, until } from "./mqtt-tools.ts";

const CLIENTS = 40;
const EACH = 500;

test("a burst of twenty thousand messages is worked off", async () => {
  const perSecond = 10_000;
  const rate = { perSecond, burst: perSecond };
  const limits = { connects: rate, connectsPerAddress: rate };
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl: allowAll, limits });
  let heard = 0;
  broker.subscribe("up/+", () => {
    heard++;
  });
  const inbox: string[] = [];
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => connectClient(broker.port, `c${i}`, {}, inbox)),
  );
  await Promise.all(clients.map((client, i) => client.subscribeAsync(`down/${i}`, { qos: 1 })));
  for (const [i, client] of clients.entries())
    for (let n = 0; n < EACH; n++) client.publish(`up/${i}`, "x", { qos: 1 });
  // The gateway says something to all at once, as at the end of a slot.
  for (let n = 0; n < 50; n++)
    for (let i = 0; i < CLIENTS; i++)
      broker.publish(`down/${i}`, Buffer.from("y"), { retain: false });
  await until(() => heard === CLIENTS * EACH && inbox.length === 50 * CLIENTS, "all", 60_000);
  assert.deepEqual(broker.counts.dropped, {});
  for (const client of clients) client.end(true);
  await broker.close();
});
