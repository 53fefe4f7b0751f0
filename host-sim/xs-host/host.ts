// SPDX-License-Identifier: Apache-2.0
//
// Drives one xs-host process: many nodes, each a machine of its own on the XS engine.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { ensureXsHost } from "./build.ts";
import { checkCreation, parseStats, type XsCreation, type XsStats } from "./figures.ts";
import { ErrorMapper } from "./sourcemap.ts";
import { FrameReader, newFrame, op, out } from "./wire.ts";

export type { XsCreation, XsState, XsStats } from "./figures.ts";

export interface XsHandlers {
  /**
   * Answers `host.call` at once; what it throws becomes a TypeError in the node. `data` is empty
   * when the node gave none. It is a view of a read buffer, here and in `post`: copy what is kept.
   */
  call(node: number, fn: number, data: Uint8Array): Uint8Array | undefined;
  post(node: number, fn: number, data: Uint8Array): void;
  failed(node: number, reason: string): void;
}

export interface XsModule {
  readonly name: string;
  readonly source: string;
  /** A source map (JSON text); with it, the lines of a debug host's errors become those of the
   * TypeScript files. */
  readonly map?: string;
}

export interface XsOptions {
  readonly bits?: 32 | 64;
  readonly asan?: boolean;
  readonly debug?: boolean;
  readonly modules: readonly XsModule[];
  readonly entry: string;
  readonly preload?: readonly string[];
  /** Built-in objects are read-only, as on the device. Default true. */
  readonly freezeBuiltIns?: boolean;
  readonly log?: (line: string) => void;
}

export interface XsDone {
  readonly ok: boolean;
  readonly meter: number;
}

export interface XsMemory {
  readonly pssBytes: number;
  readonly rssBytes: number;
}

type Waiting = { code: number; resolve(data: Buffer): void; reject(error: Error): void };

const defaultMeterLimit = 2_000_000_000;
const stderrTail = 4000;

export class XsHost {
  private readonly child: ChildProcess;
  private readonly handlers: XsHandlers;
  private readonly errors: ErrorMapper;
  private readonly waiting: Waiting[] = [];
  private first = 0;
  private pending: Buffer[] = [];
  private scheduled = false;
  private stderr = "";
  private dead: Error | undefined;
  private closing = false;
  private readonly exited: Promise<void>;
  private lastReason = "";
  private versionText = "";

  private constructor(child: ChildProcess, handlers: XsHandlers, errors: ErrorMapper) {
    this.child = child;
    this.handlers = handlers;
    this.errors = errors;
    const reader = new FrameReader((code, data) => this.onFrame(code, data));
    child.stdout!.on("data", (chunk: Buffer) => reader.push(chunk));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-stderrTail);
    });
    // That the process has gone is reported by its exit; the pipe's own error adds nothing.
    child.stdin!.on("error", () => {});
    this.exited = new Promise((resolve) => {
      child.on("error", (error) => {
        this.die(error.message);
        resolve();
      });
      child.on("close", (code, signal) => {
        this.die(signal ? `killed by ${signal}` : `exit code ${code}`);
        resolve();
      });
    });
  }

  /** Builds the program when need be, starts it, compiles the modules and shares them. */
  static async start(options: XsOptions, handlers: XsHandlers): Promise<XsHost> {
    const { bits, asan, debug, log } = options;
    const program = await ensureXsHost({ bits, asan, debug, log });
    const child = spawn(program, [], { stdio: ["pipe", "pipe", "pipe"], env: hostEnvironment() });
    const host = new XsHost(child, handlers, new ErrorMapper(options.modules));
    try {
      await host.load(options);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  /** For example "XS 13.3.0 64-bit". */
  get version(): string {
    return this.versionText;
  }

  private async load(options: XsOptions): Promise<void> {
    for (const module of options.modules) {
      const name = Buffer.from(module.name);
      const source = Buffer.from(module.source);
      const frame = newFrame(op.load, 4 + name.length + source.length);
      frame.writeUInt32LE(name.length, 5);
      name.copy(frame, 9);
      source.copy(frame, 9 + name.length);
      this.write(frame);
    }
    for (const name of options.preload ?? []) this.write(textFrame(op.preload, name));
    this.versionText = await this.ask(newFrame(op.version, 0), out.version).then(String);
    const entry = textFrame(op.start, ` ${options.entry}`);
    entry[5] = options.freezeBuiltIns === false ? 0 : 1;
    const reply = await this.ask(entry, out.started);
    if (!reply[0]) {
      const text = this.errors.map(reply.toString("utf8", 1));
      throw new Error(`xs-host: the modules cannot be started: ${text}`);
    }
  }

  /** Resolves when the entry module's body has run, and the promise jobs after it. */
  async create(node: number, creation: XsCreation): Promise<void> {
    const frame = newFrame(op.create, 40);
    checkCreation(creation);
    const values = [
      node,
      creation.staticBytes ?? 0,
      creation.chunkInitial,
      creation.chunkIncremental,
      creation.heapInitial,
      creation.heapIncremental,
      creation.stackSlots,
      creation.keys ?? 0,
    ];
    for (const [i, value] of values.entries()) frame.writeUInt32LE(value, 5 + 4 * i);
    frame.writeDoubleLE(creation.meterLimit ?? defaultMeterLimit, 37);
    let reason = "";
    const reply = await this.ask(frame, out.created, () => {
      reason = this.lastReason;
    });
    if (!reply[4]) {
      throw new Error(`xs-host: node ${node} cannot be created: ${reason || "it exists"}`);
    }
  }

  /** Queues an event; resolves when the node has handled it and its promise jobs, or has failed. */
  async deliver(node: number, kind: number, payload: Uint8Array): Promise<XsDone> {
    const frame = newFrame(op.event, 8 + payload.length);
    frame.writeUInt32LE(node, 5);
    frame.writeUInt32LE(kind, 9);
    frame.set(payload, 13);
    const reply = await this.ask(frame, out.done);
    return { ok: reply[4] !== 0, meter: reply.readDoubleLE(5) };
  }

  /** With `collect`, the node's garbage is collected first, so that only live data is counted. */
  async stats(node: number, options?: { collect?: boolean }): Promise<XsStats> {
    const frame = newFrame(op.stats, 5);
    frame.writeUInt32LE(node, 5);
    frame[9] = options?.collect ? 1 : 0;
    return parseStats(await this.ask(frame, out.stats), (text) => this.errors.map(text));
  }

  async destroy(node: number): Promise<void> {
    const frame = newFrame(op.destroy, 4);
    frame.writeUInt32LE(node, 5);
    await this.ask(frame, out.destroyed);
  }

  /** Of the process; Linux only (elsewhere both are 0). */
  memory(): XsMemory {
    let text = "";
    try {
      text = readFileSync(`/proc/${this.child.pid}/smaps_rollup`, "utf8");
    } catch {
      // No such file: another system, or the process has ended.
    }
    const kb = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return { pssBytes: kb("Pss") * 1024, rssBytes: kb("Rss") * 1024 };
  }

  /** Ends the process; resolves when it has gone. Rejects when it did not end well. */
  async close(): Promise<void> {
    if (!this.closing) {
      this.closing = true;
      this.flush();
      this.child.stdin!.end();
    }
    await this.exited;
    const code = this.child.exitCode;
    if (code !== 0 && code !== null) {
      throw new Error(`xs-host ended with exit code ${code}\n${this.stderr}`);
    }
  }

  /** Ends the process at once, whatever its nodes do; all who wait are refused. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  private ask(frame: Buffer, code: number, seen?: () => void): Promise<Buffer> {
    if (this.dead) return Promise.reject(this.dead);
    if (this.closing) return Promise.reject(new Error("xs-host: closed"));
    this.write(frame);
    return new Promise((resolve, reject) => {
      const done = (data: Buffer) => {
        seen?.();
        resolve(data);
      };
      this.waiting.push({ code, resolve: done, reject });
    });
  }

  // Frames of one turn of the event loop leave in one write.
  private write(frame: Buffer): void {
    this.pending.push(frame);
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.pending.length === 0 || this.dead) return;
    const frames = this.pending;
    this.pending = [];
    this.child.stdin!.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  private onFrame(code: number, data: Buffer): void {
    if (code === out.call) {
      this.onCall(data);
    } else if (code === out.post) {
      this.handlers.post(data.readUInt32LE(0), data.readUInt32LE(4), data.subarray(8));
    } else if (code === out.failed) {
      this.lastReason = this.errors.map(data.toString("utf8", 4));
      this.handlers.failed(data.readUInt32LE(0), this.lastReason);
    } else {
      this.onAnswer(code, data);
    }
  }

  // Answers come in the order of the questions.
  private onAnswer(code: number, data: Buffer): void {
    const waiting = this.waiting[this.first];
    if (!waiting || waiting.code !== code) {
      this.die(`protocol: frame ${code}, expected ${waiting?.code}`);
      this.child.kill("SIGKILL");
      return;
    }
    this.first++;
    if (this.first === this.waiting.length) {
      this.waiting.length = 0;
      this.first = 0;
    } else if (this.first === 4096) {
      this.waiting.splice(0, this.first);
      this.first = 0;
    }
    waiting.resolve(data);
    this.lastReason = "";
  }

  private onCall(data: Buffer): void {
    let status = 0;
    let reply: Uint8Array | undefined;
    try {
      reply = this.handlers.call(data.readUInt32LE(0), data.readUInt32LE(4), data.subarray(8));
      if (reply) status = 1;
    } catch (error) {
      status = 2;
      reply = Buffer.from(error instanceof Error ? error.message : String(error));
    }
    const frame = newFrame(op.reply, 1 + (reply?.length ?? 0));
    frame[5] = status;
    if (reply) frame.set(reply, 6);
    // The node waits, and the process with it, so the reply does not wait for the turn to end.
    this.pending.push(frame);
    this.flush();
  }

  private die(why: string): void {
    if (this.dead) return;
    this.dead = new Error(`xs-host: the process has ended: ${why}\n${this.stderr}`.trimEnd());
    for (const waiting of this.waiting.splice(this.first)) waiting.reject(this.dead);
  }
}

// Undefined behaviour and leaks end the process with a report, so that no test passes over them.
function hostEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ASAN_OPTIONS: "detect_leaks=1:halt_on_error=1:exitcode=99" };
}

function textFrame(code: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const frame = newFrame(code, bytes.length);
  frame.set(bytes, 5);
  return frame;
}
