// SPDX-License-Identifier: Apache-2.0
/** What a demo with several gateways found, for report.json (`consortium`) and for the summary. */

/** Real ms; null without a sample. */
interface Times {
  count: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** One gateway at the end, as its monitor topic has it. */
export interface GatewayEnd {
  area: string;
  /** Height and id (hex) of its ledger's head. */
  height: number | null;
  head: string | null;
  turn: number;
  /** Whether it is one of the consortium now. */
  member?: boolean;
  halted: string | null;
  liars: string[];
  boughtToFinal: Times;
  contractToFinal: Times;
  reserveToFinal: Times;
  turns: Times;
}

export interface ConsortiumFacts {
  gateways: number;
  /** Those that were there at the end. */
  ends: GatewayEnd[];
  /** Gateways that were killed for good. */
  dead: string[];
  /** The one that left by the operators' wish. */
  left: string[];
  /** What was done to them, in order. */
  faults: string[];
  oneChain: boolean;
}

export function isOneChain(ends: readonly GatewayEnd[]): boolean {
  const sound = ends.every(({ halted, liars }) => halted === null && liars.length === 0);
  return sound && new Set(ends.map(({ head }) => head)).size === 1 && ends[0]?.head !== null;
}

export function consortiumLines(facts: ConsortiumFacts | undefined): string[] {
  if (!facts) return [];
  const { ends, gateways, dead, left, faults, oneChain } = facts;
  const heads = ends.map(({ area, height, head }) => `${area} ${height} ${head?.slice(0, 16)}`);
  const chain = oneChain
    ? `one: ${ends.length} of ${gateways} gateways at block ${ends[0].height}, ${ends[0].head}`
    : `NOT ONE: ${heads.join(", ")}`;
  const slowest = (pick: (end: GatewayEnd) => Times): string => {
    const of = (key: "p50Ms" | "p99Ms") => Math.max(...ends.map((end) => pick(end)[key] ?? 0));
    const count = ends.reduce((sum, end) => sum + pick(end).count, 0);
    return `p50 ${of("p50Ms")} ms, p99 ${of("p99Ms")} ms (${count})`;
  };
  return [
    `chain    ${chain}`,
    `final    after BOUGHT ${slowest((end) => end.boughtToFinal)}, after the contract ` +
      `${slowest((end) => end.contractToFinal)}, after RESERVE ${slowest((end) => end.reserveToFinal)}; ` +
      "of the slowest gateway",
    `turns    ${Math.max(...ends.map(({ turn }) => turn))}, each ${slowest((end) => end.turns)} ` +
      "from something to take in until it is executed",
    ...(faults.length > 0 ? [`faults   ${faults.join("; ")}`] : []),
    ...(left.length > 0 ? [`left     ${left.join(", ")}`] : []),
    ...(dead.length > 0 ? [`dead     ${dead.join(", ")}`] : []),
  ];
}
