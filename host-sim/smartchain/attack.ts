// SPDX-License-Identifier: Apache-2.0
/** A row of the table of attacks (ledger 4.4), and the area that most are tried on. */
import type { PotToken } from "#core/records/tx";
import { Lab, type Person } from "./lab.ts";

/** The same attack without its defence, or by more than it is made for. */
export interface Without {
  what: string;
  /** True where it succeeds. */
  run(seed: number): boolean;
  /** Of how many seeds, exactly; undefined: of some. */
  rate?: number;
}

export interface Attack {
  name: string;
  /** Who attacks, at the fraction up to which the defence has to hold. */
  stated: string;
  defence: string;
  /** True where it succeeds. */
  run(seed: number): boolean;
  /** That it attacks anything at all. */
  without: readonly Without[];
}

/** An area in which all others witness: n = 12, k = 11, m = 7, f = 3. */
export const N = 12;

export function start(seed: number): { lab: Lab; author: Person; at: number } {
  const lab = new Lab(seed, N);
  const at = lab.random.below(N);
  return { lab, author: lab.people[at], at };
}

export const others = (at: number): number[] => [...Array(N).keys()].filter((one) => one !== at);

export function tokensOf(
  lab: Lab,
  author: Person,
  from: readonly number[],
  body = lab.body(author),
): PotToken[] {
  return from.flatMap((index) => {
    const answer = lab.ask(index, author, body);
    return "token" in answer ? [answer.token] : [];
  });
}
