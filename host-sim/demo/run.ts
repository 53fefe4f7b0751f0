// SPDX-License-Identifier: Apache-2.0
/**
 * The demo: gateway and fleet as two processes that know each other only by MQTT, a look at the monitor
 * topics while they trade, then the offline check of what the gateway stored, and the report.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Listr, ListrLogger, ProcessOutput } from "listr2";
import { formatCoins } from "#core/units/money";
import { loadGatewayConfig } from "#node/config/gateway-config";
import { operatorKey } from "#node/config/operator-key";
import { paceFault } from "#node/config/pace";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openSealedStore } from "#node/store/sealed";
import { assembleRun } from "../report/assemble.ts";
import { batteryLine } from "../report/batteries.ts";
import { consortiumLines } from "../report/consortium.ts";
import { addCounts, ZERO_COUNTS } from "../report/counts.ts";
import { creditLines } from "../report/credit.ts";
import { secureLines } from "../report/secure.ts";
import { witnessLines } from "../report/witnesses.ts";
import { writeReport } from "../report/write.ts";
import { SIM_AREA, SIM_NET, seededKey } from "../setup.ts";
import { ensureXsHost } from "../xs-host/build.ts";
import { DemoConsortium } from "./consortium.ts";
import { type RunFiles, writeRunFiles } from "./files.ts";
import { GatewayKeeper } from "./gateway-keeper.ts";
import { pssBytes, treePssBytes } from "./memory.ts";
import { NodesProcess } from "./nodes-process.ts";
import { secureFacts } from "./secure/checks.ts";
import { SecureRun } from "./secure/run.ts";
import type { DemoSetup, DemoState, Task } from "./state.ts";
import { type Watch, watchMonitor } from "./watch.ts";

/** Runs the demo; the exit status is 0 where every slot was settled and the ledger checks out. */
export async function runDemo(setup: DemoSetup): Promise<number> {
  const state = { counts: ZERO_COUNTS, startMs: performance.now() } as DemoState;
  state.secure = setup.secure ? new SecureRun(setup.report, setup) : undefined;
  state.peak = { gatewayPssBytes: 0, nodesPssBytes: 0 };
  const tasks = demoTasks(setup);
  try {
    await tasks.run(state);
  } finally {
    state.nodes?.kill();
    await state.keeper?.stop();
    await state.consortium?.stop();
    await state.watch?.close();
  }
  return printSummary(setup, state);
}

function demoTasks(setup: DemoSetup): Listr<DemoState, "default", "verbose"> {
  const { world } = setup;
  // What an operator types stays to be read.
  const steps = { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true };
  const homes = `${world.name}: ${world.homes.length} homes, ${world.slots} slots of ${world.slotSeconds} s`;
  return new Listr<DemoState, "default", "verbose">(
    [
      {
        title: homes,
        task: async (state, task) => {
          await state.secure?.prepare((line) => (task.output = line));
          prepare(setup, state);
        },
        rendererOptions: steps,
      },
      {
        title: "XS engine",
        enabled: () => setup.engine === "xs",
        task: async (_state, task) => {
          await ensureXsHost({ log: (line) => (task.output = line) });
        },
      },
      {
        title: "Gateway",
        task: (state, task) => startGateway(setup, state, task as Task),
        rendererOptions: steps,
      },
      {
        title: "Nodes",
        task: (state, task) => startNodes(setup, state, task as Task),
        rendererOptions: steps,
      },
      {
        title: "Trading",
        task: (state, task) => trade(setup, state, task as Task),
        rendererOptions: setup.secure ? steps : { outputBar: 3 },
      },
      { title: "Checking the ledger", task: (state, task) => check(setup, state, task as Task) },
      {
        title: "Report",
        task: (state, task) => {
          writeReport(setup.report, state.run);
          task.title = `Report: ${setup.report}/index.html`;
        },
      },
    ],
    // On a terminal the steps change in place; elsewhere, and in logs, there is a line for each change.
    // All of it on standard error: standard output has the summary alone.
    {
      rendererOptions: { logger: logger() },
      fallbackRenderer: "verbose",
      fallbackRendererOptions: { logTitleChange: true, logger: logger() },
      fallbackRendererCondition: !process.stderr.isTTY,
    },
  );
}

function logger(): ListrLogger {
  return new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
}

function prepare(setup: DemoSetup, state: DemoState): void {
  const { world, seed, gateways } = setup;
  const gateway = {
    brokerUrl: setup.broker,
    genesisMicro: setup.genesis,
    deposit: setup.deposit,
    market: setup.market,
    slotTimeoutSeconds: setup.slotTimeout,
    proofOfTime: setup.proofOfTime,
    speed: setup.speed,
    trust: state.secure?.trust,
    credit: setup.credit,
  };
  if (gateways > 1) {
    state.consortium = new DemoConsortium({
      ...{ dir: setup.report, world, seed, gateways, port: setup.port, gateway },
      faults: setup.gatewayFaults ?? false,
      changes: setup.gatewayChanges ?? false,
      onDeath: (area, code) => state.died?.(area, code),
    });
    return;
  }
  const secretKey = seededKey(sodiumCrypto(), seed, "gateway", 0);
  state.files = writeRunFiles(setup.report, world, { ...gateway, secretKey, port: setup.port });
  const cause = setup.speed !== undefined && paceFault(loadGatewayConfig(state.files.config));
  if (cause) process.stderr.write(`this is too fast: ${cause}\n`);
}

/** Several gateways: all are started before any node is. */
async function startGateways(
  consortium: DemoConsortium,
  setup: DemoSetup,
  state: DemoState,
  task: Task,
): Promise<void> {
  state.gatewayEnd = new Promise((_, reject) => {
    state.died = (area, code) => reject(new Error(`gateway ${area} ended with code ${code}`));
  });
  state.gatewayEnd.catch(() => {}); // it is looked at while they trade
  await consortium.start();
  const [first] = consortium.seats;
  state.files = { ...first.files, nodesLog: join(setup.report, "nodes.log") };
  rmSync(state.files.nodesLog, { force: true });
  state.keeper = first.keeper;
  state.watch = first.watch;
  state.url = `mqtt://127.0.0.1:${first.port}`;
  const ports = consortium.seats.map(({ area, port }) => `${area} ${port}`);
  task.title = `Gateways: ${ports.join(", ")}; stores in ${setup.report}`;
}

async function startGateway(setup: DemoSetup, state: DemoState, task: Task): Promise<void> {
  if (state.consortium) return startGateways(state.consortium, setup, state, task);
  const { files } = state;
  let ended: (code: number | null) => void = () => {};
  state.gatewayEnd = new Promise((resolve) => {
    ended = resolve;
  });
  state.keeper = new GatewayKeeper({
    configFile: files.config,
    readyFile: files.ready,
    logFile: files.gatewayLog,
    kills: setup.killGateway,
    nodes: setup.world.homes.length,
    seed: setup.seed,
    // A secure demo asks those that are out when all is settled.
    args: state.secure ? ["--metrics-port", "0"] : ["--exit-when-finished"],
    onKill: (point) => {
      state.counts = addCounts(state.counts, state.watch?.totals?.process);
      process.stderr.write(`gateway killed (${state.keeper.killPoints.length}): ${point}\n`);
    },
    onExit: ended,
  });
  const ready = await state.keeper.start();
  if (!setup.broker) fixPort(files.config, ready.port);
  const { secure } = state;
  state.url = setup.broker ?? `${secure ? "mqtts" : "mqtt"}://127.0.0.1:${ready.port}`;
  const operator = setup.broker === undefined ? operatorOf(files, ready.gatewayKey) : undefined;
  state.watch = watchMonitor(state.url, SIM_AREA, () => {}, operator, secure?.caPem);
  await secure?.certify(files, (line) => (task.output = line));
  task.title = `Gateway: ${state.url}, store ${files.store}`;
}

/** What proves to the gateway's own broker that the demo may look on. */
function operatorOf({ operatorKey: file }: RunFiles, gatewayKey: string) {
  return {
    ...{ crypto: sodiumCrypto(), net: SIM_NET, nowMs: Date.now },
    secretKey: operatorKey(file),
    gatewayKey: Buffer.from(gatewayKey, "hex"),
  };
}

/** A gateway that is started again listens where the nodes look for it. */
function fixPort(configFile: string, port: number): void {
  const config = JSON.parse(readFileSync(configFile, "utf8"));
  config.listen.port = port;
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`);
}

async function startNodes(setup: DemoSetup, state: DemoState, task: Task): Promise<void> {
  const { consortium } = state;
  const area = consortium?.seats[0].area ?? SIM_AREA;
  const args = ["--url", state.url, "--area", area, ...setup.nodeArgs];
  if (consortium) args.push("--gateways", consortium.placesFile);
  args.push("--gateway-key", state.keeper.ready!.gatewayKey, ...(state.secure?.nodeArgs ?? []));
  state.nodes = new NodesProcess(args, setup.world.homes.length, state.files.nodesLog);
  await state.nodes.connected();
  await state.secure?.enrol(state.files.nodesLog, (line) => (task.output = line));
  const seconds = ((performance.now() - state.startMs) / 1000).toFixed(1);
  task.title = `Nodes: ${setup.world.homes.length} on ${setup.engine}, connected after ${seconds} s`;
}

async function trade(setup: DemoSetup, state: DemoState, task: Task): Promise<void> {
  const { world } = setup;
  const began = performance.now();
  const look = setInterval(() => {
    measure(state);
    const { totals } = state.watch;
    if (totals && totals.tradedWh > 0)
      state.firstTradeSeconds ??= (performance.now() - state.startMs) / 1000;
    const line = progressLine(setup, state.watch, (performance.now() - began) / 1000);
    // Where steps stay, what changes has its place in the title.
    if (state.secure) task.title = `Trading: ${line}`;
    else task.output = line;
  }, 1000);
  try {
    await traded(state, task);
  } finally {
    clearInterval(look);
  }
  await interview(state, task);
  state.wallSeconds = (performance.now() - state.startMs) / 1000;
  state.counts = addCounts(state.counts, state.watch.totals?.process);
  state.fleet = await state.nodes.finish();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  task.title = `Trading: ${world.slots} slots settled in ${seconds} s`;
}

/** In a secure demo the gateway stays after its last slot, for those that have to be asked. */
async function interview({ secure, keeper, nodes, url }: DemoState, task: Task): Promise<void> {
  if (!secure) return;
  await secure.interview(nodes, url, (line) => (task.output = line));
  await keeper.stop();
}

/** Until all slots are settled. */
async function traded(state: DemoState, task: Task): Promise<void> {
  const { secure, watch, gatewayEnd, files, consortium } = state;
  if (consortium) {
    await Promise.race([consortium.traded(), gatewayEnd]);
    state.consortiumFacts = consortium.facts();
    await consortium.stop();
    return;
  }
  if (secure) return secure.trade(watch, gatewayEnd, (line) => (task.output = line));
  const code = await gatewayEnd;
  if (code !== 0)
    throw new Error(`the gateway ended with code ${code}; its log is ${files.gatewayLog}`);
}

function progressLine(setup: DemoSetup, watch: Watch, seconds: number): string {
  const { world, speed } = setup;
  const { slot, totals } = watch;
  if (!slot || !totals) return `no slot is settled yet, after ${seconds.toFixed(0)} s`;
  const left = world.slots - totals.slotsSettled;
  const perSlot = speed === undefined ? seconds / totals.slotsSettled : world.slotSeconds / speed;
  return (
    `slot ${totals.slotsSettled} of ${world.slots}: ${slot.tradedWh} Wh at ` +
    `${formatCoins(slot.priceMicroPerKwh ?? 0)} coins/kWh; ${totals.tradedWh} Wh in ` +
    `${totals.slotsWithTrade} slots so far; about ${Math.ceil(left * perSlot)} s left`
  );
}

function measure(state: DemoState): void {
  const { peak } = state;
  const keepers = state.consortium?.seats.map(({ keeper }) => keeper) ?? [state.keeper];
  const pss = keepers.reduce((sum, { pid }) => sum + (pid ? pssBytes(pid) : 0), 0);
  peak.gatewayPssBytes = Math.max(peak.gatewayPssBytes, pss);
  if (state.nodes.pid)
    peak.nodesPssBytes = Math.max(peak.nodesPssBytes, treePssBytes(state.nodes.pid));
}

async function check(setup: DemoSetup, state: DemoState, task: Task): Promise<void> {
  const { secure } = state;
  const store = openSealedStore(state.files.store);
  try {
    const { fleet } = state;
    state.run = assembleRun({
      world: setup.world,
      entries: store.read(),
      crypto: sodiumCrypto(),
      engine: {
        name: setup.engine,
        version: fleet?.version ?? setup.engine,
        crypto: setup.crypto,
        xs: fleet?.xs && { ...fleet.xs, clones: fleet.starts },
      },
      counts: state.counts,
      seed: setup.seed,
      wallSeconds: state.wallSeconds,
      batteries: fleet?.batteries,
      payments: state.watch.bank,
      extra: {
        scenario: setup.scenario,
        firstTradeSeconds: state.firstTradeSeconds,
        memory: state.peak,
        gatewayKills: state.keeper.killPoints,
        nodesFailed: fleet?.failed ?? [],
      },
    });
    const { entries, signatures } = state.run.checked;
    task.title = `Checking the ledger: ${entries} entries, ${signatures} signatures, no fault`;
    if (state.consortiumFacts) state.run.summary.consortium = state.consortiumFacts;
    if (!secure) return;
    task.output = "the same seed on the simulator, without TLS and certificates, to compare with";
    state.run.summary.secure = await secureFacts({
      secure,
      run: state.run,
      entries: store.read(),
      crypto: sodiumCrypto(),
      nodesLog: readFileSync(state.files.nodesLog, "utf8"),
      tls: state.watch.tls,
    });
  } finally {
    store.close();
  }
}

function printSummary(setup: DemoSetup, state: DemoState): number {
  const { summary } = state.run;
  const unlike = summary.consortium?.oneChain === false;
  const failed = unlike || summary.secure?.checks.some(({ pass }) => !pass) ? 1 : 0;
  if (setup.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return failed;
  }
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const { coins } = summary;
  const lines = [
    `traded   ${summary.tradedWh} Wh of ${summary.tradableWh} Wh tradable, ` +
      `in ${summary.slotsWithTrade} of ${summary.slots} slots`,
    `import   ${summary.importBeforeWh} Wh before, ${summary.importAfterWh} Wh after trade`,
    `export   ${summary.exportBeforeWh} Wh before, ${summary.exportAfterWh} Wh after trade`,
    `coins    genesis ${money(coins.genesisMicro)} + minted ${money(coins.mintedMicro)} = wallets ` +
      `${money(coins.walletsMicro)} + locked ${money(coins.lockedMicro)} + reserves ` +
      `${money(coins.reservesMicro)} + burned ${money(coins.burnedMicro)}` +
      (coins.sharedMicro === undefined ? "" : ` + shared ${money(coins.sharedMicro)}`),
    `ledger   ${summary.readings} readings, ${summary.transactions} transactions, ` +
      `${summary.blocks} blocks; ` +
      `${summary.rejected} rejected, ${summary.duplicates} repeated`,
    ...witnessLines(summary.witnesses),
    ...creditLines(summary.credit),
    ...consortiumLines(summary.consortium),
    `memory   gateway ${mb(state.peak.gatewayPssBytes)}, nodes ${mb(state.peak.nodesPssBytes)} (PSS, peak)`,
    `time     ${summary.wallSeconds.toFixed(1)} s, ` +
      `first trade after ${state.firstTradeSeconds?.toFixed(1) ?? "-"} s`,
  ];
  const batteries = batteryLine(state.run.batteries);
  if (batteries) lines.push(`batteries ${batteries}`);
  if (summary.secure) lines.push(...secureLines(summary.secure));
  process.stdout.write(`${lines.join("\n")}\n`);
  return failed;
}

function money(micro: number | bigint): string {
  return formatCoins(Number(micro));
}
