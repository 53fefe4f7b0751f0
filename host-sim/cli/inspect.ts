// SPDX-License-Identifier: Apache-2.0
/** `wattle dag` and `wattle trace`: what a gateway's log says about transactions and trades. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { isoTime } from "#core/units/time";
import { isExport, readExport } from "#gateway/audit/export";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openSealedStore } from "#node/store/sealed";
import { dagSvg } from "../inspect/dag-svg.ts";
import { dagText } from "../inspect/dag-text.ts";
import { Ledger, type SeenSaid } from "../inspect/ledger.ts";
import { traceOf } from "../inspect/trace.ts";
import { explain } from "../inspect/why.ts";
import { centreOf, windowOf } from "../inspect/window.ts";
import { instant } from "../inspect/words.ts";

/** Refused messages in one list. */
const REFUSED_SHOWN = 100;

export interface InspectOutput {
  out: (text: string) => void;
  err: (text: string) => void;
}

const STDIO: InspectOutput = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

export function inspectCommands(program: Command): void {
  program
    .command("dag")
    .description("draw the DAG around a transaction, from a gateway's store")
    .argument("<file>", "a gateway's store (.db) or a file made by `wattle export`")
    .option("--around <txid>", "the transaction, or how its id begins (default: the last one)")
    .option("--slots <n>", "market slots on each side of its own", count, 0)
    .option("--svg <file>", "write a picture there too")
    .option("--refused", "list what was refused, with the reasons")
    .option("--seal-key <file>", "the store's key file (default: gateway.seal beside it)")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle dag runs/demo/gateway.db" +
        "\n  wattle dag runs/demo/gateway.db --around 5f3a91c2 --slots 1 --svg dag.svg" +
        "\n  wattle dag runs/demo/gateway.db --refused",
    )
    .action((file: string, options: DagOptions) => {
      process.exitCode = dagCommand(file, options);
    });
  program
    .command("trace")
    .description("follow one trade from reading to FINAL, from any message of it")
    .argument("<file>", "a gateway's store (.db) or a file made by `wattle export`")
    .argument("<node>", "the node's name, or how its id begins")
    .argument("<seq>", "number of one of its messages: a reading, an order or a transaction", count)
    .option("--seal-key <file>", "the store's key file (default: gateway.seal beside it)")
    .addHelpText("after", "\nExample:\n  wattle trace runs/demo/gateway.db house-3 17")
    .action((file: string, node: string, seq: number, options: { sealKey?: string }) => {
      process.exitCode = traceCommand(file, node, seq, options);
    });
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It takes a whole number.");
  return Number(text);
}

export interface DagOptions {
  around?: string;
  slots?: number;
  svg?: string;
  refused?: boolean;
  sealKey?: string;
}

/** `wattle dag`. The answer is the exit code: 2 where there is nothing to draw. */
export function dagCommand(file: string, options: DagOptions, io: InspectOutput = STDIO): number {
  const ledger = open("dag", file, options.sealKey, io);
  if (!ledger) return 2;
  if (options.refused) return listRefused(ledger, io);
  const centre = centreOf(ledger, options.around);
  if (typeof centre === "string") return failed("dag", centre, io);
  const shown = windowOf(ledger, centre, options.slots ?? 0);
  io.out(dagText(ledger, shown));
  const code = centre.said.code ?? centre.rejected;
  if (code) io.out(`\n${explain(ledger, centre.said, code).join("\n")}\n`);
  if (options.svg === undefined) return 0;
  writeFileSync(options.svg, `${dagSvg(ledger, shown)}\n`);
  io.out(`\n${options.svg}: ${shown.txs.length} transactions, ${shown.blocks.length} blocks\n`);
  return 0;
}

/** `wattle trace`. The answer is the exit code: 2 where there is nothing to follow. */
export function traceCommand(
  file: string,
  node: string,
  seq: number,
  options: { sealKey?: string } = {},
  io: InspectOutput = STDIO,
): number {
  const ledger = open("trace", file, options.sealKey, io);
  if (!ledger) return 2;
  const id = ledger.nodeOf(node);
  if (id === undefined) {
    const names = [...ledger.names.values()].slice(0, 20).join(", ");
    return failed("trace", `no member ${node}, or more than one. There are ${names}`, io);
  }
  const found = ledger.said.find((said) => said.node === id && said.seq === seq);
  const trace = traceOf(ledger, id, seq);
  if (typeof trace === "string") {
    // What is of no trade can still be explained.
    if (!found?.code) return failed("trace", trace, io);
    io.out(`${refusedLine(ledger, found)}\n${explain(ledger, found, found.code).join("\n")}\n`);
    return 0;
  }
  const { slot, steps, said } = trace;
  const day = isoTime(steps[0]?.atMs ?? 0).slice(0, 10);
  io.out(`${ledger.nameOf(id)}, message ${seq}: market slot ${slot}, protocol time from ${day}\n`);
  const widths = [0, 0];
  for (const { who, what } of steps) {
    widths[0] = Math.max(widths[0], who.length);
    widths[1] = Math.max(widths[1], what.length);
  }
  const lines = steps.map(
    ({ atMs, who, what, detail }) =>
      `${instant(atMs)}  ${who.padEnd(widths[0])}  ${what.padEnd(widths[1])}  ${detail}\n`,
  );
  io.out(lines.join(""));
  if (said.code) io.out(`\n${explain(ledger, said, said.code).join("\n")}\n`);
  return 0;
}

function listRefused(ledger: Ledger, io: InspectOutput): number {
  const refused = ledger.said.filter(({ code }) => code);
  const rejected = [...ledger.txs.values()].filter((seen) => seen.rejected);
  if (refused.length + rejected.length === 0) io.out("nothing was refused\n");
  for (const said of refused.slice(0, REFUSED_SHOWN))
    io.out(`${refusedLine(ledger, said)}\n  ${explain(ledger, said, said.code!).join("\n  ")}\n`);
  for (const { id, said, rejected: code } of rejected.slice(0, REFUSED_SHOWN)) {
    io.out(`${ledger.nameOf(said.node)}, message ${said.seq}, ${id}: rejected by its block\n`);
    io.out(`  ${explain(ledger, said, code!).join("\n  ")}\n`);
  }
  const left = Math.max(0, refused.length - REFUSED_SHOWN);
  const leftRejected = Math.max(0, rejected.length - REFUSED_SHOWN);
  if (left + leftRejected > 0) io.out(`… and ${left + leftRejected} more\n`);
  return 0;
}

function refusedLine(ledger: Ledger, { node, seq, said }: SeenSaid): string {
  return `${ledger.nameOf(node)}, message ${seq}: ${said.kind} refused`;
}

function failed(command: string, cause: string, { err }: InspectOutput): number {
  err(`wattle ${command}: ${cause}\n`);
  return 2;
}

/** The log at `path`; undefined where it cannot be read, which was said then. */
function open(
  command: string,
  path: string,
  keyFile: string | undefined,
  io: InspectOutput,
): Ledger | undefined {
  const crypto = sodiumCrypto();
  try {
    // Opening would make a new store of a name that is mistyped.
    if (!existsSync(path)) throw new Error(`${path}: no such file. Check the path`);
    const bytes = readFileSync(path);
    if (isExport(bytes)) {
      const read = readExport(crypto, bytes);
      if (!read.ok) throw new Error(`${path}: ${read.code}. \`wattle verify\` says more`);
      return new Ledger(crypto, read.entries);
    }
    const store = openSealedStore(path, { keyFile });
    try {
      return new Ledger(crypto, store.read());
    } finally {
      store.close();
    }
  } catch (error) {
    failed(command, error instanceof Error ? error.message : String(error), io);
    return undefined;
  }
}
