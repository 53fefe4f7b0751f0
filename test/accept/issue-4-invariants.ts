// SPDX-License-Identifier: Apache-2.0
/** I5 to I18 after every event of seeded runs with faults; each defence off; one run with real signatures. */
import { capArena } from "#host-sim/smartchain/cap-arena";
import { dagArena } from "#host-sim/smartchain/dag-arena";
import { ledgerArena } from "#host-sim/smartchain/ledger-arena";
import { orderArena } from "#host-sim/smartchain/order-arena";
import { runStreet } from "#host-sim/smartchain/street";
import { SWITCH_OFFS, shown } from "#host-sim/smartchain/switch-offs";
import { arena } from "#host-sim/smartchain/vote-arena";
import { sodiumCrypto } from "#node/crypto/sodium";
import type { Find, Line } from "./harness.ts";
import { asThread, inHalves, type Seeds } from "./threads.ts";

/** Seeds in which a defence that is off has to show. */
const TRIES = 100;

const LIMIT_MS = 3 * 3_600_000;

/** What came of some streets. */
interface Streets {
  sums: Record<string, number>;
  mostMs: number;
  failed: string[];
}

async function run({ from, seeds }: Seeds, say: (line: string) => void): Promise<Streets> {
  const sums: Record<string, number> = {};
  const add = (what: string, count: number): void => void (sums[what] = (sums[what] ?? 0) + count);
  let mostMs = 0;
  const failed: string[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const street = await runStreet({ seed });
    const { bus, faults, seen, violation } = street;
    mostMs = Math.max(mostMs, street.capWaitMs);
    add("events", street.events);
    add("transactions", street.transactions);
    add("accepted", street.accepted);
    add("suspended", street.suspended);
    for (const [what, count] of Object.entries({ ...bus, ...faults, ...seen })) add(what, count);
    if (violation) failed.push(`seed ${seed}: ${violation.message.slice(0, 160)}`);
    say(`seed ${seed}, ${sums.events} events, ${failed.length} failed`);
  }
  return { sums, mostMs, failed };
}

async function streets(
  seeds: number,
  from: number,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const parts = await inHalves(import.meta.url, { from, seeds }, run, LIMIT_MS, say);
  const sums: Record<string, number> = {};
  const failed: string[] = [];
  let mostMs = 0;
  for (const part of parts) {
    failed.push(...(part?.failed ?? ["a thread did not end"]));
    mostMs = Math.max(mostMs, part?.mostMs ?? 0);
    for (const [what, count] of Object.entries(part?.sums ?? {}))
      sums[what] = (sums[what] ?? 0) + count;
  }
  find(`violations in ${seeds} streets from seed ${from}`, "none", failed.join("; ") || "none");
  for (const [what, count] of Object.entries(sums)) find(what, "counted", count, true);
  find("the longest that a cap waited for approval or a block, ms", "counted", mostMs, true);
}

async function parts(seeds: number, from: number, find: Find): Promise<void> {
  const failed: string[] = [];
  let rivals = 0;
  for (let seed = from; seed < from + seeds; seed++)
    try {
      ledgerArena({ seed });
      capArena({ seed });
      dagArena({ seed });
      const n = 4 + (seed % 4);
      arena({ seed, n, doubles: Math.floor((n - 1) / 3) });
      rivals += orderArena({ seed });
    } catch (error) {
      failed.push(`seed ${seed}: ${String(error).slice(0, 160)}`);
    }
  const what = `violations in ${seeds} runs each of ledger, votes, caps, DAG and order alone`;
  find(what, "none", failed.join("; ") || "none");
  find("rivals among what came in several orders", "some", rivals, rivals > 0);
}

async function check(
  seeds: number,
  seed: number,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  await streets(seeds, seed, find, say);
  await parts(seeds, seed, find);
  const [first, again] = [await runStreet({ seed }), await runStreet({ seed })];
  find(`seed ${seed} once more: events`, first.events, again.events);
  find(`seed ${seed} once more: digest of the log`, first.digest, again.digest);
  const real = await runStreet({ seed, crypto: sodiumCrypto() });
  find("a street with Ed25519", "no violation", real.violation?.message ?? "no violation");
  for (const one of SWITCH_OFFS) {
    const at = await shown(one, seed, TRIES);
    find(`off: ${one.defence}`, one.invariant, at === undefined ? "nothing" : one.invariant);
  }
}

export const invariantsShort: Line = {
  name: "invariants-ci",
  title: "I5 to I18 after every event of 34 runs with faults, and with each defence off",
  takes: "30 s",
  ci: true,
  run: (find, say, { seed }) => check(34, seed, find, say),
};

export const invariants: Line = {
  name: "invariants",
  title: "I5 to I18 after every event of 2000 runs with faults, and with each defence off",
  takes: "15 min",
  ci: false,
  run: (find, say, { seed }) => check(2000, seed, find, say),
};

await asThread<Seeds>(import.meta.url, run);
