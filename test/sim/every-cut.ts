// SPDX-License-Identifier: Apache-2.0
/** Every write of a node's flash in a market, cut before, during and after it, in the ways that differ. */
import assert from "node:assert/strict";
import type { WriteMoment } from "#host-sim/fleet/store";
import { type CutCase, type CutResult, runCut } from "./power-cut.ts";

export const MOMENTS: WriteMoment[] = ["before", "during", "after"];
const UNDISTURBED: CutCase = { write: 0, moment: "before", reboot: "at once" };

/** How many writes there are, how many cases ran, and how many of them missed a slot. */
export interface Cuts {
  writes: number;
  cases: number;
  missed: number;
}

/** Every write × every moment of one kind of case; of the writes only those that are `part.at` modulo `part.of`. */
export async function everyCut(
  kind: Partial<CutCase>,
  moments: readonly WriteMoment[],
  part = { of: 1, at: 0 },
  say: (progress: string) => void = () => {},
): Promise<Cuts> {
  const { market, day } = kind;
  const whole = await runCut({ ...UNDISTURBED, market, day });
  assert.deepEqual(whole.missed, []);
  assert.ok(whole.paidWh > 0);
  let cases = 0;
  let missed = 0;
  for (let write = 1; write <= whole.writes; write++) {
    if (write % part.of !== part.at) continue;
    say(`write ${write} of ${whole.writes}`);
    for (const moment of moments) {
      const cut: CutCase = { ...UNDISTURBED, ...kind, write, moment };
      const result = await runCut(cut).catch((error: unknown) => {
        throw new Error(`cut ${JSON.stringify(cut)}`, { cause: error });
      });
      compare(whole, result, cut);
      cases++;
      if (result.missed.length > 0) missed++;
    }
  }
  return { writes: whole.writes, cases, missed };
}

/** The same totals as without a cut, unless the node was not there for a slot. */
function compare(whole: CutResult, result: CutResult, cut: CutCase): void {
  const what = JSON.stringify(cut);
  if (cut.reboot === "at once" && !cut.loseEvery) assert.deepEqual(result.missed, [], what);
  if (result.missed.length > 0) return;
  assert.equal(result.registers, whole.registers, what);
  assert.deepEqual(result.tradedWh, whole.tradedWh, what);
  assert.equal(result.paidWh, whole.paidWh, what);
  assert.equal(result.paidMicro, whole.paidMicro, what);
}

/** The plain case in full; the others at the moment that tells most about them. */
export const KINDS: [string, Partial<CutCase>, readonly WriteMoment[]][] = [
  ["the node is back at once", { reboot: "at once" }, MOMENTS],
  ["messages are lost while it is being cut", { reboot: "at once", loseEvery: 2 }, MOMENTS],
  ["the node is back when all is quiet", { reboot: "when idle" }, ["during"]],
  ["the node is back after its slot was given up", { reboot: "late" }, ["after"]],
  ["all messages are lost while it is cut", { reboot: "when idle", loseEvery: 1 }, ["after"]],
  ["it is cut again at the next write", { reboot: "at once", againAfter: 1 }, ["during"]],
  ["it is cut again at the third write after", { reboot: "at once", againAfter: 3 }, ["after"]],
  ["in a guided market", { reboot: "at once", market: { mode: "guided" } }, ["during"]],
  ["in a market of forecasts", { reboot: "at once", market: { timing: "ex-ante" } }, ["after"]],
];
