// SPDX-License-Identifier: Apache-2.0
/** The firmware on xs-host: its stand-ins take the driver's events, then src/xs/main.ts starts as on the chip. */
import main from "#xs/main";
import { listen, machine } from "./sdk/machine.ts";

/** A module that is loaded at run time: its default export under its name on the device. */
export interface Offered {
  name: string;
  value: unknown;
}

export function start(offered?: Offered): void {
  listen();
  machine().offered = offered;
  main();
}
