// SPDX-License-Identifier: Apache-2.0
/** A thread that runs one town after the other, as it is told their seeds. */
import { parentPort, workerData } from "node:worker_threads";
import type { TownChoices } from "./plan.ts";
import { tellTown } from "./runs.ts";

parentPort?.on("message", async (seed: number) => {
  parentPort?.postMessage(await tellTown(seed, workerData as TownChoices));
});
