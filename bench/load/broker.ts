// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's broker alone, with room for more connections than a gateway gives it. Argument: connections.
 * Run with --expose-gc; asked over IPC for its memory.
 */
import { areaAcl } from "#node/broker/acl";
import { byClaims } from "#node/broker/authenticate";
import { startBroker } from "#node/broker/embedded";
import { AREA } from "./players.ts";

const connectionsMax = Number(process.argv[2]);
const rate = { perSecond: connectionsMax, burst: connectionsMax };
const broker = await startBroker({
  ...{ host: "127.0.0.1", port: 0, acl: areaAcl(AREA), authenticate: byClaims() },
  limits: { connectionsMax, connects: rate, connectsPerAddress: rate, keepaliveMaxS: 3600 },
});

process.on("message", () => {
  globalThis.gc?.();
  process.send?.({ rssBytes: process.memoryUsage().rss, connections: broker.counts.connections });
});
process.on("disconnect", () => process.exit());
process.send?.({ port: broker.port });
