// SPDX-License-Identifier: Apache-2.0
/** The thread behind VerifyPool: a packed batch in, its verdicts out, in order. */
import { parentPort } from "node:worker_threads";
import { verifyPacked } from "./verify-batch.ts";

parentPort?.on("message", (bytes: Uint8Array) => {
  const verdicts = verifyPacked(bytes);
  parentPort?.postMessage(verdicts, [verdicts.buffer]);
});
