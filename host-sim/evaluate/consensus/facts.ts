// SPDX-License-Identifier: Apache-2.0
/** What must come out: it follows from the protocol, or is a target that links decide and not the machine. */
import type { Fact } from "../report.ts";
import { type ConsensusEvaluation, TARGET, targetRow } from "./evaluate.ts";
import { FINAL_MS, type Row } from "./runs.ts";

type Measured = Omit<ConsensusEvaluation, "about" | "machine" | "setup" | "costs" | "facts">;

function fact(what: string, required: string, measured: string, pass: boolean): Fact {
  return { what, required, measured, pass };
}

export function consensusFacts(measured: Measured): Fact[] {
  const { latency, faults, modes } = measured;
  return [
    ...latency.flatMap(countFacts),
    targetFact(targetRow(latency)),
    ...faults.map((row) =>
      fact(
        `${row.gateways} gateways, ${row.silent} dead (${row.what}): blocks go on`,
        "all decided",
        `${row.heights} blocks`,
        row.heights > 0,
      ),
    ),
    ...modes.flatMap(modeFacts),
    ...fig5Facts(measured),
    ...washFacts(measured),
  ];
}

/** Moving nothing gains nothing; the best that there is must not be better. */
function washFacts({ washing: { rows }, pace }: Measured): Fact[] {
  const minted = pace.map(({ mintedMicro, scheduledMicro }) => scheduledMicro - mintedMicro);
  const within = minted.every((rest) => rest >= 0);
  const what = "leaders' rewards are within their schedule at any pace of blocks";
  const washed = rows.map(({ what, gainsMicro }) => {
    const gain = gainsMicro[gainsMicro.length - 1];
    return fact(`proof-of-flow in use, ${what}: gain`, "≤ 0 µc", `${gain} µc`, gain <= 0);
  });
  return [...washed, fact(what, "always", String(within), within)];
}

/**
 * Without loss and in the first round a block takes two votes of each gateway and one proposal. When the run
 * ends some have not spoken on the last block, and some may have on the next.
 */
function countFacts(row: Row): Fact[] {
  const { gateways: m, lossPercent, extraRounds, votes, proposals, delayMs, heights } = row;
  if (lossPercent > 0 || extraRounds > 0) return [];
  const count = (what: string, measured: number, each: number): Fact => {
    const [least, most] = [each * (heights - 1), each * (heights + 1)];
    const name = `${m} gateways, ${delayMs} ms: ${what} of ${heights} blocks`;
    const pass = measured >= least && measured <= most;
    return fact(name, `${least} to ${most}`, String(measured), pass);
  };
  return [count("votes", votes, 2 * m), count("proposals", proposals, 1)];
}

function targetFact({ gateways, delayMs, finalMs }: Row): Fact {
  return fact(
    `${gateways} gateways on links of ${delayMs} ms: p50 from BOUGHT received to FINAL`,
    `< ${FINAL_MS} ms with ${TARGET.gateways} and ${TARGET.delayMs} ms`,
    `${finalMs.median.toFixed(0)} ms`,
    finalMs.median < FINAL_MS,
  );
}

function modeFacts({
  rule,
  leader,
  silentBlocks,
  backBlocks,
}: ConsensusEvaluation["modes"][number]) {
  const name = `4 gateways, ${rule}, ${leader}`;
  const stops = rule === "unanimous";
  return [
    fact(
      `${name}: blocks while one is dead`,
      stops ? "0" : "more than 0",
      String(silentBlocks),
      stops ? silentBlocks === 0 : silentBlocks > 0,
    ),
    fact(`${name}: blocks when it is back`, "more than 0", String(backBlocks), backBlocks > 0),
  ];
}

function fig5Facts({ fig5 }: Measured): Fact[] {
  const { rows, systems, ceilings, exact } = fig5;
  const speed = (row: (typeof rows)[number], id: string): number =>
    row.speeds[systems.findIndex((system) => system.id === id)];
  const order = ["traditional", "energy", "credit20", "credit100"];
  const slack = 1e-9;
  const ordered = rows.every((row) => {
    const rising = [...order.map((id) => speed(row, id)), row.f];
    return rising.every((value, i) => i === 0 || value >= rising[i - 1] - slack);
  });
  const share = Math.min(...rows.map((row) => speed(row, "credit100") / row.f));
  const below = rows.every((row) =>
    row.speeds.every((value, i) => value <= (ceilings[i] ?? Number.POSITIVE_INFINITY)),
  );
  return [
    fact("Fig. 5(a) without limits of coins is f · 4 · T", "exactly", String(exact), exact),
    fact("Fig. 5(b): traditional ≤ energy ≤ credit ≤ f", "for each f", String(ordered), ordered),
    fact("credit (L = 100) keeps up with f", "≥ 0.99", share.toFixed(4), share >= 0.99),
    fact("no system starts more than its coins allow", "2·C/(v̄·T)", String(below), below),
  ];
}
