// SPDX-License-Identifier: Apache-2.0
/** The device's memory, from the manifest that the firmware is built with: its one source. */
import { readFileSync } from "node:fs";
import type { XsCreation } from "../xs-host/host.ts";

interface ManifestCreation {
  static: number;
  chunk: { initial: number; incremental: number };
  heap: { initial: number; incremental: number };
  stack: number;
}

const file = new URL("../../src/xs/manifest/creation.json", import.meta.url);

/** As `creation` of the manifest has it; slots have 16 bytes there, and with `bits: 32`. */
export function deviceCreation(): XsCreation {
  const { creation } = JSON.parse(readFileSync(file, "utf8")) as { creation: ManifestCreation };
  return {
    staticBytes: creation.static,
    chunkInitial: creation.chunk.initial,
    chunkIncremental: creation.chunk.incremental,
    heapInitial: creation.heap.initial,
    heapIncremental: creation.heap.incremental,
    stackSlots: creation.stack,
  };
}
