// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps a gateway process running: starts it, starts it again when it dies, and, where asked, kills it with
 * SIGKILL at random moments: by a timer from outside, or at a named stage from inside (`WATTLE_KILL_AT`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KILL_STAGES } from "#node/process/kill-points";
import { mulberry32 } from "../worlds/random.ts";

const WATTLE = fileURLToPath(new URL("../../bin/wattle.js", import.meta.url));
/**
 * Flags for a process that serves `nodes` nodes: garbage is collected early and the heap is bounded, so that
 * hundreds of nodes fit into a small machine. Measured with 300 nodes; what V8 would take is twice as much.
 */
export function lean(nodes: number): string[] {
  const heapMb = 64 + Math.ceil(nodes / 10);
  return ["--max-semi-space-size=2", `--max-old-space-size=${heapMb}`, "--optimize-for-size"];
}
/** How long a gateway may take to say that it listens, ms. */
const READY_MS = 30_000;
/** Between intake and receipt, and inside a commit: where a crash hurts most. */
const STAGES = KILL_STAGES.filter((stage) => stage !== "said");

export interface KeeperOptions {
  configFile: string;
  readyFile: string;
  logFile: string;
  /** How often to kill it. */
  kills: number;
  /** Nodes that the gateway serves. */
  nodes: number;
  seed: number;
  /** Further arguments of `wattle gateway`. */
  args: readonly string[];
  onKill: (point: string) => void;
  onExit: (code: number | null) => void;
}

export interface Ready {
  port: number;
  gatewayKey: string;
  pid: number;
}

export class GatewayKeeper {
  ready: Ready | undefined;
  readonly killPoints: string[] = [];
  private readonly options: KeeperOptions;
  private readonly random: ReturnType<typeof mulberry32>;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(options: KeeperOptions) {
    this.options = options;
    this.random = mulberry32(options.seed);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the gateway and waits until it listens. */
  async start(): Promise<Ready> {
    this.launch(0);
    return this.waitReady();
  }

  /** Ends the gateway in good order. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  /** SIGKILL, and a new process at once; resolves when that listens. */
  async restart(): Promise<void> {
    await this.kill();
    this.stopping = false;
    await this.start();
  }

  /** SIGKILL; it is not started again. */
  async kill(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  private launch(round: number): void {
    const { configFile, readyFile, logFile } = this.options;
    rmSync(readyFile, { force: true });
    const log = openSync(logFile, "a");
    const plan = this.killPlan();
    const env = { ...process.env };
    if (plan?.stage) env.WATTLE_KILL_AT = plan.stage;
    else delete env.WATTLE_KILL_AT;
    const args = [WATTLE, "gateway", "--config", configFile, "--ready-file", readyFile];
    args.push(...this.options.args);
    const child = spawn(process.execPath, [...lean(this.options.nodes), ...args], {
      env,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.child = child;
    if (plan?.afterMs !== undefined)
      this.timer = setTimeout(() => child.kill("SIGKILL"), plan.afterMs);
    child.once("exit", (code, signal) => {
      clearTimeout(this.timer);
      if (this.stopping) return;
      if (signal !== "SIGKILL" || !plan) {
        this.options.onExit(code);
        return;
      }
      const point = plan.stage ?? `timer after ${plan.afterMs} ms`;
      this.killPoints.push(point);
      this.options.onKill(point);
      this.launch(round + 1);
    });
  }

  /** Where the next death comes from; undefined when all are done. */
  private killPlan(): { stage?: string; afterMs?: number } | undefined {
    if (this.killPoints.length >= this.options.kills) return undefined;
    // Two of three inside the intake, at a stage by name; the rest whenever the timer fires.
    if (this.random.below(3) < 2) {
      const stage = STAGES[this.random.below(STAGES.length)];
      return { stage: `${stage}:${2 + this.random.below(30)}` };
    }
    return { afterMs: 600 + this.random.below(1500) };
  }

  private async waitReady(): Promise<Ready> {
    const { readyFile, logFile } = this.options;
    const until = performance.now() + READY_MS;
    while (performance.now() < until) {
      if (existsSync(readyFile)) {
        this.ready = JSON.parse(readFileSync(readyFile, "utf8")) as Ready;
        return this.ready;
      }
      const { child } = this;
      if (child?.exitCode !== null && child?.exitCode !== undefined)
        throw new Error(`the gateway ended with code ${child.exitCode}; its log is ${logFile}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(
      `the gateway did not listen within ${READY_MS / 1000} s; its log is ${logFile}`,
    );
  }
}
