// SPDX-License-Identifier: Apache-2.0
/** From the power of each slot to the windows that a node is told. */
import { WINDOWS_MAX } from "#core/limits";
import { Role, type Window } from "#core/records/plan";
import type { Outlook } from "./types.ts";

/** Runs of slots with one power, the nearest WINDOWS_MAX of them. */
export function windowsOf(powerW: Int32Array, outlook: Outlook): Window[] {
  const windows: Window[] = [];
  let open: Window | undefined;
  for (let t = 0; t < powerW.length; t++) {
    const power = powerW[t];
    const role = power > 0 ? Role.charging : Role.discharging;
    const priceMicro = outlook.retailMicro[t];
    if (power === 0) open = undefined;
    else if (open && open.role === role && open.powerW === Math.abs(power)) {
      open.slots++;
      const most = role === Role.charging ? Math.max : Math.min;
      open.priceMicro = most(open.priceMicro, priceMicro);
    } else {
      if (windows.length === WINDOWS_MAX) break;
      open = { slot: outlook.first + t, slots: 1, role, powerW: Math.abs(power), priceMicro };
      windows.push(open);
    }
  }
  return windows;
}
