// SPDX-License-Identifier: Apache-2.0
/** Fig. 5 of paper 1, and what the consensus takes over the number of gateways. */
import { linearScale } from "../../report/scale.ts";
import type { Chart } from "../../report/svg.ts";
import { extremes, logScale, pixels, plot, type Series, upwards } from "../plot.ts";
import type { ConsensusEvaluation } from "./evaluate.ts";
import { overSizes } from "./tables.ts";

export function consensusFigures(evaluation: ConsensusEvaluation): Chart[] {
  return [confirmation(evaluation), speed(evaluation), latency(evaluation), bytes(evaluation)];
}

function confirmation({ fig5: { systems, rows } }: ConsensusEvaluation): Chart {
  const series = systems
    .map(({ id, name }, i): Series & { id: string } => ({
      id,
      label: name,
      colour: i, // as in Fig. 5(b)
      points: rows.map(({ f, minutes }) => ({ x: f, y: minutes[i] })),
    }))
    // Its record takes as long as the chain's.
    .filter(({ id }) => !id.startsWith("credit"));
  return plot({
    id: "fig5a",
    title: "Paper 1, Fig. 5(a): confirmation times, added up",
    description:
      "Trades of a pair in 240 minutes times the confirmation time of each: the paper's inputs of 60 and 10 " +
      "minutes, and the times measured here. The scale is logarithmic.",
    unit: "minutes in 240 minutes",
    xUnit: "f, wanted trades per pair and hour",
    x: linearScale(0, 5, pixels),
    y: logScale(...extremes(series), upwards),
    series,
  });
}

function speed({ fig5: { systems, rows } }: ConsensusEvaluation): Chart {
  return plot({
    id: "fig5b",
    title: "Paper 1, Fig. 5(b): trades that confirmation delays let start",
    description:
      "Protocol F5-N: a hundred nodes with twenty coins each, 240 minutes, purchases of 1 to 20 coins from " +
      "anyone. The last lines are this system by its measured time.",
    unit: "started trades per pair and hour",
    xUnit: "f, wanted trades per pair and hour",
    x: linearScale(0, 5, pixels),
    y: linearScale(0, 5, upwards),
    series: systems.map(({ name }, i) => ({
      label: name,
      points: rows.map(({ f, speeds }) => ({ x: f, y: speeds[i] })),
    })),
  });
}

function latency({ latency: rows, setup }: ConsensusEvaluation): Chart {
  const series = setup.delaysMs.flatMap((delayMs, colour) =>
    setup.lossesPermille.map((permille): Series => {
      const loss = permille > 0 ? `, ${permille / 10} % lost` : "";
      return {
        label: `links of ${delayMs} ms${loss}`,
        colour,
        dashed: permille > 0,
        points: overSizes(rows, delayMs, permille / 10).map(({ gateways, finalMs }) => ({
          ...{ x: gateways, y: finalMs.median, low: finalMs.low, high: finalMs.high },
        })),
      };
    }),
  );
  return plot({
    id: "final",
    title: "From BOUGHT received to FINAL",
    description: "Medians, and 5 to 95 %, at the gateway that received it; 250 ms between blocks.",
    unit: "ms",
    xUnit: "gateways",
    x: linearScale(0, Math.max(...setup.sizes), pixels),
    y: logScale(...extremes(series), upwards),
    series,
  });
}

function bytes({ latency: rows, setup }: ConsensusEvaluation): Chart {
  const lines = overSizes(rows, setup.delaysMs[0], 0);
  const line = (pick: (row: (typeof rows)[number]) => number) =>
    lines.map((row) => ({ x: row.gateways, y: pick(row) }));
  const series = [
    { label: "messages", points: line(({ messages }) => messages) },
    { label: "kB", points: line(({ kilobytes }) => kilobytes) },
  ];
  return plot({
    id: "messages",
    title: "What the agreement on a block takes of the network",
    description: "Messages and bytes over the whole consortium: both grow with m².",
    unit: "messages, or kB",
    xUnit: "gateways",
    x: linearScale(0, Math.max(...setup.sizes), pixels),
    y: logScale(...extremes(series), upwards),
    series,
  });
}
