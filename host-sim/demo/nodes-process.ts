// SPDX-License-Identifier: Apache-2.0
/** The fleet of a demo as a process of its own: `wattle nodes`, told over IPC when to end. */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Shown } from "../fleet/fleet-node.ts";
import type { FleetSummary } from "../fleet/summary.ts";
import { lean } from "./gateway-keeper.ts";

const WATTLE = fileURLToPath(new URL("../../bin/wattle.js", import.meta.url));

export class NodesProcess {
  private readonly child: ChildProcess;
  private readonly logFile: string;
  private summary: FleetSummary | undefined;
  private readonly ended: Promise<number | null>;

  constructor(args: readonly string[], nodes: number, logFile: string) {
    this.logFile = logFile;
    const log = openSync(logFile, "a");
    this.child = fork(WATTLE, ["nodes", ...args], {
      execArgv: lean(nodes),
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.on("message", (message: { type?: string; summary?: FleetSummary }) => {
      if (message.type === "summary") this.summary = message.summary;
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Resolves when all nodes are connected; rejects when the process ends before. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.child.on("message", (message: { type?: string }) => {
        if (message.type === "connected") resolve();
      });
      void this.ended.then((code) =>
        reject(new Error(`the nodes ended with code ${code}; their log is ${this.logFile}`)),
      );
    });
  }

  /** Switches node `index` off and on again; resolves when it has tried to connect. */
  async restart(index: number): Promise<void> {
    await this.ask("restart", index);
  }

  /** What node `index` shows, and what it heard since it started. */
  async look(index: number): Promise<Shown> {
    return (await this.ask("look", index)) as Shown;
  }

  private ask(type: "restart" | "look", index: number): Promise<unknown> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const hear = (message: { type?: string; index?: number; shown?: Shown }) => {
        if (message.type !== `${type}-done` || message.index !== index) return;
        child.off("message", hear);
        resolve(message.shown);
      };
      child.on("message", hear);
      void this.ended.then(() => reject(new Error(`the nodes ended; see ${this.logFile}`)));
      child.send({ type, index });
    });
  }

  /** Ends the fleet; what it took. */
  async finish(): Promise<FleetSummary | undefined> {
    if (this.child.connected) this.child.send({ type: "finish" });
    await this.ended;
    return this.summary;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}
