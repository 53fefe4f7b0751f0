// SPDX-License-Identifier: Apache-2.0
/** `wattle firmware …` on the command line. */
import type { Command } from "commander";

const load = () => import("./firmware.ts");

/** Adds `firmware` with its four commands. */
export function firmwareCommands(program: Command): void {
  const firmware = program
    .command("firmware")
    .description("sign firmware for meters, and give it to a gateway (docs/updates.md)");
  firmware
    .command("keygen")
    .description("make the key that releases are signed with, and print its public key")
    .argument("<key-file>", "the file to make; one that is there is never overwritten")
    .addHelpText("after", "\nExample:\n  wattle firmware keygen release.key")
    .action(async (keyFile: string) => {
      process.exitCode = (await load()).keygenCommand(keyFile);
    });
  firmware
    .command("sign")
    .description("write the signed release of an image beside it")
    .argument("<image>", "the application's image, a .bin file")
    .requiredOption("--key <file>", "the release key that keygen made")
    .requiredOption("--board <name>", "the kind of board that the image is for")
    .requiredOption("--release <x.y.z>", "its version, the one that is compiled into it")
    .option("--minimum <x.y.z>", "the lowest version that may install it (default: any)")
    .option("--chunk-bytes <n>", "size of the pieces that it is sent in", "2048")
    .addHelpText(
      "after",
      "\nExample:\n  wattle firmware sign meter.bin --key release.key --board wattle-c3 --release 1.4.0" +
        "\n  writes meter.release",
    )
    .action(async (image: string, options) => {
      process.exitCode = (await load()).signCommand(image, options);
    });
  firmware
    .command("show")
    .description("print what a release says, and check it and its image")
    .argument("<release>", "a .release file")
    .option("--release-key <hex>", "the public key that it must be signed by")
    .addHelpText("after", "\nExample:\n  wattle firmware show meter.release --release-key 5a0c…")
    .action(async (path: string, options) => {
      process.exitCode = (await load()).showCommand(path, options);
    });
  firmware
    .command("publish")
    .description("copy a release and its image into the firmware folder of a gateway")
    .argument("<release>", "a .release file, with its image beside it")
    .argument("<folder>", "the folder that the gateway was given with --firmware")
    .option("--release-key <hex>", "the public key that it must be signed by")
    .addHelpText(
      "after",
      "\nExample:\n  wattle firmware publish meter.release /srv/wattle/firmware",
    )
    .action(async (path: string, folder: string, options) => {
      process.exitCode = (await load()).publishCommand(path, folder, options);
    });
}
