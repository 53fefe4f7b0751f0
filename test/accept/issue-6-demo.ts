// SPDX-License-Identifier: Apache-2.0
/** A week with a bank and without coins: the energy, the policies, the latency of payments, the figures. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CreditRun } from "#host-sim/report/credit";
import { dataDir } from "../data.ts";
import { folder, type Line, lastJson, wattle } from "./harness.ts";

interface Summary {
  tradedWh: number;
  tradableWh: number;
  credit: CreditRun;
  coins: Record<string, number>;
}

const micro = ({ coins }: Summary): number =>
  ["walletsMicro", "lockedMicro", "reservesMicro", "burnedMicro", "sharedMicro"].reduce(
    (sum, name) => sum + (coins[name] ?? 0),
    0,
  );

export const creditWeek: Line = {
  name: "credit-week",
  title: "a week of 12 homes without coins: meter-backed trades all, paper refuses; coins balance",
  takes: "6 min",
  ci: false,
  async run(find, say) {
    const data = dataDir();
    if (!data) return find("data", "WATTLE_DATA", "absent", "skip");
    const dir = folder("credit-week");
    const week = ["--data", join(data, "citylearn2022"), "--days", "7"];
    const credit = ["--credit", "--genesis", "0"];
    const demo = await wattle(["demo", ...week, ...credit, "--report", dir, "--json"], say);
    find("$ wattle demo --days 7 --credit --genesis 0", "exit 0", `exit ${demo.code}`);
    const borrowed = lastJson(demo.out) as unknown as Summary;
    const full = await wattle(["sim", ...week, "--json"], say);
    const { tradedWh } = lastJson(full.out) as unknown as Summary;
    find("energy traded, as with full wallets", tradedWh, borrowed.tradedWh);
    const { banks, times, loansLive, repaidOnTime } = borrowed.credit;
    find("loans", "≥ 12", loansLive + repaidOnTime, loansLive + repaidOnTime >= 12);
    const [bank] = banks;
    find("coins in all places", bank.capitalMicro, micro(borrowed));
    const kept = bank.reserveMicro + bank.outstandingMicro + bank.distributedMicro;
    const made = bank.capitalMicro + bank.interestMicro + bank.penaltiesMicro;
    find("I3: the bank's sums", made - bank.writtenOffMicro, kept);
    const { paymentMs, ledgerMs, ledgerProtocolMs } = times!;
    const text = ({ p50Ms, p99Ms }: typeof paymentMs) => `p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
    const faster = paymentMs.p99Ms < ledgerProtocolMs.p50Ms;
    find("token payment", "below the ledger's", text(paymentMs), faster);
    find("its block, in a run as fast as it goes", "printed", text(ledgerMs), ledgerMs.count > 0);
    find("its block, in protocol time", "printed", text(ledgerProtocolMs), true);
    const store = join(dir, "gateway.db");
    const verified = await wattle(["verify", store], say);
    find("$ wattle verify", "exit 0", `exit ${verified.code}`);
    const shown = await wattle(["bank", store], say);
    find("$ wattle bank", "exit 0, loans", `exit ${shown.code}`, shown.out.includes("ACTIVE"));
    const paper = await wattle(["sim", ...week, ...credit, "--policy", "paper", "--json"], say);
    const refused = lastJson(paper.out) as unknown as Summary;
    const { refusals, lostToGridWh } = refused.credit;
    find("paper: refused with", "CREDIT_NO_WEALTH", Object.keys(refusals).join());
    find("paper: left to the grid, Wh", refused.tradableWh, lostToGridWh);
  },
};

export const creditLatency: Line = {
  name: "credit-latency",
  title: "a demo with a bank: p50 and p99 of token payment against ledger confirmation",
  takes: "20 s",
  ci: true,
  async run(find, say) {
    const dir = folder("credit-latency");
    const short = ["--slots", "36", "--nodes", "6", "--engine", "v8", "--no-proof-of-time"];
    const args = ["--credit", "--genesis", "0", ...short, "--report", dir, "--json"];
    const ran = await wattle(["demo", ...args], say);
    find("$ wattle demo --credit --genesis 0", "exit 0", `exit ${ran.code}`);
    const report = JSON.parse(readFileSync(join(dir, "report.json"), "utf8")) as Summary;
    const { paymentMs, ledgerMs, ledgerProtocolMs } = report.credit.times!;
    find("payments by token", "≥ 1", paymentMs.count, paymentMs.count >= 1);
    const text = ({ p50Ms, p99Ms }: typeof paymentMs) => `p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
    // Where slots pass as fast as they go a block comes with the last BOUGHT; at real time it takes half a slot.
    const faster = paymentMs.p99Ms < ledgerProtocolMs.p50Ms;
    find("token payment, against its block in protocol time", "below", text(paymentMs), faster);
    find("its block, in protocol time", "printed", text(ledgerProtocolMs), true);
    find("its block, in this run", "printed", text(ledgerMs), true);
    find("all that was tradable", report.tradableWh, report.tradedWh);
  },
};

export const creditFigures: Line = {
  name: "credit-figures",
  title: "wattle evaluate credit: under a minute, all facts hold, figures beside the paper's",
  takes: "30 s",
  ci: false,
  async run(find, say) {
    const dir = folder("credit-figures");
    const ran = await wattle(["evaluate", "credit", "--report", dir], say);
    find("$ wattle evaluate credit", "exit 0", `exit ${ran.code}`);
    find("seconds", "≤ 60", ran.seconds.toFixed(0), ran.seconds <= 60);
    const { pooled, fig8, fig9a, fig9b, worseOff } = JSON.parse(
      readFileSync(join(dir, "evaluation.json"), "utf8"),
    );
    const near = (value: number, target: number, by: number) => Math.abs(value - target) <= by;
    // What an independent implementation of P* gives (docs/evaluation.md).
    find("bank, SE over AAS, %", "67 ± 3", pooled.bankVsAas, near(pooled.bankVsAas, 67, 3));
    find("bank, SE over RAS, %", "234 ± 8", pooled.bankVsRas, near(pooled.bankVsRas, 234, 8));
    const { borrowerVsAas, borrowerVsRas } = pooled;
    find("borrowers, not reproduced, %", "reported", `${borrowerVsAas}, ${borrowerVsRas}`, true);
    find("Fig. 8: median of iterations", 19, fig8.medianIterations);
    find(
      "Fig. 9: points",
      "both",
      `${fig9a.length}, ${fig9b.length}`,
      fig9a.length * fig9b.length > 0,
    );
    find("worse off", "equilibrium,aas,ras", Object.keys(worseOff).join());
  },
};
