// SPDX-License-Identifier: Apache-2.0
/** All attacks, one group after the other, on an area that trades meanwhile; and the same area left alone. */
import { certificatesGroup } from "./certificates.ts";
import { connectGroup } from "./connect.ts";
import { fuzzGroup } from "./fuzz.ts";
import { replayGroup } from "./replay.ts";
import type { Row } from "./report.ts";
import { type Group, type Outcome, play, type Scale } from "./scene.ts";
import { topicsGroup } from "./topics.ts";
import { attackWallets } from "./wallet.ts";
import { attackWitnesses } from "./witness.ts";

const GROUPS: readonly Group[] = [
  connectGroup,
  topicsGroup,
  replayGroup,
  fuzzGroup,
  certificatesGroup, // revokes a member that the others need
];

export interface SuiteOutcome {
  rows: Row[];
  /** Everything that is not as it has to be, in words. */
  faults: string[];
  attacked: Outcome;
  quiet: Outcome;
}

/** Attacks everything; nothing has succeeded, and nobody was disturbed, where `faults` is empty. */
export async function attackAll(
  scale: Scale,
  say: (line: string) => void = () => {},
): Promise<SuiteOutcome> {
  const [{ report, outcome: attacked }, { outcome: quiet }, wallets, witnesses] = await Promise.all(
    [
      play(GROUPS, true, scale, say),
      play(GROUPS, false, scale),
      attackWallets(scale.full ? 3 : 1, say),
      attackWitnesses(say),
    ],
  );
  const reports = [report, ...wallets.reports, witnesses.report];
  const faults = reports.flatMap(({ faults: all }) => all);
  faults.push(...wallets.faults, ...witnesses.faults, ...disturbed(attacked, quiet));
  return { rows: reports.flatMap(({ rows }) => rows), faults, attacked, quiet };
}

/** Where the area that was attacked is another than the one that was left alone. */
function disturbed(attacked: Outcome, quiet: Outcome): string[] {
  const faults: string[] = [];
  for (const key of ["slots", "missed"] as const)
    if (attacked[key] !== quiet[key])
      faults.push(`${attacked[key]} ${key}, ${quiet[key]} without attacks`);
  if (attacked.missed > 0) faults.push(`${attacked.missed} times a member missed a slot`);
  for (const topic of new Set([...Object.keys(attacked.monitor), ...Object.keys(quiet.monitor)])) {
    const [now, then] = [attacked, quiet].map(({ monitor }) => JSON.stringify(monitor[topic]));
    if (now !== then) faults.push(`${topic} is ${now}, and ${then} without attacks`);
  }
  const [now, then] = [attacked, quiet].map(({ complaints }) => complaints.sort().join("\n"));
  if (now !== then) faults.push(`the members complain:\n${now}`);
  return faults;
}
