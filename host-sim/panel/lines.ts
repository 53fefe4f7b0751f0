// SPDX-License-Identifier: Apache-2.0
/** Cuts a stream of text into lines, of which no more is kept than a message may have. */
import { PANEL_CHARS_MAX } from "./protocol.ts";

/** One character more than a message: enough for its parser to refuse it. */
const KEPT_MAX = PANEL_CHARS_MAX + 1;

export class Lines {
  private rest = "";

  /** The lines that `chunk` completes, without their ends and without blank ones. */
  take(chunk: string): string[] {
    const parts = chunk.split("\n");
    parts[0] = this.rest + parts[0].slice(0, KEPT_MAX);
    this.rest = parts.pop()!.slice(0, KEPT_MAX);
    return parts.map((part) => part.trim().slice(0, KEPT_MAX)).filter((part) => part !== "");
  }

  /** What came after the last end of line. */
  end(): string[] {
    return this.take("\n");
  }
}
