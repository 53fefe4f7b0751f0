// SPDX-License-Identifier: Apache-2.0
/** `wattle authority …` on the command line. */
import type { Command } from "commander";

const loadActs = () => import("./authority.ts");
const loadFiles = () => import("./authority-files.ts");

/** Adds `authority` with its seven commands. */
export function authorityCommands(program: Command): void {
  const authority = program
    .command("authority")
    .description("certify nodes and gateways, offline (docs/operations.md)");
  initCommand(authority);
  issueCommand(authority);
  revokeCommand(authority);
  renewCommand(authority);
  listCommand(authority);
  exportCommand(authority);
  tlsCommand(authority);
}

/** What all of them take. */
function withFiles(command: Command): Command {
  return command
    .option("--key <file>", "the key store", "authority.key")
    .option("--register <file>", "the register (default: beside the key store)")
    .option("--json", "print the result as JSON");
}

function withPassphrase(command: Command): Command {
  return withFiles(command).option(
    "--passphrase-file <file>",
    "its first line is the passphrase; else WATTLE_PASSPHRASE, else it is asked for",
  );
}

const AT = ["--at <iso>", "the network's time now, where that is not UTC"] as const;

function initCommand(authority: Command): void {
  withPassphrase(authority.command("init"))
    .description("make the authority's keys, its register and its record")
    .requiredOption("--net <net>", "the network, as in the gateways' configuration")
    .requiredOption("--name <name>", "what the authority is called, for people")
    .option("--out <dir>", "folder for authority.cbor", ".")
    .addHelpText(
      "after",
      '\nExample:\n  wattle authority init --net wattle --name "Street cooperative"' +
        "\n  prints the anchor key, which nodes are given with --set authority=<key>",
    )
    .action(async (options) => {
      process.exitCode = await (await loadActs()).authorityInitCommand(options);
    });
}

function issueCommand(authority: Command): void {
  withPassphrase(authority.command("issue"))
    .description("certify a node by its request, or a gateway by its key")
    .option("--request <file>", "a node's request, an .enrol file")
    .option("--claim <code>", "the claim code that the node shows, XXXX-XXXX")
    .option("--meter <text>", "what is written on the meter, in place of the request's")
    .option("--connection-w <W>", "rating of the connection, in place of the request's")
    .option("--gateway <key>", "a gateway's public key, or its ready file")
    .option("--area <name>", "the area that the gateway serves")
    .option("--renews <serial>", "the gateway's certificate that this one follows")
    .option("--days <n>", "validity from now on (default: 365)")
    .option("--from <iso>", "begin of the validity (default: an hour ago)")
    .option("--until <iso>", "its end, in place of --days")
    .option(...AT)
    .requiredOption("--out <dir>", "folder for the certificate")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle authority issue --request requests/5f0c….enrol --claim 7K2M-9QX4 --out identity" +
        "\n  wattle authority issue --gateway ready.json --area street --out identity",
    )
    .action(async (options) => {
      process.exitCode = await (await loadActs()).authorityIssueCommand(options);
    });
}

function revokeCommand(authority: Command): void {
  withPassphrase(authority.command("revoke"))
    .description("end certificates before their time; there is no way back")
    .argument("<serial|id>", "one certificate, or all of a node or gateway")
    .requiredOption("--reason <why>", "key, retired, misbehaved or replaced")
    .option(...AT)
    .requiredOption("--out <dir>", "folder for the lists of revoked certificates")
    .addHelpText("after", "\nExample:\n  wattle authority revoke 17 --reason key --out identity")
    .action(async (target: string, options) => {
      process.exitCode = await (await loadActs()).authorityRevokeCommand(target, options);
    });
}

function renewCommand(authority: Command): void {
  withPassphrase(authority.command("renew"))
    .description("answer all requests of a folder that ask for nothing but more time")
    .requiredOption("--requests <dir>", "folder with .enrol files")
    .option("--days <n>", "validity from now on (default: 365)")
    .option("--until <iso>", "its end, in place of --days")
    .option(...AT)
    .requiredOption("--out <dir>", "folder for the certificates")
    .addHelpText(
      "after",
      "\nExample:\n  wattle authority renew --requests identity/requests --out identity",
    )
    .action(async (options) => {
      process.exitCode = await (await loadActs()).authorityRenewCommand(options);
    });
}

function listCommand(authority: Command): void {
  withFiles(authority.command("list"))
    .description("check the register and print its certificates; needs no passphrase")
    .option("--expired", "only those whose time is over")
    .option("--revoked", "only those that were revoked")
    .option("--expiring <days>", "only those that end within so many days, and that none follows")
    .option(...AT)
    .addHelpText("after", "\nExample:\n  wattle authority list --expiring 30")
    .action(async (options) => {
      process.exitCode = await (await loadFiles()).authorityListCommand(options);
    });
}

function exportCommand(authority: Command): void {
  withPassphrase(authority.command("export"))
    .description("write everything that a gateway's identity folder needs")
    .option("--gateway <serial|id>", "the gateway whose folder it is, where there are several")
    .option(...AT)
    .requiredOption("--out <dir>", "the folder")
    .addHelpText("after", "\nExample:\n  wattle authority export --out identity")
    .action(async (options) => {
      process.exitCode = await (await loadFiles()).authorityExportCommand(options);
    });
}

function tlsCommand(authority: Command): void {
  withPassphrase(authority.command("tls"))
    .description("make a key and an X.509 certificate for a broker")
    .requiredOption(
      "--host <names>",
      "what nodes call it: names and addresses, with commas between",
    )
    .option("--days <n>", "validity (default: 365)")
    .requiredOption("--out <dir>", "folder for ca.pem, broker.pem and broker.key")
    .addHelpText(
      "after",
      "\nExample:\n  wattle authority tls --host gateway.local,192.168.1.5 --out tls",
    )
    .action(async (options) => {
      process.exitCode = await (await loadFiles()).authorityTlsCommand(options);
    });
}
