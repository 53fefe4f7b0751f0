// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "timer". */
import { insert, machine, remove, type TimerHandle } from "./machine.ts";

const Timer = {
  set(run: (timer: TimerHandle) => void, delayMs = 0): TimerHandle {
    return insert({ run, atMs: machine().nowMs + delayMs, next: undefined });
  },
  repeat(run: (timer: TimerHandle) => void, everyMs: number): TimerHandle {
    return insert({ run, atMs: machine().nowMs + everyMs, next: undefined, everyMs });
  },
  clear(timer: TimerHandle | undefined): void {
    if (timer) remove(timer);
  },
};
export default Timer;
