// SPDX-License-Identifier: Apache-2.0
/** `npm run accept -- <issue> [--only name,…] [--ci]`: runs every "done when" line of an issue. */

import type { Finding, Line } from "./harness.ts";
import { issue1 } from "./issue-1.ts";

const ISSUES: Record<string, Line[]> = { "1": issue1 };

const args = process.argv.slice(2);
const issue = args[0];
const lines = issue === undefined ? undefined : ISSUES[issue];
if (!lines) {
  print(`usage: npm run accept -- <issue> [--only name,…] [--ci]; issues: ${Object.keys(ISSUES)}`);
  process.exit(2);
}
const only = args.includes("--only") ? args[args.indexOf("--only") + 1].split(",") : undefined;
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

let failed = 0;
for (const line of chosen) {
  print(`\n== ${line.name}: ${line.title}`);
  const startMs = performance.now();
  const findings: Finding[] = [];
  let lastSaid = 0;
  try {
    await line.run(
      (what, required, measured, pass = String(required) === String(measured)) => {
        const finding = { what, required: String(required), measured: String(measured), pass };
        findings.push(finding);
        print(`   ${pass ? "PASS" : "FAIL"}  ${what}: required ${required}, measured ${measured}`);
      },
      (text) => {
        if (performance.now() - lastSaid < 5000) return;
        lastSaid = performance.now();
        print(`   … ${text.slice(0, 140)}`);
      },
    );
  } catch (error) {
    findings.push({ what: line.name, required: "runs", measured: String(error), pass: false });
    print(`   FAIL  ${error instanceof Error ? error.stack : error}`);
  }
  const bad = findings.length === 0 || findings.some((finding) => !finding.pass);
  if (bad) failed++;
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  print(`== ${line.name}: ${bad ? "FAIL" : "PASS"} in ${seconds} s`);
}
print(`\n${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
