// SPDX-License-Identifier: Apache-2.0
/** `wattle sim`: a neighbourhood on a virtual clock, without a network, as fast as it goes. */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { toHex } from "#core/codec/bytes";
import { formatCoins } from "#core/units/money";
import type { Latency } from "#gateway/credit/latency";
import type { LogStore } from "#gateway/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";
import { openSealedStore } from "#node/store/sealed";
import type { NodeEngine } from "../fleet/types.ts";
import { assembleRun } from "../report/assemble.ts";
import { batteryLine } from "../report/batteries.ts";
import { addCounts, ZERO_COUNTS } from "../report/counts.ts";
import { creditLines, type PaymentTimes } from "../report/credit.ts";
import { witnessLines } from "../report/witnesses.ts";
import { writeReport } from "../report/write.ts";
import {
  borrowing,
  gatewayOptions,
  nodeSetups,
  seededKey,
  tariffOf,
  tradingDirectly,
} from "../setup.ts";
import { runSim, type SimResult } from "../sim/run.ts";
import type { World } from "../worlds/types.ts";
import { openEngine } from "./engine.ts";
import {
  addCreditOptions,
  addEngineOptions,
  addMarketOptions,
  addPotOption,
  addWorldOptions,
  type CreditOptions,
  creditFrom,
  depositPolicy,
  type EngineOptions,
  type MarketOptions,
  marketFrom,
  type PotOptions,
  type WorldOptions,
  whole,
  worldFrom,
} from "./options.ts";
import { Progress, pace } from "./progress.ts";

type SimOptions = WorldOptions &
  MarketOptions &
  PotOptions &
  CreditOptions &
  EngineOptions & {
    report?: string;
    store?: string;
    json?: boolean;
    logLevel?: string;
    direct: number;
  };

export function simCommand(program: Command): void {
  const command = program
    .command("sim")
    .description("run a neighbourhood on a virtual clock, deterministic for a seed")
    .option("--report <dir>", "write report.json, settlements.csv, figures and index.html")
    .option("--store <file>", "keep the gateway's store (for `wattle verify` and `export`)")
    .option(
      "--direct <n>",
      "so many homes, the first, trade by OFFER and not in the market",
      whole(0, 4096),
      0,
    )
    .option("--json", "print the summary as JSON");
  addCreditOptions(addPotOption(addMarketOptions(addWorldOptions(command))));
  addEngineOptions(command, "v8");
  command
    .addHelpText(
      "after",
      "\nExample:\n  wattle sim --days 2 --report runs/sim" +
        "\n  wattle sim --data citylearn2022 --days 365 --store runs/year.db",
    )
    .action(async (options: SimOptions) => {
      process.exitCode = await simulate(options);
    });
}

async function simulate(options: SimOptions): Promise<number> {
  const progress = new Progress();
  const world = worldFrom(options);
  const crypto = sodiumCrypto();
  const gatewayKey = seededKey(crypto, options.seed, "gateway", 0);
  progress.say(`${world.name}: ${world.homes.length} homes, ${world.slots} slots`);
  if (options.store)
    for (const end of ["", "-wal", "-shm"]) rmSync(options.store + end, { force: true });
  const store: LogStore = options.store
    ? openSealedStore(options.store, { create: true })
    : openMemoryStore();
  const credit = creditFrom(options, world);
  const setups = nodeSetups(crypto, world, options.seed, crypto.publicKey(gatewayKey));
  const engine = await openEngine(options, progress);
  const startMs = performance.now();
  try {
    const result = await runSim({
      world,
      options: gatewayOptions(world, gatewayKey, {
        genesisMicro: options.genesis,
        deposit: depositPolicy(options),
        market: marketFrom(options),
        slotTimeoutMs: 30_000,
        pot: options.proofOfTime ? undefined : false,
        credit: credit?.bank,
      }),
      tariff: tariffOf(world),
      setups: tradingDirectly(credit ? borrowing(setups, credit.node) : setups, options.direct),
      engine,
      crypto,
      store,
      log: (level, event, facts) => {
        if (level === "error" || (level === "warn" && event !== "not-accepted"))
          progress.say(`${level} ${event} ${JSON.stringify(facts ?? {})}`);
      },
      onSlot: (done) =>
        progress.update(
          () => `slot ${done} of ${world.slots}, ${pace(done, world.slots, startMs)}`,
        ),
    });
    progress.clear();
    const wallSeconds = (performance.now() - startMs) / 1000;
    return await conclude(options, world, result, store, engine, wallSeconds);
  } finally {
    await engine.close();
    store.close();
  }
}

async function conclude(
  options: SimOptions,
  world: World,
  result: SimResult,
  store: LogStore,
  engine: NodeEngine,
  wallSeconds: number,
): Promise<number> {
  const { area } = result.gateway;
  const xs = await xsOf(result);
  const { counters } = area;
  const run = assembleRun({
    world,
    entries: store.read(),
    crypto: area.ports.crypto,
    engine: { name: engine.name, version: engine.version, crypto: options.crypto, xs },
    counts: addCounts(ZERO_COUNTS, {
      signaturesVerified: counters.signaturesVerified,
      duplicates: counters.duplicates,
      notAccepted: Object.fromEntries(counters.byCode),
    }),
    seed: options.seed,
    wallSeconds,
    batteries: result.batteries,
    payments: paymentsOf(area.credit.latency),
    extra: options.scenario === undefined ? undefined : { scenario: options.scenario },
  });
  const { summary } = run;
  if (options.report) writeReport(options.report, run);
  const head = area.chain.head!;
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    process.stdout.write(
      `traded ${summary.tradedWh} Wh of ${summary.tradableWh} Wh tradable in ${summary.slotsWithTrade} of ` +
        `${summary.slots} slots, ${summary.blocks} blocks, ${wallSeconds.toFixed(1)} s\n` +
        `wallets ${formatCoins(Number(summary.coins.walletsMicro))} coins, ` +
        `locked ${formatCoins(Number(summary.coins.lockedMicro))} coins\n` +
        [...witnessLines(summary.witnesses), ...creditLines(summary.credit)]
          .map((line) => `${line}\n`)
          .join("") +
        `head block ${head.header.height} ${toHex(head.id)}\n`,
    );
    const line = batteryLine(run.batteries);
    if (line) process.stdout.write(`batteries ${line}\n`);
    if (options.report) process.stdout.write(`report: ${options.report}/index.html\n`);
  }
  return result.failed.length > 0 ? 1 : 0;
}

function paymentsOf({ token, ledger, ledgerProtocol }: Latency): PaymentTimes {
  return { paymentMs: token, ledgerMs: ledger, ledgerProtocolMs: ledgerProtocol };
}

/** What the nodes took on XS, together; undefined on V8. */
async function xsOf(result: SimResult) {
  let meter = 0;
  let slotsPeak = 0;
  let clones = 0;
  for (const host of result.hosts) {
    const taken = await host.stats();
    if (!taken) continue;
    meter += taken.meter;
    slotsPeak = Math.max(slotsPeak, taken.slotsPeak);
    clones++;
  }
  return clones > 0 ? { meter, slotsPeak, clones } : undefined;
}
