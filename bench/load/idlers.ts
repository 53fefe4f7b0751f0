// SPDX-License-Identifier: Apache-2.0
/** Connections that subscribe to what a node does and then say nothing. Told over IPC how many and where. */
import { Topics } from "#core/topics";
import { Wire } from "./mqtt.ts";
import { AREA } from "./players.ts";

const JOINING = 64;
/** The number of its first. */
const FIRST = Number(process.argv[2] ?? 0);
const topics = new Topics(AREA);
const wires: Wire[] = [];

async function open(port: number, index: number): Promise<void> {
  const id = index.toString(16).padStart(32, "0");
  const login = { clientId: id, username: id, password: new Uint8Array(0) };
  const wire = await Wire.open(port, login, {
    message() {},
    closed: () => {
      process.stderr.write(`the broker closed the connection of idler ${index}\n`);
      process.exit(1);
    },
  });
  const { prefix, epoch, chainHead } = topics;
  const own = `${prefix}/node/${id}/down/+`;
  await wire.subscribe([own, epoch, `${prefix}/dag/+`, chainHead, `${prefix}/market/+`]);
  wires.push(wire);
}

process.on("message", async ({ port, count }: { port: number; count: number }) => {
  for (let i = 0; i < count; i += JOINING) {
    const some = Array.from({ length: Math.min(JOINING, count - i) }, (_, j) =>
      open(port, FIRST + i + j),
    );
    await Promise.all(some);
  }
  process.send?.({ open: wires.length });
});
process.on("disconnect", () => process.exit());
