// SPDX-License-Identifier: Apache-2.0
/** The firmware on xs-host: its stand-ins take the driver's events, then src/xs/main.ts starts as on the chip. */
import main from "#xs/main";
import { listen } from "./sdk/machine.ts";

export function start(): void {
  listen();
  main();
}
