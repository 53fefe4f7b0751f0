// SPDX-License-Identifier: Apache-2.0
/** The power is cut at every write: a day's metering, a day's trading, and an update. */

import { CUT_MODES } from "#host-sim/flash/power";
import type { WriteMoment } from "#host-sim/fleet/store";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Cuts, everyCut, KINDS, MOMENTS } from "../sim/every-cut.ts";
import { cutEveryWrite, LOSS_MAX_MWH } from "../sim/metering-cuts.ts";
import type { CutCase } from "../sim/power-cut.ts";
import { sweepUpdate, UPDATE_CASES } from "../sim/update-cuts.ts";
import type { Find, Line } from "./harness.ts";
import { asThread, inThread } from "./threads.ts";

/** Threads that share the writes of a kind of case: as many as the machine for CI has cores. */
const THREADS = 2;
const LIMIT_MS = 900_000;

interface Task {
  kind: Partial<CutCase>;
  moments: readonly WriteMoment[];
  at: number;
}

/** Places at which a torn write ends. */
const TORN_SEEDS = [1, 2, 3, 4];

export const powerCuts: Line = {
  name: "power-cuts",
  title:
    "a cut before, within and after every write of a day's metering and trading, and of updates",
  takes: "2 min",
  ci: false,
  async run(find, say) {
    for (const origin of ["started", "powered", "kept"] as const) metering(origin, find);
    const day: Partial<CutCase> = { reboot: "at once", day: true };
    await trading("a day's trading, 24 slots of an hour", day, MOMENTS, find, say);
    updates(find);
  },
};

/** Part of `npm test` too, with a shorter day; here with the counts beside each other. */
export const cutWays: Line = {
  name: "cut-ways",
  title: "six slots of trading, cut at every write, in the other ways of going on",
  takes: "1 min",
  ci: false,
  async run(find, say) {
    for (const [name, kind, moments] of KINDS) await trading(name, kind, moments, find, say);
  },
};

/** What the simulation asserts at every cut, in short. */
const NOTHING = "no register back, none signed twice";

function metering(origin: "started" | "powered" | "kept", find: Find): void {
  const what = `a day's metering, polled each second, chip's counter ${origin}`;
  const cut = attempt(() => cutEveryWrite(origin));
  if (typeof cut === "string") return find(what, NOTHING, cut);
  const { writes, alone, cases, readings, lostMaxMwh } = cut;
  const counts = `${writes} writes (${alone} of registers alone), ${readings} readings, ${cases} cuts`;
  find(`${what}: ${counts}`, NOTHING, NOTHING);
  find(
    `${what}: lost by one cut`,
    origin === "started" ? `≤ ${LOSS_MAX_MWH} mWh` : "0 mWh",
    `${lostMaxMwh} mWh`,
    lostMaxMwh <= (origin === "started" ? LOSS_MAX_MWH : 0n),
  );
}

async function trading(
  name: string,
  kind: Partial<CutCase>,
  moments: readonly WriteMoment[],
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const required = `${NOTHING}, same totals`;
  try {
    const parts = Array.from({ length: THREADS }, (_, at) =>
      inThread<Cuts>(import.meta.url, { kind, moments, at }, LIMIT_MS, say),
    );
    let [writes, cases, missed] = [0, 0, 0];
    for (const part of await Promise.all(parts)) {
      if (!part) throw new Error(`no end within ${LIMIT_MS / 1000} s`);
      writes = part.writes;
      cases += part.cases;
      missed += part.missed;
    }
    const counts = `${writes} writes, ${cases} cuts (${moments.join(", ")}), ${missed} missed a slot`;
    find(`${name}: ${counts}`, required, required);
  } catch (error) {
    find(name, required, reasonOf(error));
  }
}

function updates(find: Find): void {
  const crypto = sodiumCrypto();
  let all = 0;
  for (const what of UPDATE_CASES) {
    const { steps, cases, faults } = sweepUpdate(crypto, what, CUT_MODES, TORN_SEEDS);
    all += cases;
    const measured =
      faults.length === 0 ? "every time" : `${faults.length} times not: ${faults[0]}`;
    const counts = `${steps} writes and erases, ${cases} cuts`;
    find(
      `update, ${what.name}: ${counts}: boots, and ends with ${what.ends}`,
      "every time",
      measured,
    );
  }
  find("cuts of updates", "> 0", all, all > 0);
}

function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return reasonOf(error);
  }
}

/** The case stands in the error, what was seen of it in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${reasonOf(error.cause)}`;
  return `${error.message.split("\n")[0]}${cause}`;
}

await asThread<Task>(import.meta.url, ({ kind, moments, at }, say) =>
  everyCut(kind, moments, { of: THREADS, at }, say),
);
