// SPDX-License-Identifier: Apache-2.0
/** Mosquitto with TLS on a loopback port, which can be stopped and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Files } from "./certificates.ts";
import { freePort } from "./sim-node.ts";

/** Where Debian's package puts it: not on everybody's PATH. */
const PROGRAM = "/usr/sbin/mosquitto";

export class TlsBroker {
  readonly port: number;
  private readonly config: string;
  private child: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.config = config;
  }

  static async start(folder: string, files: Files): Promise<TlsBroker> {
    const port = await freePort();
    const config = join(folder, `mosquitto-${port}.conf`);
    const lines = [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      // Started by root it would become a user who cannot read the key.
      `user ${userInfo().username}`,
      `certfile ${files.chain}`,
      `keyfile ${files.key}`,
      "max_queued_messages 10000",
      "log_type error\n",
    ];
    writeFileSync(config, lines.join("\n"));
    const broker = new TlsBroker(port, config);
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    const child = spawn(PROGRAM, ["-c", this.config], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => void (said += text));
    const failed = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${said}`)));
    });
    failed.catch(() => {});
    this.child = child;
    await Promise.race([this.listens(), failed]);
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }

  private async listens(): Promise<void> {
    for (let left = 50; left > 0; left--) {
      const reached = await new Promise<boolean>((resolve) => {
        const socket = connect(this.port, "127.0.0.1");
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
        socket.once("connect", () => socket.destroy());
      });
      if (reached) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("mosquitto does not listen");
  }
}
