// SPDX-License-Identifier: Apache-2.0
/** The SDK-built app in a process of its own, with its flash in a folder: power it, talk to it, cut it off. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { type PanelState, parseMeterMessage } from "#host-sim/panel/protocol";

export interface Parts {
  loader: string;
  app: string;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when `test` holds; rejects after `timeoutMs` with what was waited for. */
export async function until(what: string, timeoutMs: number, test: () => boolean): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!test()) {
    if (performance.now() > endMs) throw new Error(`waited ${timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export class SimNode {
  /** The newest state; every state since the first start. */
  state: PanelState | undefined;
  readonly states: PanelState[] = [];
  /** Lines of log, of all starts. */
  readonly log: string[] = [];
  /** How the process ended, where it ended by itself. */
  died: string | undefined;
  readonly port: number;
  private readonly parts: Parts;
  private readonly store: string;
  private child: ChildProcess | undefined;

  constructor(parts: Parts, store: string, port: number) {
    this.parts = parts;
    this.store = store;
    this.port = port;
  }

  powerOn(): void {
    const { loader, app } = this.parts;
    const env = { ...process.env, WATTLE_STORE: this.store, WATTLE_CONSOLE: String(this.port) };
    const child = spawn(loader, [app], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.onLine(line));
    createInterface({ input: child.stderr }).on("line", (line) => void this.log.push(line));
    child.stdin.on("error", () => {});
    child.once("exit", (code, signal) => {
      if (this.child === child) this.died = `${code ?? signal}: ${this.log.slice(-3).join(" | ")}`;
    });
  }

  say(message: Record<string, unknown>): void {
    this.child?.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** The process is gone at once. */
  async powerOff(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Waits for a state; says what the node said last where it does not come. */
  async reach(
    what: string,
    timeoutMs: number,
    test: (state: PanelState) => boolean,
  ): Promise<void> {
    try {
      await until(what, timeoutMs, () => {
        if (this.died !== undefined) throw new Error(`the app ended, ${this.died}`);
        return this.state !== undefined && test(this.state);
      });
    } catch (error) {
      const last = this.log.slice(-8).join("\n  ");
      throw new Error(`${(error as Error).message}\n  ${JSON.stringify(this.state)}\n  ${last}`);
    }
  }

  /** Whether a line of log since line `from` has `text`. */
  logged(text: string, from = 0): boolean {
    return this.log.slice(from).some((line) => line.includes(text));
  }

  private onLine(line: string): void {
    const message = parseMeterMessage(line);
    if (!message.ok || !("state" in message.value)) return;
    this.state = message.value.state;
    this.states.push(this.state);
  }
}
