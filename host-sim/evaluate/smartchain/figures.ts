// SPDX-License-Identifier: Apache-2.0
/** The paper's two figures with axes, units and spreads, and what load does to cap selection. */
import { linearScale } from "../../report/scale.ts";
import type { Chart } from "../../report/svg.ts";
import { extremes, logScale, pixels, plot, type Series, upwards } from "../plot.ts";
import { LOOKS } from "./conflict.ts";
import type { Evaluation, Line } from "./evaluate.ts";
import { LOADS } from "./loads.ts";
import type { Spread } from "./stats.ts";

/** Lines of the first two figures: not all difficulties at all sizes, the tables have those. */
function drawn(lines: readonly Line[]): Line[] {
  return lines.filter(({ kind, bits, perBlock }) => {
    if (kind === "smartchain" || bits === 0) return true;
    if (bits === 12) return perBlock !== 10;
    return bits === 16 ? perBlock !== 1 : perBlock === 100;
  });
}

function overN(
  { ns, lines }: Evaluation,
  pick: (line: Line) => readonly Spread[],
  factor = 1,
): Series[] {
  return lines.map((line) => ({
    label: line.label,
    points: pick(line).map(({ median, low, high }, i) => ({
      ...{ x: ns[i], y: median * factor, low: low * factor, high: high * factor },
    })),
  }));
}

const SPREADS = "Medians over repetitions, bars from 5 to 95 %.";

function preparation(evaluation: Evaluation): Chart[] {
  const shown = { ...evaluation, lines: drawn(evaluation.lines) };
  const x = linearScale(0, evaluation.ns[evaluation.ns.length - 1], pixels);
  const each = overN(shown, ({ prepare }) => prepare);
  const total = overN(shown, (line) => line.total);
  const xUnit = "N, transactions in the ledger";
  return [
    plot({
      id: "preparation",
      title: "Paper 2, Fig. 7: block preparation",
      description:
        "Processor time to prepare one transaction when N are in the ledger, without the network and the " +
        `witnesses' own work; logarithmic. ${SPREADS}`,
      ...{ x, xUnit, unit: "ms a transaction", series: each },
      y: logScale(...extremes(each), upwards),
    }),
    plot({
      id: "preparation-total",
      title: "The same, summed up over the first N",
      description: `Processor time to prepare the first N transactions; logarithmic. ${SPREADS}`,
      ...{ x, xUnit, unit: "s for N transactions", series: total },
      y: logScale(...extremes(total), upwards),
    }),
  ];
}

function validation(evaluation: Evaluation): Chart {
  const lines = evaluation.lines.filter(({ bits }) => bits === undefined || bits === 0);
  const series = overN({ ...evaluation, lines }, ({ validate }) => validate, 1000);
  return plot({
    id: "validation",
    title: "Paper 2, Fig. 8: validation",
    description:
      "Processor time of a second node that replays the log, for one transaction. Proof-of-work adds one " +
      `comparison a block at any difficulty. ${SPREADS}`,
    unit: "µs a transaction",
    xUnit: "N, transactions in the ledger",
    x: linearScale(0, evaluation.ns[evaluation.ns.length - 1], pixels),
    y: linearScale(0, extremes(series)[1], upwards),
    series,
  });
}

function starvation({ tables }: Evaluation): Chart {
  const series = LOADS.map((inFlight): Series => {
    const rows = tables.loads.filter(
      (row) => row.group === "starvation" && row.inFlight === inFlight && row.alpha !== undefined,
    );
    const points = rows.map(({ alpha = 0, never }) => ({ x: alpha * inFlight, y: 100 * never }));
    return { label: `λh = ${inFlight}`, points };
  });
  const all = series.flatMap(({ points }) => points.map(({ x }) => x));
  return plot({
    id: "starvation",
    title: "What a biased walk leaves behind",
    description:
      "Share of transactions that nobody approves within 20 latencies, where both caps come from a walk with " +
      "bias α, over α·λh (logarithmic). The rule is to stay at or below 0.1.",
    unit: "% never approved",
    xUnit: "α·λh",
    x: logScale(Math.min(...all), Math.max(...all), pixels),
    y: linearScale(0, Math.max(1, extremes(series)[1]), upwards),
    series,
  });
}

function conflicts({ tables }: Evaluation): Chart {
  const series = tables.conflicts.map(({ start, alpha, shares }): Series => {
    const name = alpha === "chosen" ? "as chosen, votes kept" : `α = ${alpha}`;
    const where = alpha === "chosen" ? "" : start === "fork" ? ", whole walk" : ", bounded";
    const points = shares.map((share, i) => ({ x: LOOKS[i], y: 100 * share }));
    return { label: name + where, points };
  });
  return plot({
    id: "conflict",
    title: "Two rivals, and only the walk to decide",
    description:
      "Share of new transactions that attach to the winning side of a double spend, after so many latencies, " +
      "λh = 10. Whole walks start before the fork, bounded ones 50 to 100 transactions back.",
    unit: "% on the winning side",
    xUnit: "latencies since the double spend",
    x: linearScale(0, LOOKS[LOOKS.length - 1], pixels),
    y: linearScale(0, 100, upwards),
    series,
  });
}

export function figuresOf(evaluation: Evaluation): Chart[] {
  return [
    ...preparation(evaluation),
    validation(evaluation),
    starvation(evaluation),
    conflicts(evaluation),
  ];
}
