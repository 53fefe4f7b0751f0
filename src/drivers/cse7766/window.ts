// SPDX-License-Identifier: Apache-2.0
/**
 * Three frames in line, of which the middle one counts. An 8-bit sum lets one damaged frame in 256 through,
 * and some kinds of damage (two bytes swapped, two bits turned against each other) always. So a pulse counter
 * is believed only between two others that it does not contradict: it is not below the one before nor above
 * the one after, and each step is no more than the power that can flow in the time. A single damaged frame
 * then either drops out, or has a counter that the chip did pass through between its neighbours.
 */
import { PULSES_MODULUS } from "./registers.ts";
import type { Values } from "./values.ts";

/** What the window needs of a frame. */
export interface Heard {
  uptimeMs: number;
  pulses: number;
  values: Values;
}

export type Triple = readonly [Heard, Heard, Heard];

/** What one more frame makes of it. */
export interface Judgement {
  /** Three frames in line, the newest among them. */
  agreed?: Triple;
  /** All three of `agreed` say the same, and their counters are on a line: nothing is being switched. */
  steady?: boolean;
  /** A counter contradicts the others; it is left out. */
  odd?: boolean;
}

/** Frames further apart say nothing of each other, ms: eighteen frame times. */
const APART_MAX_MS = 1000;
/** Values within a sixteenth of each other are the same; a mains voltage moves less in two frame times. */
const SAME_PART = 16;
/** Pulses that a counter may be off a straight line, beside a part of the step: its ends are cut. */
const OFF_LINE_PULSES = 2;

export class Window {
  /** The newest frames that are in line, oldest first; at most three. */
  private frames: Heard[] = [];
  /** Frames that are in line with each other and not with the last of `frames`. */
  private others: Heard[] = [];
  private readonly pulsesMax: (elapsedMs: number) => number;

  /** `pulsesMax`: the most pulses that can come in a time. */
  constructor(pulsesMax: (elapsedMs: number) => number) {
    this.pulsesMax = pulsesMax;
  }

  take(frame: Heard): Judgement {
    const last = this.frames[this.frames.length - 1];
    if (last === undefined || frame.uptimeMs - last.uptimeMs > APART_MAX_MS) {
      this.begin([frame]);
      return {};
    }
    if (!this.inLine(last, frame)) return this.contradict(frame);
    const other = this.others[this.others.length - 1];
    // Two frames contradict each other, and this one neither of them: neither counts.
    if (other !== undefined && this.inLine(other, frame)) this.frames.pop();
    this.begin([...this.frames, frame].slice(-3));
    return this.judge();
  }

  private begin(frames: Heard[]): void {
    this.frames = frames;
    this.others = [];
  }

  /** Two frames displace one that they contradict; three displace all, as after a restart of the chip. */
  private contradict(frame: Heard): Judgement {
    const other = this.others[this.others.length - 1];
    if (other === undefined || !this.inLine(other, frame)) {
      this.others = [frame];
      return { odd: true };
    }
    this.others.push(frame);
    const before = this.frames[this.frames.length - 2];
    if (this.others.length === 3) this.begin(this.others);
    else if (before !== undefined && this.inLine(before, other))
      this.begin([before, ...this.others]);
    else return { odd: true };
    return { ...this.judge(), odd: true };
  }

  private judge(): Judgement {
    const [first, middle, last] = this.frames;
    if (last === undefined) return {};
    const steady =
      alike(first.values, middle.values) &&
      alike(first.values, last.values) &&
      isStraight(first, middle, last);
    return { agreed: [first, middle, last], steady };
  }

  private inLine(before: Heard, after: Heard): boolean {
    return step(before, after) <= this.pulsesMax(after.uptimeMs - before.uptimeMs);
  }
}

/** Whether the middle counter lies where a steady power puts it. */
function isStraight(first: Heard, middle: Heard, last: Heard): boolean {
  const elapsedMs = last.uptimeMs - first.uptimeMs;
  const pulses = step(first, last);
  const part = step(first, middle) * elapsedMs;
  const straight = pulses * (middle.uptimeMs - first.uptimeMs);
  const off = OFF_LINE_PULSES + Math.floor(pulses / SAME_PART);
  return Math.abs(part - straight) <= off * elapsedMs;
}

function step(before: Heard, after: Heard): number {
  return (after.pulses - before.pulses + PULSES_MODULUS) % PULSES_MODULUS;
}

/** Whether no value that both have differs. */
function alike(a: Values, b: Values): boolean {
  return (
    near(a.voltageMv, b.voltageMv) && near(a.currentMa, b.currentMa) && near(a.powerMw, b.powerMw)
  );
}

function near(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return SAME_PART * Math.abs(a - b) <= Math.max(a, b);
}

/** The middle one of three values by size; undefined where one of them is missing. */
export function median(
  a: number | undefined,
  b: number | undefined,
  c: number | undefined,
): number | undefined {
  if (a === undefined || b === undefined || c === undefined) return undefined;
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
