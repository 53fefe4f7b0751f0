// SPDX-License-Identifier: Apache-2.0
/** The one command-line program: it only puts the commands together. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { registerNodeCommands } from "#node/cli/commands";
import { chaosCommand } from "./chaos.ts";
import { demoCommand } from "./demo.ts";
import { evaluateCommand } from "./evaluate.ts";
import { inspectCommands } from "./inspect.ts";
import { meterCommand } from "./meter.ts";
import { nodesCommand } from "./nodes.ts";
import { simCommand } from "./sim.ts";

/** Runs `wattle` with `argv` as Node has it; resolves with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const version = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  ).version;
  const program = new Command("wattle")
    .description("Meters that trade energy, and the gateway they trade through")
    .version(version)
    .showHelpAfterError("(wattle <command> --help shows what it takes)");
  demoCommand(program);
  registerNodeCommands(program);
  nodesCommand(program);
  meterCommand(program);
  simCommand(program);
  evaluateCommand(program);
  inspectCommands(program);
  chaosCommand(program);
  try {
    await program.parseAsync(argv as string[]);
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    process.stderr.write(`wattle: ${error instanceof Error ? error.message : String(error)}\n`);
    if (process.env.WATTLE_DEBUG && error instanceof Error)
      process.stderr.write(`${error.stack}\n`);
    return 1;
  }
}
