// SPDX-License-Identifier: Apache-2.0
/** What a node says of itself on its retained `state` topic. */
import type { StartFacts } from "./ports.ts";
import type { NodeState } from "./state.ts";

/** `state` messages are at most this long (docs/protocol.md section 8). */
const STATE_CHARS_MAX = 256;

export interface Alarm {
  code: string;
  detail: string;
}

/** ASCII JSON of the last will: the boot number tells a stale one from a present one. */
export function willText({ boot }: NodeState): string {
  return JSON.stringify({ state: "offline", boot });
}

/** ASCII JSON of the birth. */
export function birthText(
  state: NodeState,
  update: Record<string, string | number> | undefined,
  start: StartFacts | undefined,
  alarm: Alarm | undefined,
): string {
  const facts: Record<string, string | number> = { state: "online", boot: state.boot, ...update };
  // Writes of flash so far, its wear: with messages and registers, at the time of this birth.
  facts.writes = state.version + state.registers.writes;
  if (start) {
    facts.reset = start.reset;
    if (start.failed > 0) facts.failed = start.failed;
    if (start.safe) facts.safe = 1;
  }
  if (alarm) {
    facts.alarm = alarm.code;
    facts.detail = alarm.detail;
  }
  const text = JSON.stringify(facts);
  return text.length <= STATE_CHARS_MAX ? text : JSON.stringify({ ...facts, detail: undefined });
}

/** The bytes of a text of ASCII. */
export function asciiOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
  return bytes;
}
