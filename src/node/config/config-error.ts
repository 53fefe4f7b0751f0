// SPDX-License-Identifier: Apache-2.0
/**
 * What is wrong with a configuration file: every fault at once, each with its place and its cure.
 */

export interface ConfigProblem {
  /** Where in the file, for example `admit.members[2].publicKey`; empty for the file as a whole. */
  path: string;
  /** What stands there. */
  found: string;
  /** What may stand there. */
  allowed: string;
  /** What to do. */
  cure: string;
}

/** The operator's mistake, never a bug: the message is all that there is to say. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(`${file} cannot be used:\n${problems.map(formatProblem).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

function formatProblem({ path, found, allowed, cure }: ConfigProblem): string {
  const end = cure.endsWith("?") ? "" : ".";
  return `  ${path === "" ? "the file" : path}: found ${found}; allowed: ${allowed}. ${cure}${end}`;
}

/** A value as it stands in the file, shortened. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** The one of `known` that `word` was probably meant to be, or undefined. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  // `slot` for `slotSeconds`: the unit was forgotten.
  const isPart = (name: string) => name.toLowerCase().startsWith(lower);
  return best ?? (lower.length >= 3 ? known.find(isPart) : undefined);
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
