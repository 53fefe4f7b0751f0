// SPDX-License-Identifier: Apache-2.0
/** Any one byte of an exported ledger changed: verification fails and names the record. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readExport } from "#gateway/audit/import";
import { mulberry32 } from "#host-sim/worlds/random";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Find, folder, type Line, wattle } from "./harness.ts";

const crypto = sodiumCrypto();
const RANDOM_FLIPS = 10_000;

/** Flips `bytes[offset]`, reads, and puts it back; whether the fault names a record. */
function caught(bytes: Uint8Array, offset: number, change: number): boolean {
  bytes[offset] ^= change;
  const read = readExport(crypto, bytes);
  bytes[offset] ^= change;
  if (read.ok) return false;
  return read.where === "header" || read.where === "end" || read.kind.length > 0;
}

async function exportOf(args: string[], name: string, say: (line: string) => void) {
  const dir = folder(name);
  const store = join(dir, "sim.db");
  const file = join(dir, "ledger.wattle");
  for (const command of [
    ["sim", ...args, "--store", store],
    ["export", store, file],
  ]) {
    const ran = await wattle(command, say);
    if (ran.code !== 0) throw new Error(`${command[0]}: ${ran.err.slice(-1000)}`);
  }
  return { dir, file, bytes: new Uint8Array(readFileSync(file)) };
}

export function flips(data: () => string): Line {
  return {
    name: "flips",
    title: "any one byte of an export flipped: verify fails naming the record",
    takes: "4 min",
    ci: false,
    run: (find, say) => runFlips(data(), find, say),
  };
}

async function runFlips(data: string, find: Find, say: (line: string) => void): Promise<void> {
  const small = await exportOf(["--data", data, "--nodes", "4", "--slots", "9"], "small", say);
  const intact = await wattle(["verify", small.file], say);
  find("verify of the small export", "exit 0", `exit ${intact.code}`);
  const random = mulberry32(1);
  let missed = 0;
  for (let offset = 0; offset < small.bytes.length; offset++)
    if (!caught(small.bytes, offset, 1 + random.below(255))) missed++;
  find(`flips missed of all ${small.bytes.length} bytes of the small export`, 0, missed);

  // The command itself, for a flip in the middle: exit status and the record's name.
  const damaged = small.bytes.slice();
  damaged[damaged.length >> 1] ^= 1;
  const file = join(small.dir, "damaged.wattle");
  writeFileSync(file, damaged);
  const ran = await wattle(["verify", file], say);
  find("verify of a damaged export", "exit 1", `exit ${ran.code}`);
  const named = /(frame|entry|record) \d+/i.exec(ran.out + ran.err)?.[0];
  find("record named", "a number", named ?? "none", named !== undefined);

  const week = await exportOf(["--data", data, "--days", "7"], "week", say);
  missed = 0;
  for (let i = 0; i < RANDOM_FLIPS; i++) {
    const offset = Math.floor(random.next() * week.bytes.length);
    if (!caught(week.bytes, offset, 1 + random.below(255))) missed++;
    if (i % 500 === 0) say(`${i} of ${RANDOM_FLIPS} random flips`);
  }
  find(`flips missed of ${RANDOM_FLIPS} in the week's ${week.bytes.length} bytes`, 0, missed);
}
