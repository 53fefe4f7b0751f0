// SPDX-License-Identifier: Apache-2.0
/** What came of an attack, beside what has to come of it: no success, and every try counted by its code. */
import { changed, type Metrics, risen } from "./metrics.ts";
import type { Stage } from "./stage.ts";

export interface Row {
  group: string;
  attack: string;
  tries: number;
  successes: number;
  /** What rose meanwhile, by family and code. */
  counted: ReadonlyMap<string, number>;
  /** What is wrong with this row; empty where it is as it has to be. */
  faults: string[];
}

export interface Tried {
  tries: number;
  /** How often it worked, as its author saw it. */
  successes: number;
  /** Counts that this must have brought about in all; default: one for each try. */
  counts?: number;
  /** Codes besides those of the attack, which it may have brought about: a member that came back. */
  besides?: readonly string[];
}

export interface Plan {
  group: string;
  attack: string;
  /** What counts a try: `connect TOKEN_TIME`. Each try in exactly one of them, unless `atLeast`. */
  codes: readonly string[];
  /** More may be counted than was tried. */
  atLeast?: boolean;
  /** Nothing goes on meanwhile, and the gateway's log and ledger have to be as before. */
  still?: boolean;
  /** Before counts are read. */
  prepare?(): Promise<void>;
  act(): Promise<Tried>;
}

/** What goes with a connection that was refused or cut off, whoever it was. */
const ENDS = ["dropped CLIENT_ERROR", "connect TLS_FAILED"];

export class Report {
  readonly rows: Row[] = [];
  private readonly stage: Stage;
  private readonly say: (line: string) => void;

  constructor(stage: Stage, say: (line: string) => void = () => {}) {
    this.stage = stage;
    this.say = say;
  }

  /** Carries out an attack and keeps what came of it. */
  async run(plan: Plan): Promise<void> {
    const { group, attack, codes } = plan;
    await plan.prepare?.();
    const before = await this.stage.metrics();
    const { tries, successes, counts = tries, besides = [] } = await plan.act();
    const sum = (metrics: Metrics) => {
      const rose = risen(before, metrics);
      return codes.reduce((total, code) => total + (rose.get(code) ?? 0), 0);
    };
    const enough = (metrics: Metrics) => sum(metrics) >= counts;
    const after = await this.stage
      .untilMetrics(enough, `${group}, ${attack}: counts`)
      .catch(() => this.stage.metrics());
    const counted = risen(before, after);
    for (const code of ENDS) counted.delete(code);
    const faults: string[] = [];
    if (tries === 0) faults.push("nothing was tried");
    if (successes > 0) faults.push(`${successes} successes`);
    const total = sum(after);
    if (total < counts || (total > counts && !plan.atLeast))
      faults.push(`${total} counted as ${codes.join(", ")}, not ${counts}`);
    for (const [code, count] of counted)
      if (!codes.includes(code) && !besides.includes(code)) faults.push(`${count} ${code} too`);
    if (plan.still) for (const name of changed(before, after)) faults.push(`${name} changed`);
    const row = { group, attack, tries, successes, counted, faults };
    this.rows.push(row);
    this.say(lineOf(row));
  }

  get faults(): string[] {
    return this.rows.flatMap(({ group, attack, faults }) =>
      faults.map((fault) => `${group}, ${attack}: ${fault}`),
    );
  }
}

export function lineOf({ group, attack, tries, successes, counted, faults }: Row): string {
  const codes = [...counted].map(([code, count]) => `${code} ${count}`).join(", ");
  const wrong = faults.length > 0 ? `  WRONG: ${faults.join("; ")}` : "";
  return `${group}: ${attack}: ${tries} tries, ${successes} successes; ${codes || "-"}${wrong}`;
}
