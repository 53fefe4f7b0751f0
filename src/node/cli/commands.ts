// SPDX-License-Identifier: Apache-2.0
/** The operator's commands, put on the command line. Each is loaded when it is called. */
import { type Command, InvalidArgumentError } from "commander";
import { authorityCommands } from "./authority-commands.ts";
import { consortiumCommands } from "./consortium-commands.ts";
import { enrolCommands } from "./enrol-commands.ts";
import { firmwareCommands } from "./firmware-commands.ts";

/** Adds all commands of operators, from `gateway` to `enrol`. */
export function registerNodeCommands(program: Command): void {
  gatewayCommands(program);
  keysCommands(program);
  consortiumCommands(program);
  loginCommands(program);
  monitorCommands(program);
  bankCommands(program);
  ledgerCommands(program);
  deviceCommands(program);
  firmwareCommands(program);
  authorityCommands(program);
  enrolCommands(program);
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535)
    throw new InvalidArgumentError("It takes a port from 0 to 65535.");
  return value;
}

function atLeastOne(text: string): number {
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < 1)
    throw new InvalidArgumentError("It takes a whole number, at least 1.");
  return value;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function gatewayCommands(program: Command): void {
  program
    .command("gateway")
    .description("run a gateway from its configuration file")
    .requiredOption("--config <file>", "JSON; docs/operations.md has every key")
    .option("--set <key=value>", "over what the file says; may be repeated", collect, [])
    .option("--firmware <dir>", "folder with signed firmware for the meters (docs/updates.md)")
    .option("--tls <dir>", "TLS with broker.pem and broker.key in this folder; port 8883")
    .option("--tls-cert <file>", "TLS with this certificate (PEM), and those between it and its CA")
    .option("--tls-key <file>", "the certificate's private key (PEM)")
    .option("--metrics-port <n>", "serve Prometheus metrics on 127.0.0.1", port)
    .option("--ready-file <file>", "write {port, gatewayKey, pid} there once it takes nodes")
    .option("--exit-when-finished", "end when all slots of the configuration are settled")
    .option("--print-config", "print the whole configuration with its defaults, and end")
    .option("--quiet", "say nothing but errors")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle gateway --config gateway.json" +
        "\n  wattle gateway --config gateway.json --set slotSeconds=300 --metrics-port 9464",
    )
    .action(async (options) => {
      const { gatewayCommand } = await import("./gateway.ts");
      process.exitCode = await gatewayCommand(options);
    });
}

function keysCommands(program: Command): void {
  program
    .command("keys")
    .description("print a gateway's public keys, for the others of its consortium")
    .option("--key <file>", "the gateway's key file", "gateway.key")
    .option("--make", "make it where it is missing")
    .option("--area <name>", "name of its area")
    .option("--url <mqtt>", "its broker's URL, as the others reach it")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle keys --key gateway.key --make --area street" +
        "\n  wattle keys --area street-5 --url mqtts://gw5.local:8883 --json > street-5.json",
    )
    .action(async (options) => {
      process.exitCode = (await import("./keys.ts")).keysCommand(options);
    });
}

function loginCommands(program: Command): void {
  program
    .command("login")
    .description("make an account at an area's Mosquitto, and print its password")
    .argument("<who>", "a node's id or public key, operator-<name>, or outsider-<name>")
    .requiredOption("--config <file>", "the gateway's, with broker.dynamicSecurity")
    .option("--set <key=value>", "over what the file says; may be repeated", collect, [])
    .option("--renew", "another password than before")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  wattle login operator-ann --config gateway.json")
    .action(async (who: string, options) => {
      process.exitCode = (await import("./login.ts")).loginCommand(who, options);
    });
}

function monitorCommands(program: Command): void {
  program
    .command("monitor")
    .description("watch an area live in the terminal, by its MQTT monitor topics alone")
    .requiredOption("--url <mqtt>", "the area's broker, e.g. mqtt://127.0.0.1:1883")
    .option("--area <name>", "name of the area", "street")
    .option("--key <file>", "the operator's key (default: operator.key, where it is there)")
    .option("--ca <file>", "PEM or DER: the authority that the mqtts broker's certificate is of")
    .option("--once", "print what there is now, and end")
    .option("--plain", "lines instead of a screen that is drawn again")
    .addHelpText("after", "\nExample:\n  wattle monitor --url mqtt://127.0.0.1:1883 --area street")
    .action(async (options) => {
      const { monitorCommand } = await import("./monitor.ts");
      process.exitCode = await monitorCommand(options);
    });
}

function bankCommands(program: Command): void {
  program
    .command("bank")
    .description("a bank's loans, exposure, grades, interest, and who is late or blacklisted")
    .argument("[file]", "a gateway's store (.db) or an export; or --url for a live area")
    .option("--seal-key <file>", "the store's key file (default: gateway.seal beside it)")
    .option("--url <mqtt>", "the area's broker: the screen follows it")
    .option("--area <name>", "name of the area", "street")
    .option("--key <file>", "the operator's key (default: operator.key, where it is there)")
    .option("--ca <file>", "PEM or DER: the authority that the mqtts broker's certificate is of")
    .option("--once", "print what there is now, and end")
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  wattle bank runs/demo/gateway.db" +
        "\n  wattle bank --url mqtt://127.0.0.1:1883 --once",
    )
    .action(async (file: string | undefined, options) => {
      const { bankCommand } = await import("./bank.ts");
      process.exitCode = await bankCommand({ ...options, file });
    });
}

function ledgerCommands(program: Command): void {
  program
    .command("verify")
    .description("check a store or an export offline: every signature, link, balance and register")
    .argument("<file>", "a gateway's store (.db) or a file made by `wattle export`")
    .option("--gateway-key <hex>", "the gateway that must have kept it")
    .option("--seal-key <file>", "the store's key file (default: gateway.seal beside it)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  wattle verify runs/demo/gateway.db")
    .action(async (file: string, options) => {
      const { verifyCommand } = await import("./verify.ts");
      process.exitCode = await verifyCommand({ ...options, path: file });
    });
  program
    .command("export")
    .description("write a store as one canonical, signed ledger file")
    .argument("<store>", "a gateway's store (.db)")
    .argument("<file>", "the file to write")
    .option("--key <file>", "the gateway's key file, to sign the export")
    .option("--seal-key <file>", "the store's key file (default: gateway.seal beside it)")
    .addHelpText(
      "after",
      "\nExample:\n  wattle export runs/demo/gateway.db week.wattle --key runs/demo/gateway.key",
    )
    .action(async (store: string, file: string, options) => {
      const { exportCommand } = await import("./export.ts");
      process.exitCode = await exportCommand({ ...options, store, out: file });
    });
}

function deviceCommands(program: Command): void {
  program
    .command("provision")
    .description("set a node up over its serial port: settings, Wi-Fi, claim code")
    .requiredOption(
      "--port <path>",
      "the serial port, e.g. /dev/ttyUSB0; also a pty, Unix socket, host:port",
    )
    .option("--baud <n>", "its speed", atLeastOne, 115_200)
    .option("--wifi <ssid>", "the network to join; its passphrase is asked for")
    .option("--wifi-pass-file <file>", "a file with the passphrase, empty for an open network")
    .option("--broker <url>", "the area's broker, e.g. mqtts://gateway.local:8883")
    .option("--ca <file>", "PEM or DER: the authority that the mqtts broker's certificate is of")
    .option("--area <name>", "name of the area")
    .option("--name <name>", "the node's name, for people")
    .option("--gateway <key>", "the gateway's public key, its ready file, or its broker's URL")
    .option("--set <key=value>", "any other setting; may be repeated", collect, [])
    .option("--scan", "list the networks that the node sees")
    .option("--timeout <s>", "how long the node may take to start", atLeastOne, 15)
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  wattle provision --port /dev/ttyUSB0 --wifi Home --broker mqtts://gateway.local:8883" +
        " --ca ca.pem --area street --name house-7 --gateway ready.json --set capacity=4312",
    )
    .action(async (options) => {
      const { provisionCommand } = await import("./provision.ts");
      process.exitCode = await provisionCommand(options);
    });
}
