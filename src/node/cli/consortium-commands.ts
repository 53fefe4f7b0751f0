// SPDX-License-Identifier: Apache-2.0
/** `wattle consortium …` on the command line. */
import type { Command } from "commander";

const load = () => import("./consortium.ts");
const CONFIG = [
  "--config <file>",
  "the configuration of this operator's gateway",
  "gateway.json",
] as const;
const SET = ["--set <key=value>", "over what the file says; may be repeated"] as const;
const JSON_OPTION = ["--json", "print the result as JSON"] as const;
const LATER =
  "\nThe gateway takes the wish from its folder within a second, or at its next start where it is stopped." +
  "\nIt counts when a quorum's operators have asked for the very same (docs/operations.md).";

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** Adds `consortium` with its commands. */
export function consortiumCommands(program: Command): void {
  const consortium = program
    .command("consortium")
    .description("look at the gateways of a consortium, and change them (docs/operations.md)");
  const command = (name: string, text: string): Command =>
    consortium
      .command(name)
      .description(text)
      .option(...CONFIG)
      .option(...SET, collect, [])
      .option(...JSON_OPTION);
  command("show", "print the present gateways, and which changes some are for")
    .option("--as-config", "print the consortium of a gateway that joins, for its configuration")
    .addHelpText("after", "\nExample:\n  wattle consortium show")
    .action(async (options) => {
      process.exitCode = await (await load()).consortiumShow(options);
    });
  command("join", "be for a gateway that joins")
    .argument("<file>", "what `wattle keys --json` printed at that gateway")
    .option("--area <name>", "its area, in place of the file's")
    .option("--url <mqtt>", "its broker's URL as all others reach it, in place of the file's")
    .addHelpText(
      "after",
      `\nExample:\n  wattle consortium join street-5.json --url mqtts://gw5.local:8883${LATER}`,
    )
    .action(async (file: string, options) => {
      process.exitCode = await (await load()).consortiumWish({ ...options, file });
    });
  command("leave", "be for a gateway that leaves")
    .argument("<gateway>", "its area, or the beginning of its id or public key")
    .addHelpText("after", `\nExample:\n  wattle consortium leave street-2${LATER}`)
    .action(async (gateway: string, options) => {
      process.exitCode = await (await load()).consortiumWish({ ...options, gateway });
    });
  command("replace", "be for a gateway that takes another's place, as where its key is lost")
    .argument(
      "<gateway>",
      "the one that leaves: its area, or the beginning of its id or public key",
    )
    .argument("<file>", "what `wattle keys --json` printed at the one that joins")
    .option("--area <name>", "its area, in place of the file's")
    .option("--url <mqtt>", "its broker's URL as all others reach it, in place of the file's")
    .addHelpText(
      "after",
      `\nExample:\n  wattle consortium replace street-2 street-2-new.json${LATER}`,
    )
    .action(async (gateway: string, file: string, options) => {
      process.exitCode = await (await load()).consortiumWish({ ...options, gateway, file });
    });
  command("agree", "be for a change that another gateway is for")
    .argument("[wish]", "the beginning of its name, as `show` prints it; without: the only one")
    .addHelpText("after", `\nExample:\n  wattle consortium agree${LATER}`)
    .action(async (wish: string | undefined, options) => {
      process.exitCode = await (await load()).consortiumAgree({ ...options, wish });
    });
}
