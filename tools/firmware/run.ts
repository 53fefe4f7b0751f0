// SPDX-License-Identifier: Apache-2.0
/** npm run firmware: checks the toolchain, builds the firmware for a board or the simulator, flashes it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Command, Option } from "commander";
import { FirmwareError } from "#node/firmware/error";
import { boardNames, root, type Target, targetOf } from "./boards.ts";
import { BuildError, type BuildOptions, configure, flash, link, make, sizeOf } from "./build.ts";
import { checkTypes } from "./check.ts";
import { examine, type Finding } from "./doctor.ts";
import type { FlashUse } from "./flash-use.ts";
import { driverChoices } from "./modules.ts";
import { releaseKeyFrom } from "./release-key.ts";

interface Flags {
  board: string;
  flash?: string;
  linkOnly?: boolean;
  check?: boolean;
  doctor?: boolean;
  crypto: string;
  drivers: string;
  releaseKey?: string;
  secure?: boolean;
  try?: string | boolean;
  debug?: boolean;
  verbose?: boolean;
}

const program = new Command("npm run firmware --")
  .description("Build the firmware with the Moddable SDK, and flash it.")
  .addOption(new Option("--board <name>", "what to build for").choices([...boardNames(), "sim"]))
  .option("--flash <port>", "write it to the board on this serial port")
  .option("--link-only", "compile and link the JavaScript only: needs no ESP-IDF")
  .option("--check", "check the types of src/xs against the SDK's own: needs no ESP-IDF")
  .option("--doctor", "only say what the build needs and what is missing")
  .addOption(
    new Option("--crypto <kind>", "Ed25519 by libsodium, or by noble in JavaScript")
      .choices(["native", "noble"])
      .default("native"),
  )
  .addOption(
    new Option("--drivers <kind>", "the metering drivers in it: all, or those of one kind")
      .choices(driverChoices())
      .default("all"),
  )
  .option("--release-key <hex or file>", "takes updates of this key; without it, none")
  .option("--secure", "with secure boot, flash and NVS encryption (docs/firmware.md first)")
  .option("--try [names]", "the simulator's tests: trade, crypto, tls (test/simulator)")
  .option("--debug", "with the debugger: connects to xsbug, uses the serial line")
  .option("--verbose", "show what the SDK's tools print")
  .addHelpText(
    "after",
    `
Examples:
  npm run firmware -- --board esp32-devkit --doctor
  npm run firmware -- --board esp32-devkit --flash /dev/ttyUSB0
  npm run firmware -- --board esp32c3-devkit --link-only
  npm run firmware -- --board sim
  npm run firmware -- --board sim --try trade`,
  );

async function main(): Promise<number> {
  const flags = program.parse().opts<Flags>();
  if (!flags.board) program.error(`error: name a board: --board ${boardNames().join(" | ")} | sim`);
  const target = targetOf(flags.board)!;
  const { crypto } = flags;
  if (flags.try !== undefined) return tryOut(target, flags);
  const scriptsOnly = (flags.linkOnly || flags.check) ?? false;
  const findings = examine({ target, scriptsOnly, crypto, port: flags.flash });
  const sick = findings.some(({ state }) => state === "missing");
  if (flags.doctor || sick) {
    for (const finding of findings) say(line(finding));
    say(sick ? "\nGet what is missing, then build." : "\nEverything is there.");
    return sick ? 1 : 0;
  }
  for (const finding of findings) if (finding.state === "warning") say(line(finding));
  try {
    if (flags.check) return await check(target, flags.verbose ?? false);
    await build(target, flags);
    return 0;
  } catch (error) {
    if (error instanceof FirmwareError) {
      say(`--release-key: ${error.message}`);
      return 2;
    }
    if (!(error instanceof BuildError)) throw error;
    say(error.output.split("\n").slice(-30).join("\n"));
    say(`${error.message}. The whole output: --verbose.`);
    return 1;
  }
}

/** The tests build what they need, and say so where something for it is missing. */
function tryOut(target: Target, { try: names, crypto }: Flags): number {
  if (target.folder) program.error("error: --try is for --board sim");
  const only = typeof names === "string" ? ["--only", names] : [];
  const script = join(root, "test/simulator/run.ts");
  const ran = spawnSync(process.execPath, [script, "--crypto", crypto, ...only], {
    stdio: "inherit",
  });
  return ran.status ?? 1;
}

async function check(target: Target, verbose: boolean): Promise<number> {
  const sdk = process.env.MODDABLE!;
  const { folder } = await configure({
    target,
    sdk,
    crypto: "native",
    secure: false,
    debug: false,
    verbose,
  });
  const { compared, untyped, lacking, faults } = checkTypes(target, sdk, folder);
  say(`${target.name}: compiled with the SDK's own typings of ${compared.length} modules`);
  if (untyped.length > 0) say(`it has none of ${untyped.join(", ")}: these are src/xs/sdk.d.ts's`);
  for (const what of lacking) say(`they lack ${what}`);
  for (const fault of faults) say(fault);
  say(
    faults.length > 0
      ? `${target.name}: ${faults.length} errors`
      : `${target.name}: no other error`,
  );
  return faults.length > 0 ? 1 : 0;
}

async function build(target: Target, flags: Flags): Promise<void> {
  const { crypto, drivers, secure = false, debug = false, verbose = false } = flags;
  const releaseKey = flags.releaseKey === undefined ? undefined : releaseKeyFrom(flags.releaseKey);
  const options: BuildOptions = {
    target,
    sdk: process.env.MODDABLE!,
    crypto,
    drivers,
    secure,
    debug,
    verbose,
    ...(releaseKey !== undefined && { config: { releaseKey } }),
  };
  if (releaseKey !== undefined)
    say(`${target.name}: takes updates that are signed by ${releaseKey}`);
  const began = Date.now();
  say(`${target.name}: reading the manifests …`);
  const made = await configure(options);
  if (flags.linkOnly) {
    const { modules, preloaded, warnings, flash: use } = await link(made, verbose);
    const took = ((Date.now() - began) / 1000).toFixed(0);
    say(`${target.name}: ${modules} modules linked, ${preloaded} of them preloaded, in ${took} s`);
    say(
      `${target.name}: ${warnings.length} notes of the linker on what is not constant (--verbose)`,
    );
    if (target.folder) say(`${target.name}: ${flashText(use)}`);
    return;
  }
  say(`${target.name}: building; the first time takes minutes …`);
  const path = await make(made, target, verbose);
  say(`${target.name}: ${path}`);
  const size = sizeOf(target, path);
  if (size !== undefined) say(`${target.name}: ${size}`);
  if (flags.flash !== undefined) {
    say(`${target.name}: writing it to ${flags.flash} …`);
    await flash(made, target, flags.flash, verbose);
    say(`${target.name}: done. Next: npx wattle provision --port ${flags.flash}`);
  }
  if (!target.folder) {
    const panels = join(root, "host-sim/panel/simulator");
    say(`Start it: "$MODDABLE/build/bin/lin/release/mcsim" ${panels} ${path}`);
  }
}

function flashText({ slotBytes, codeBytes, nameBytes }: FlashUse): string {
  const kb = (bytes: number) => (bytes / 1024).toFixed(0);
  const all = kb(slotBytes + codeBytes + nameBytes);
  const parts = `${kb(slotBytes)} objects, ${kb(codeBytes)} code, ${kb(nameBytes)} names`;
  return `the JavaScript takes about ${all} KB of flash: ${parts}`;
}

function line({ what, state, detail }: Finding): string {
  return `${state.padEnd(8)} ${what.padEnd(14)} ${detail}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
