// SPDX-License-Identifier: Apache-2.0
/** The evaluation of the consensus; and the target of 51 gateways alone. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { calibrate } from "#host-sim/evaluate/consensus/calibrate";
import { runConsortium } from "#host-sim/evaluate/consensus/consortium";
import { measureCosts } from "#host-sim/evaluate/consensus/costs";
import { setupOf } from "#host-sim/evaluate/consensus/setup";
import { quantile } from "#host-sim/evaluate/smartchain/stats";
import { sodiumCrypto } from "#node/crypto/sodium";
import { folder, type Line, wattle } from "./harness.ts";

export const evaluateLine: Line = {
  name: "evaluate",
  title: "`wattle evaluate consensus`: Fig. 5, latency and throughput for 4 to 51 gateways",
  takes: "4 min",
  ci: false,
  async run(find, say, { seed }) {
    const dir = folder("evaluate-consensus");
    const ran = await wattle(["evaluate", "consensus", "--seed", `${seed}`, "--report", dir], say);
    find("status", 0, ran.code);
    const { facts, latency, fig5 } = JSON.parse(readFileSync(join(dir, "evaluation.json"), "utf8"));
    for (const { what, required, measured, pass } of facts) find(what, required, measured, pass);
    const sizes = new Set(latency.map(({ gateways }: { gateways: number }) => gateways));
    find("numbers of gateways", "4,7,16,31,51", [...sizes].join(","));
    find("systems of Fig. 5, with the measured ones", 7, fig5.systems.length);
    const figures = readdirSync(dir).filter((name) => name.endsWith(".svg"));
    find("figures", "fig5a.svg,fig5b.svg,final.svg,messages.svg", figures.sort().join(","));
    rmSync(dir, { recursive: true });
  },
};

const GATEWAYS = 51;
const FINAL_MS = 3000;

export const latency51: Line = {
  name: "latency-51",
  title: "51 gateways on links of 50 ms: p50 from BOUGHT received to FINAL below 3 s",
  takes: "10 s",
  ci: true,
  async run(find, _say, { seed }) {
    const crypto = sodiumCrypto();
    const machine = measureCosts(crypto, seed);
    const costs = calibrate(crypto, machine, GATEWAYS, { seed, votes: 20_000 });
    const setup = setupOf(GATEWAYS, { seed, delayMs: 50, heights: 40 });
    const { finalMs, arrived, heights } = runConsortium(setup, { crypto, costs });
    const ms = (share: number): string => `${quantile(finalMs, share).toFixed(0)} ms`;
    find("blocks", setup.heights, heights);
    find("transactions that became FINAL", `most of ${arrived}`, finalMs.length, true);
    find("p50 from BOUGHT received to FINAL", `< ${FINAL_MS} ms`, ms(0.5), ok(finalMs, 0.5));
    find("p95", "counted", ms(0.95), true);
  },
};

function ok(finalMs: readonly number[], share: number): boolean {
  return quantile(finalMs, share) < FINAL_MS;
}
