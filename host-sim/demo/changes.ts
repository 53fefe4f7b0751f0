// SPDX-License-Identifier: Apache-2.0
/**
 * Changes of a demo's gateways while they trade, by nothing but what operators type: one more joins by three
 * of four, is caught up and votes; with its word and those of three others an old one leaves.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import type { DemoConsortium, Seat } from "./consortium.ts";
import { freePort } from "./proxy.ts";

const WATTLE = fileURLToPath(new URL("../../bin/wattle.js", import.meta.url));
/** How long a change may take, and a gateway to come to where the others are, ms. */
const CHANGE_MS = 60_000;

/** What happens at which slot. */
export function changesOf(
  consortium: DemoConsortium,
  slots: number,
): { slot: number; act(): Promise<void> }[] {
  const at = (percent: number) => Math.floor((slots * percent) / 100);
  return [
    { slot: at(20), act: () => join5(consortium) },
    { slot: at(50), act: () => leave2(consortium) },
  ];
}

async function join5(consortium: DemoConsortium): Promise<void> {
  const [first, second, third] = consortium.seats;
  const { area, secretKey } = consortium.nextKey;
  const port = await freePort();
  const dir = join(first.files.config, "..", "..", area);
  mkdirSync(dir, { recursive: true });
  const key = join(dir, "gateway.key");
  writeFileSync(key, `${toHex(secretKey)}\n`, { mode: 0o600 });
  const keys = join(dir, "keys.json");
  const url = `mqtt://127.0.0.1:${port}`;
  writeFileSync(keys, await wattle("keys", "--key", key, "--area", area, "--url", url, "--json"));
  await operator(first, "join", keys);
  await until("the wish is heard", async () => (await show(second)).open.length > 0);
  await operator(second, "agree");
  await operator(third, "agree");
  await until("the change", async () => (await show(first)).change === 1);
  consortium.note(`${area} joins by the operators of ${names([first, second, third])}`);
  const shown = await operator(first, "show", "--as-config");
  const seat = await consortium.add(JSON.parse(shown).consortium, secretKey, port);
  const heightOf = ({ watch }: Seat) => watch.consortium?.turn ?? 0;
  await until("it is there", async () => {
    const { member } = seat.watch.consortium ?? {};
    return member === true && heightOf(seat) > 0 && heightOf(seat) >= heightOf(first) - 2;
  });
  consortium.note(`${area} has come to turn ${heightOf(seat)}`);
}

async function leave2(consortium: DemoConsortium): Promise<void> {
  const [first, leaver, ...others] = consortium.seats;
  for (const seat of [first, ...others]) await operator(seat, "leave", leaver.area);
  await until("the change", async () => (await show(first)).change === 2);
  await until("its own gateway knows", async () => !(await show(leaver)).member);
  consortium.note(`${leaver.area} leaves by the operators of ${names([first, ...others])}`);
  leaver.left = true;
}

interface Shown {
  change: number;
  member: boolean;
  open: unknown[];
}

async function show(seat: Seat): Promise<Shown> {
  return JSON.parse(await operator(seat, "show", "--json")) as Shown;
}

function operator({ files }: Seat, command: string, ...args: string[]): Promise<string> {
  return wattle("consortium", command, ...args, "--config", files.config);
}

function names(seats: readonly Seat[]): string {
  return seats.map(({ area }) => area).join(", ");
}

/** Runs a command; what it printed. @throws Error with what it said where it failed */
async function wattle(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [WATTLE, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`wattle ${args.join(" ")} ended with ${code}: ${out}${err}`);
  return out;
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + CHANGE_MS;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`within ${CHANGE_MS / 1000} s: not ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
