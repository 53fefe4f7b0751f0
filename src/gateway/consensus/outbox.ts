// SPDX-License-Identifier: Apache-2.0
/** What one turn of the machine puts out, in the order in which it has to happen. */
import type { Code } from "#core/errors/codes";
import type { MessageKind, Output, TimerKind } from "./types.ts";

export class Outbox {
  private list: Output[] = [];
  /** Something that may not be forgotten has changed in this turn. */
  dirty = false;

  push(output: Output): void {
    this.list.push(output);
  }

  /** To one gateway by id in hex, or to all others. */
  send(kind: MessageKind, bytes: Uint8Array, to?: string): void {
    this.push(to === undefined ? { type: "send", kind, bytes } : { type: "send", to, kind, bytes });
  }

  timer(kind: TimerKind, height: number, round: number, afterMs: number): void {
    this.push({ type: "timer", kind, height, round, afterMs });
  }

  drop(from: string, code: Code, detail = ""): void {
    this.push({ type: "drop", from, code, detail });
  }

  /** The turn's outputs. What has to be durable comes before all that follows from it. */
  drain(state: () => Uint8Array): Output[] {
    const outputs = this.list;
    if (this.dirty) outputs.unshift({ type: "persist", state: state() });
    this.list = [];
    this.dirty = false;
    return outputs;
  }
}
