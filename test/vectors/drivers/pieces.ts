// SPDX-License-Identifier: Apache-2.0
import type { FakeSerial } from "../../helpers/driver-io.ts";

/** As a UART's interrupt hands them over, and as engines with a small stack can pass them on. */
const PIECE_BYTES = 100;

/** Sends `bytes` over the line in pieces. */
export function sendPieces(line: FakeSerial, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    line.send(bytes.subarray(at, at + PIECE_BYTES));
}
