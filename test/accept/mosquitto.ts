// SPDX-License-Identifier: Apache-2.0
/** Debian's Mosquitto on a loopback port of its own, for as long as a test needs it. */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { folder } from "./harness.ts";

/** Where Debian's package puts it: not on everybody's PATH. */
const PROGRAM = "/usr/sbin/mosquitto";

export function hasMosquitto(): boolean {
  return spawnSync(PROGRAM, ["-h"]).error === undefined;
}

/** Calls `use` with the URL of a fresh broker, and ends the broker afterwards. */
export async function withMosquitto<T>(use: (url: string) => Promise<T>): Promise<T> {
  if (!hasMosquitto())
    throw new Error(`${PROGRAM} is not there: apt-get install --no-install-recommends mosquitto`);
  const port = await freePort();
  const config = join(folder("mosquitto-config"), "mosquitto.conf");
  writeFileSync(
    config,
    [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence false",
      // The defaults drop what a slow client has not taken; nodes would repeat it, only slower.
      "max_queued_messages 10000",
      "max_inflight_messages 1000",
      "log_type error",
      "",
    ].join("\n"),
  );
  const broker = spawn(PROGRAM, ["-c", config], { stdio: "inherit" });
  const ended = new Promise((resolve) => broker.once("exit", resolve));
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (broker.exitCode !== null) throw new Error(`mosquitto ended with ${broker.exitCode}`);
    return await use(`mqtt://127.0.0.1:${port}`);
  } finally {
    broker.kill("SIGTERM");
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
