// SPDX-License-Identifier: Apache-2.0
/** A conversation with a device: one question at a time, each with a time limit. */
import { decodeResult, ERRORS, encodeRpc, FromDevice, ImprovStream } from "./improv-client.ts";
import type { SerialPort } from "./serial-port.ts";

/** What is wrong, where it is, and what to do: as the device says it. */
export interface DeviceFault {
  field: string;
  cause: string;
  cure: string;
}

/** The device's answer to a command of its console. */
export interface Answer {
  cmd: string;
  ok: boolean;
  errors: DeviceFault[];
  facts: Record<string, unknown>;
  /** Lines that it said before, without log. */
  lines: string[];
}

/** It did not answer, or said that it cannot. */
export class DeviceError extends Error {
  /** Nothing came in time, where another try may help. */
  readonly silent: boolean;
  /** The line is gone. */
  readonly gone: boolean;
  constructor(message: string, kind?: "silent" | "gone") {
    super(message);
    this.name = "DeviceError";
    this.silent = kind === "silent";
    this.gone = kind === "gone";
  }
}

const ANSWER = "wattle: ";
const LINES_MAX = 1000;

interface Waiting {
  line(text: string): void;
  packet(type: number, data: Buffer): void;
  fail(error: Error): void;
}

export class DeviceLink {
  private readonly port: SerialPort;
  private waiting: Waiting | undefined;
  private gone: DeviceError | undefined;

  constructor(port: SerialPort) {
    this.port = port;
    const stream = new ImprovStream();
    stream.onLine = (line) => this.waiting?.line(line);
    stream.onPacket = (type, data) => this.waiting?.packet(type, data);
    port.listen(
      (bytes) => stream.push(bytes),
      (cause) => {
        this.gone = new DeviceError(cause, "gone");
        this.waiting?.fail(this.gone);
      },
    );
  }

  /** A command of the console, `words` quoted as needed. */
  command(words: readonly string[], timeoutMs: number): Promise<Answer> {
    const lines: string[] = [];
    // The first newline ends what the device may hold of an earlier line.
    const bytes = `\nwattle ${words.map(quoted).join(" ")}\n`;
    return this.ask<Answer>(bytes, timeoutMs, (resolve) => ({
      line(text) {
        if (!text.startsWith(ANSWER)) {
          if (lines.length < LINES_MAX) lines.push(text);
          return;
        }
        const answer = parseAnswer(text.slice(ANSWER.length), lines);
        if (answer && (answer.cmd === words[0] || answer.cmd === "")) resolve(answer);
      },
      packet: () => {},
    }));
  }

  /** An Improv command with one result. */
  async rpc(command: number, strings: readonly string[], timeoutMs: number): Promise<string[]> {
    return this.ask<string[]>(encodeRpc(command, strings), timeoutMs, (resolve, reject) => ({
      line: () => {},
      packet(type, data) {
        const result = type === FromDevice.result ? decodeResult(data) : undefined;
        if (result?.command === command) resolve(result.strings);
        refusal(type, data, reject);
      },
    }));
  }

  /** An Improv command with a list of results, of which the last is empty. */
  async rpcList(command: number, timeoutMs: number): Promise<string[][]> {
    const results: string[][] = [];
    return this.ask<string[][]>(encodeRpc(command), timeoutMs, (resolve, reject) => ({
      line: () => {},
      packet(type, data) {
        const result = type === FromDevice.result ? decodeResult(data) : undefined;
        if (result?.command === command && result.strings.length === 0) resolve(results);
        else if (result?.command === command) results.push(result.strings);
        refusal(type, data, reject);
      },
    }));
  }

  close(): void {
    this.port.close();
  }

  private async ask<T>(
    bytes: Uint8Array | string,
    timeoutMs: number,
    listen: (resolve: (value: T) => void, reject: (error: Error) => void) => Omit<Waiting, "fail">,
  ): Promise<T> {
    if (this.gone) throw this.gone;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.waiting = { ...listen(resolve, reject), fail: reject };
    const late = setTimeout(
      () => reject(new DeviceError(`no answer within ${timeoutMs / 1000} s`, "silent")),
      timeoutMs,
    );
    try {
      this.port.write(bytes);
      return await promise;
    } finally {
      clearTimeout(late);
      this.waiting = undefined;
    }
  }
}

function refusal(type: number, data: Buffer, reject: (error: Error) => void): void {
  if (type !== FromDevice.error || data.length !== 1 || data[0] === 0) return;
  reject(new DeviceError(ERRORS[data[0]] ?? `it refused with error ${data[0]}`));
}

/** A word as the device's console takes it: quoted where it has to be. */
function quoted(word: string): string {
  if (/^[^\s"\\]+$/.test(word)) return word;
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}

function parseAnswer(text: string, lines: string[]): Answer | undefined {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch {
    return undefined; // a line of log went through it
  }
  if (typeof facts !== "object" || facts === null) return undefined;
  const { cmd, ok, errors } = facts as Record<string, unknown>;
  if (typeof cmd !== "string" || typeof ok !== "boolean") return undefined;
  const faults = Array.isArray(errors) ? errors.map(faultOf) : [];
  return { cmd, ok, errors: faults, facts: facts as Record<string, unknown>, lines };
}

function faultOf(raw: unknown): DeviceFault {
  const { field, cause, cure } = (raw ?? {}) as Record<string, unknown>;
  return { field: printable(field), cause: printable(cause), cure: printable(cure) };
}

/** Text of a device as a terminal may show it: without control characters. */
export function printable(value: unknown): string {
  return String(value ?? "").replace(/\p{Cc}/gu, "?");
}
