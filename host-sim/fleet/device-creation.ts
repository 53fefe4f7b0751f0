// SPDX-License-Identifier: Apache-2.0
/** The device's memory, from the manifests that the firmware is built with: its one source. */
import { readFileSync } from "node:fs";
import type { XsCreation } from "../xs-host/host.ts";

interface ManifestCreation {
  static: number;
  chunk: { initial: number; incremental: number };
  heap: { initial: number; incremental: number };
  stack: number;
}

function creationOf(manifest: string): Partial<ManifestCreation> {
  const file = new URL(`../../src/xs/manifest/${manifest}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { creation?: ManifestCreation }).creation ?? {};
}

/** As `creation` of the manifest has it; slots have 16 bytes there, and with `bits: 32`. */
export function deviceCreation(crypto: "native" | "noble" = "native"): XsCreation {
  // What a manifest says goes over what it includes.
  const own = creationOf(`creation-${crypto}`);
  const creation = { ...creationOf("creation"), ...own } as ManifestCreation;
  return {
    staticBytes: creation.static,
    chunkInitial: creation.chunk.initial,
    chunkIncremental: creation.chunk.incremental,
    heapInitial: creation.heap.initial,
    heapIncremental: creation.heap.incremental,
    stackSlots: creation.stack,
  };
}
