// SPDX-License-Identifier: Apache-2.0
/** The demo with an authority: everything that it checks itself, and a second look from outside. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SecureFacts } from "#host-sim/report/secure";
import { folder, type Line, wattle } from "./harness.ts";

const SECONDS_MAX = 90;

export const secureDemo: Line = {
  name: "secure-demo",
  title: "demo with TLS: 12 nodes enrolled from nothing, one revoked half-way, one expired",
  takes: "30 s",
  ci: true,
  async run(find, say) {
    const dir = folder("secure-demo");
    // With tokens too, and smaller, it is test/demo/secure.test.ts: witnesses take 72 slots four times as long.
    const args = ["--secure", "--no-proof-of-time", "--report", dir, "--json"];
    const ran = await wattle(["demo", ...args], say);
    find("$ wattle demo --secure --no-proof-of-time", "exit 0", `exit ${ran.code}`);
    const report = JSON.parse(readFileSync(join(dir, "report.json"), "utf8"));
    const { enrolled, checks, notAccepted, revoked, expired }: SecureFacts = report.secure;
    find("nodes enrolled", 12, enrolled.length);
    find("engine", "xs", report.engine);
    for (const { what, required, measured, pass } of checks) find(what, required, measured, pass);
    for (const code of ["CERT_REVOKED", "CERT_EXPIRED", "NOT_ENROLLED", "ENROL_PENDING"]) {
      const count = notAccepted[code] ?? 0;
      find(`refusals ${code}, by the metrics`, "≥ 1", count, count >= 1);
    }
    // Both had something to lose: the rest of the run is another market without them.
    const trades = tradesBefore(dir, [revoked, expired]);
    for (const [i, { name }] of [revoked, expired].entries())
      find(`trades of ${name} while it was in`, "≥ 1", trades[i], trades[i] >= 1);
    const verified = await wattle(["verify", join(dir, "gateway.db")], say);
    find("$ wattle verify gateway.db", "exit 0", `exit ${verified.code}`);
    const seconds = ran.seconds.toFixed(0);
    find("seconds", `≤ ${SECONDS_MAX}`, seconds, ran.seconds <= SECONDS_MAX);
  },
};

/** By the table of settlements: how often each sold or bought. */
function tradesBefore(dir: string, who: readonly { name: string }[]): number[] {
  const rows = readFileSync(join(dir, "settlements.csv"), "utf8").trim().split("\n").slice(1);
  const parties = rows.map((row) => row.split(",").slice(2, 4));
  return who.map(({ name }) => parties.filter((both) => both.includes(name)).length);
}
