// SPDX-License-Identifier: Apache-2.0
/** Steps that several acceptance lines share. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, type Find, folder, ROOT } from "./harness.ts";

/** Runs one test file; every test in it is a finding, and what it prints is shown. */
export async function testFile(
  file: string,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const args = ["--test", "--test-reporter=spec", join(ROOT, file)];
  const ran = await command(process.execPath, args, say);
  const passed = /^ℹ pass (\d+)/m.exec(ran.out)?.[1] ?? "0";
  const skipped = /^ℹ skipped (\d+)/m.exec(ran.out)?.[1] ?? "0";
  for (const line of ran.out.split("\n"))
    if (
      /^\s*(ℹ|#) /.test(line) &&
      !/^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration)/.test(line)
    )
      process.stdout.write(`   ${line.trim()}\n`);
  if (ran.code !== 0) process.stdout.write(`${ran.out.slice(-3000)}\n`);
  find(`${file}: exit`, 0, ran.code);
  find(`${file}: tests passed`, "> 0", passed, Number(passed) > 0);
  find(`${file}: tests skipped`, 0, skipped);
}

/** As somebody new: a fresh clone in an empty folder, the README's command, the time to the first trade. */
export async function cleanClone(
  root: string,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const dir = join(folder("clone"), "wattle");
  const cloned = await command("git", ["clone", "--quiet", root, dir], say);
  find("git clone", 0, cloned.code);
  const startMs = performance.now();
  const installed = await command("npm", ["ci"], say, { cwd: dir });
  find("npm ci", 0, installed.code);
  const installSeconds = (performance.now() - startMs) / 1000;
  const ran = await command("npm", ["run", "demo"], say, { cwd: dir });
  find("npm run demo", 0, ran.code);
  const report = JSON.parse(readFileSync(join(dir, "runs/demo/report.json"), "utf8"));
  const first = installSeconds + Number(report.firstTradeSeconds);
  find("seconds from npm ci to the first trade", "< 180", first.toFixed(0), first < 180);
  find("tradedWh", report.tradableWh, report.tradedWh);
}
