// SPDX-License-Identifier: Apache-2.0
/**
 * The pulse counter of pulse-xs.c as the io of the S0 driver. `Native` and `native` are how XS's compiler
 * binds C functions (Moddable SDK, "XS in C", Native): a method's body is the call and nothing else.
 */
import type { PulseIo, PulseIoOptions } from "#drivers/s0/s0";

declare function Native(destructor: string): new () => object;
declare function native(name: string): (...args: unknown[]) => unknown;

export default class PulseCounter extends Native("xs_wattle_pulse_destructor") implements PulseIo {
  constructor(options: PulseIoOptions & Record<string, unknown>) {
    super();
    native("xs_wattle_pulse").call(this, options);
  }
  read(): number {
    return native("xs_wattle_pulse_read").call(this) as number;
  }
  close(): void {
    native("xs_wattle_pulse_close").call(this);
  }
  /** RTC memory keeps the count over a restart, not over a power cut. */
  get origin(): "powered" {
    return "powered";
  }
}
