// SPDX-License-Identifier: Apache-2.0
/** A gateway and a load for it, in processes of their own, with a folder that goes away with them. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bound, Command, Question, RunResult, Usage } from "./messages.ts";
import { AREA, NET } from "./players.ts";

/** The most that an area holds. */
export const MEMBERS = 1024;

/** Δ for so many members: three quarters of their turn at 1500 a second, 0.51 s of 0.68 s for 1024. */
export function tickMsFor(members: number): number {
  return Math.floor((members * 750) / 1500);
}

/** Transactions between one and its parents: more than are under way, or one would overtake them. */
const DISTANCE = 1024;

export interface RigOptions {
  members?: number;
  proofOfTime: boolean;
  slotSeconds: number;
  /** Every entry of the log is a commit of its own. */
  commitEach?: boolean;
  /** Further arguments for the gateway's node, e.g. --cpu-prof. */
  execArgv?: readonly string[];
}

export class Rig {
  readonly members: number;
  private readonly dir: string;
  private readonly gateway: ChildProcess;
  private readonly generator: ChildProcess;

  private constructor(
    dir: string,
    gateway: ChildProcess,
    generator: ChildProcess,
    members: number,
  ) {
    this.members = members;
    this.dir = dir;
    this.gateway = gateway;
    this.generator = generator;
  }

  /** Starts both; the members are admitted and the first slot is open. */
  static async start(options: RigOptions): Promise<Rig> {
    const { proofOfTime, slotSeconds, members = MEMBERS, commitEach, execArgv } = options;
    const dir = mkdtempSync(join(tmpdir(), "wattle-bench-"));
    const config = {
      ...{ net: NET, area: AREA, expectNodes: members, slotSeconds, proofOfTime },
      worldStart: "2026-01-01T00:00:00Z",
      tickSeconds: tickMsFor(members) / 1000,
      // Parents are a turn or two old.
      ageMaxSeconds: 60,
      listen: { port: 0 },
      log: { level: "error" },
    };
    const file = join(dir, "gateway.json");
    writeFileSync(file, JSON.stringify(config));
    const gateway = start("gateway.ts", [file, commitEach ? "each" : "group"], execArgv);
    const { port, gatewayKey } = await next<{ port: number; gatewayKey: string }>(gateway);
    const rig = new Rig(dir, gateway, start("generator.ts", []), members);
    await rig.tell({ type: "join", port, gatewayKey, members, proofOfTime });
    return rig;
  }

  usage(): Promise<Usage> {
    return this.ask<Usage>({ type: "usage" });
  }

  bound(): Promise<Bound> {
    return this.ask<Bound>({ type: "bound" });
  }

  /** Signs `count` transactions: each member's are Δ apart, or as far as its turn at `perSecond` is long. */
  sign(count: number, perSecond?: number): Promise<{ signMs: number }> {
    const { members } = this;
    const turnMs = perSecond ? (1000 * members) / perSecond : tickMsFor(members);
    return this.tell({ type: "sign", count, turnMs, distance: DISTANCE });
  }

  /** The gateway's process, for what the system says of its memory. */
  get gatewayPid(): number {
    return this.gateway.pid!;
  }

  run(how: { inFlight: number } | { perSecond: number }): Promise<RunResult> {
    return this.tell({ type: "run", ...how });
  }

  final(): Promise<{ waitedMs: number }> {
    return this.tell({ type: "final" });
  }

  async stop(): Promise<void> {
    const gone = [this.generator, this.gateway].map(
      (child) => new Promise((resolve) => child.once("exit", resolve)),
    );
    this.generator.send({ type: "end" } satisfies Command);
    await gone[0];
    this.gateway.send({ type: "stop" } satisfies Question);
    await gone[1];
    rmSync(this.dir, { recursive: true });
  }

  private tell<T>(command: Command): Promise<T> {
    this.generator.send(command);
    return next<T>(this.generator);
  }

  private ask<T>(question: Question): Promise<T> {
    this.gateway.send(question);
    return next<T>(this.gateway);
  }
}

/** A process of this folder, with IPC. */
export function start(file: string, args: readonly string[], execArgv: readonly string[] = []) {
  const path = fileURLToPath(new URL(`./${file}`, import.meta.url));
  return fork(path, args, { execArgv: [...execArgv] });
}

/** The next message of a process, or an error where it ends before. */
export function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process ended with code ${code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message as T);
    });
  });
}
