// SPDX-License-Identifier: Apache-2.0
/** `wattle enrol …` on the command line. */
import type { Command } from "commander";

const load = () => import("./enrol.ts");

/** Adds `enrol` with its commands. */
export function enrolCommands(program: Command): void {
  const enrol = program
    .command("enrol")
    .description("decide about nodes that ask a gateway for certificates (docs/operations.md)");
  listCommand(enrol);
  approveCommand(enrol);
  refuseCommand(enrol);
}

const FOLDER = ["--folder <dir>", "the gateway's identity folder", "identity"] as const;

function listCommand(enrol: Command): void {
  enrol
    .command("list")
    .description("print who asks, and for what")
    .option(...FOLDER)
    .option("--json", "print the result as JSON")
    .action(async (options) => {
      process.exitCode = await (await load()).enrolListCommand(options);
    });
}

function approveCommand(enrol: Command): void {
  enrol
    .command("approve")
    .description("have the authority certify a node; the gateway finds the certificate")
    .argument("[node]", "its name, or the begin of its id")
    .option(...FOLDER)
    .option("--claim <code>", "the claim code that the node shows, XXXX-XXXX")
    .option("--all", "every request, without claim codes")
    .option("--meter <text>", "what is written on the meter, in place of the request's")
    .option("--connection-w <W>", "rating of the connection, in place of the request's")
    .option("--days <n>", "validity from now on (default: 365)")
    .option("--from <iso>", "begin of the validity (default: an hour ago)")
    .option("--until <iso>", "its end, in place of --days")
    .option("--at <iso>", "the network's time now, where that is not UTC")
    .option("--key <file>", "the authority's key store", "authority.key")
    .option("--register <file>", "its register (default: beside the key store)")
    .option(
      "--passphrase-file <file>",
      "its first line is the passphrase; else WATTLE_PASSPHRASE, else it is asked for",
    )
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle enrol list\n  wattle enrol approve house-7 --claim 7K2M-9QX4" +
        "\n  wattle enrol approve --all --days 30        # a test street" +
        "\nWhere the authority is on another machine, take the requests there: wattle authority issue --help",
    )
    .action(async (node: string | undefined, options) => {
      process.exitCode = await (await load()).enrolApproveCommand(node, options);
    });
}

function refuseCommand(enrol: Command): void {
  enrol
    .command("refuse")
    .description("refuse a request; the node is told")
    .argument("<node>", "its name, or the begin of its id")
    .option(...FOLDER)
    .option("--json", "print the result as JSON")
    .action(async (node: string, options) => {
      process.exitCode = await (await load()).enrolRefuseCommand(node, options);
    });
}
