// SPDX-License-Identifier: Apache-2.0
/** Where and with what an evaluation was run. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  node: string;
  v8: string;
  crypto: string;
  wattle: string;
  date: string;
  seconds: number;
}

/** `crypto`: name of the port that was used. */
export function machineOf(crypto: string, seconds: number): Machine {
  const manifest = new URL("../../package.json", import.meta.url);
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    node: process.version,
    v8: process.versions.v8,
    crypto,
    wattle: JSON.parse(readFileSync(manifest, "utf8")).version,
    date: new Date().toISOString().slice(0, 10),
    seconds,
  };
}
