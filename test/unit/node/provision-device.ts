// SPDX-License-Identifier: Apache-2.0
/** A simulated device at a port that `wattle provision` can open: a Unix socket, or a pseudo-terminal. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProvisionCommandOptions, provisionCommand } from "#node/cli/provision";
import { type DeviceOptions, TestDevice } from "../meter/provision/device.ts";

export interface PortedDevice {
  port: string;
  device: TestDevice;
  /** Bytes that reached the device, as Latin-1. */
  heard(): string;
  close(): void;
  /** Open ones, on a socket. */
  connections?(): number;
}

export interface PortOptions extends DeviceOptions {
  /** How many messages the device misses at first, as one that is starting. */
  deaf?: number;
  /** Log between all that it says. */
  chatty?: boolean;
}

/** What a device and a line do with each other: `out` is called with what the device says. */
function wired(options: PortOptions, out: (bytes: Uint8Array) => void) {
  let deaf = options.deaf ?? 0;
  let heard = "";
  const device = new TestDevice({
    ...options,
    onSay: (bytes) => {
      if (options.chatty) out(Buffer.from("I (123) IMPROV wifi:\x1b[0m log\n"));
      out(bytes);
      if (options.chatty) out(Buffer.from("D (124) heap 100000\r\n"));
    },
  });
  const take = (bytes: Buffer) => {
    heard += bytes.toString("latin1");
    if (deaf > 0) deaf--;
    else device.send(bytes);
  };
  return { device, take, heard: () => heard };
}

/** A device on a Unix socket. */
export async function deviceOnSocket(options: PortOptions = {}): Promise<PortedDevice> {
  const folder = mkdtempSync(join(tmpdir(), "wattle-port-"));
  const port = join(folder, "tty");
  const sockets = new Set<Socket>();
  const { device, take, heard } = wired(options, (bytes) => {
    for (const socket of sockets) socket.write(bytes);
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", take).on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, device, heard, close, connections: () => sockets.size };
}

/**
 * A device on a pseudo-terminal, which `script` makes: its child sits on the line and says nothing. Undefined
 * where the machine has no `script` that does this.
 */
export async function deviceOnPty(options: PortOptions = {}): Promise<PortedDevice | undefined> {
  const child = spawn("script", ["-qfc", "tty; stty raw -echo; echo; exec sleep 60", "/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const { device, take, heard } = wired(options, (bytes) => void child.stdin.write(bytes));
  child.stdin.on("error", () => {});
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let greeting = "";
  child.on("error", () => resolve(undefined)).on("exit", () => resolve(undefined));
  child.stdout.on("data", (bytes: Buffer) => {
    if (greeting === "ready") return take(bytes);
    greeting += bytes.toString("latin1");
    const match = /(\/dev\/\S+)\r?\n\s*\n/.exec(greeting);
    if (!match) return;
    greeting = "ready";
    resolve(match[1]);
  });
  const port = await promise;
  const close = () => void child.kill("SIGKILL");
  return port === undefined ? undefined : { port, device, heard, close };
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs the command and gathers what it says. */
export async function provision(options: ProvisionCommandOptions): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await provisionCommand({
    say: (text) => void (out += text),
    err: (text) => void (err += text),
    colour: false,
    timeout: 5,
    ...options,
  });
  return { code, out, err };
}
