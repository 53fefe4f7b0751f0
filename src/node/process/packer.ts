// SPDX-License-Identifier: Apache-2.0
/** Checkpoints of the gateway's memory as bytes, by the engine's own serialisation. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import type { Packer } from "#gateway/checkpoint/checkpoint";

/** Folders whose code decides what a gateway has in memory. */
const FOLDERS = ["core", "gateway"];

/** A packer for this very software, told by a hash over its code. */
export function enginePacker(): Packer {
  const source = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
  return {
    build: buildOf(source),
    pack: (value) => serialize(value),
    unpack: (bytes) => deserialize(bytes),
  };
}

function buildOf(source: string): string {
  const hash = createHash("sha256").update(process.version);
  for (const folder of FOLDERS)
    for (const file of filesIn(join(source, folder))) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => [".ts", ".js"].includes(extname(file)) && statSync(file).isFile())
    .sort();
}
