// SPDX-License-Identifier: Apache-2.0
/** The serial line of the USB socket: provisioning, the console and the log share it. */
import config from "mc/config";
import { board } from "#board";
import { UartSerial } from "#xs/chip/serial";
import type { Console } from "#xs/device/console";

const BAUD = 115_200;

/** Undefined in a debug build, where the line belongs to the debugger. */
export function openConsole(onBytes: (bytes: Uint8Array) => void): Console | undefined {
  if (config.console === "off") return undefined;
  const line = new UartSerial({
    ...board.console,
    baud: BAUD,
    format: "buffer",
    onReadable: () => {
      for (let bytes = line.read(); bytes; bytes = line.read()) onBytes(new Uint8Array(bytes));
    },
  });
  return { write: (bytes) => line.write(bytes), close: () => line.close() };
}
