// SPDX-License-Identifier: Apache-2.0
/** `npm run accept -- <issue> [--only name,…] [--ci] [--seed n]`: runs every "done when" line of an issue. */

import type { Finding, Line } from "./harness.ts";
import { issue1 } from "./issue-1.ts";
import { issue2 } from "./issue-2.ts";
import { issue3 } from "./issue-3.ts";
import { issue4 } from "./issue-4.ts";
import { issue5 } from "./issue-5.ts";
import { issue6 } from "./issue-6.ts";

const ISSUES: Record<string, Line[]> = {
  "1": issue1,
  "2": issue2,
  "3": issue3,
  "4": issue4,
  "5": issue5,
  "6": issue6,
};
const WORDS = new Map<Finding["pass"], string>([
  [true, "PASS"],
  [false, "FAIL"],
  ["skip", "SKIP"],
]);

const args = process.argv.slice(2);
const issue = args[0];
const lines = issue === undefined ? undefined : ISSUES[issue];
const seed = Number(given("--seed") ?? 2);
if (!lines || !Number.isInteger(seed) || seed < 1) {
  const issues = Object.keys(ISSUES);
  print(
    `usage: npm run accept -- <issue> [--only name,…] [--ci] [--seed n from 1]; issues: ${issues}`,
  );
  process.exit(2);
}
const only = given("--only")?.split(",");
const chosen = lines.filter((line) =>
  only ? only.includes(line.name) : !args.includes("--ci") || line.ci,
);
const unknown = only?.filter((name) => !lines.some((line) => line.name === name)) ?? [];
if (unknown.length > 0) {
  print(`no such line: ${unknown}; there are ${lines.map((line) => line.name).join(", ")}`);
  process.exit(2);
}
print(`issue ${issue}: ${chosen.length} of ${lines.length} lines`);
for (const line of chosen) print(`  ${line.name.padEnd(12)} ${line.takes.padEnd(8)} ${line.title}`);

const ended = { PASS: 0, FAIL: 0, SKIP: 0 };
for (const line of chosen) {
  print(`\n== ${line.name}: ${line.title}`);
  const startMs = performance.now();
  const findings = await findingsOf(line);
  const verdict = verdictOf(findings);
  ended[verdict]++;
  const skipped = findings.filter(({ pass }) => pass === "skip").length;
  const without = verdict === "PASS" && skipped > 0 ? `, ${skipped} skipped` : "";
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  print(`== ${line.name}: ${verdict}${without} in ${seconds} s`);
}
const skips = ended.SKIP > 0 ? `, ${ended.SKIP} skipped` : "";
print(`\n${ended.PASS} passed${skips}, ${ended.FAIL} failed`);
process.exit(ended.FAIL > 0 ? 1 : 0);

async function findingsOf(line: Line): Promise<Finding[]> {
  const findings: Finding[] = [];
  let lastSaid = 0;
  try {
    await line.run(
      (what, required, measured, pass = String(required) === String(measured)) => {
        const finding = { what, required: String(required), measured: String(measured), pass };
        findings.push(finding);
        print(`   ${WORDS.get(pass)}  ${what}: required ${required}, measured ${measured}`);
      },
      (text) => {
        if (performance.now() - lastSaid < 5000) return;
        lastSaid = performance.now();
        print(`   … ${text.slice(0, 140)}`);
      },
      { seed },
    );
  } catch (error) {
    findings.push({ what: line.name, required: "runs", measured: String(error), pass: false });
    print(`   FAIL  ${error instanceof Error ? error.stack : error}`);
  }
  return findings;
}

/** A line that was only skipped has not passed. */
function verdictOf(findings: readonly Finding[]): "PASS" | "FAIL" | "SKIP" {
  if (findings.length === 0 || findings.some(({ pass }) => pass === false)) return "FAIL";
  return findings.every(({ pass }) => pass === "skip") ? "SKIP" : "PASS";
}

/** What follows a flag. */
function given(flag: string): string | undefined {
  return args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
