// SPDX-License-Identifier: Apache-2.0
/** `wattle firmware`: the operator's key, signed releases, and the way of an image to a gateway. */
import { fromHex, toHex } from "#core/codec/bytes";
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from "#core/limits";
import {
  type FirmwareVersion,
  formatVersion,
  parseVersion,
  type Release,
} from "#core/records/release";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { FirmwareError } from "../firmware/error.ts";
import { inspectRelease, publishRelease, signImage } from "../firmware/publish.ts";
import { makeReleaseKey, othersMayRead, readReleaseKey } from "../firmware/release-key.ts";

/** Where a command writes; default the process's own. */
export interface Output {
  say?: (text: string) => void;
  err?: (text: string) => void;
}

/** Exit code 2: nothing was done. */
const EXIT_REFUSED = 2;

function run(name: string, output: Output, work: (say: (line: string) => void) => void): number {
  const say = output.say ?? ((text) => void process.stdout.write(text));
  const err = output.err ?? ((text) => void process.stderr.write(text));
  try {
    work((line) => say(`${line}\n`));
    return 0;
  } catch (error) {
    if (!(error instanceof FirmwareError)) throw error;
    err(`wattle firmware ${name}: ${error.message}\n`);
    return EXIT_REFUSED;
  }
}

/** `keygen`: makes a release key and says the public one. */
export function keygenCommand(keyFile: string, output: Output = {}): number {
  return run("keygen", output, (say) => {
    const publicKey = toHex(sodiumCrypto().publicKey(makeReleaseKey(keyFile)));
    say(`${keyFile}: a new release key; whoever has this file can put firmware on every meter`);
    say("  Keep it off the gateways, and keep a copy: without it no meter can be updated");
    say(`  Give the meters its public key: ${publicKey}`);
  });
}

export interface SignCommandOptions extends Output {
  key: string;
  board: string;
  release: string;
  minimum?: string;
  chunkBytes: string;
}

/** `sign`: writes the signed release of an image beside it. */
export function signCommand(image: string, options: SignCommandOptions): number {
  return run("sign", options, (say) => {
    const firmware = versionOf("--release", options.release);
    const minimum = versionOf("--minimum", options.minimum ?? "0.0.0");
    const chunkBytes = Number(options.chunkBytes);
    if (
      !Number.isInteger(chunkBytes) ||
      chunkBytes < CHUNK_BYTES_MIN ||
      chunkBytes > CHUNK_BYTES_MAX
    )
      throw new FirmwareError(
        `--chunk-bytes ${options.chunkBytes}: give a power of two from ${CHUNK_BYTES_MIN} to ${CHUNK_BYTES_MAX}`,
      );
    const secretKey = readReleaseKey(options.key);
    if (othersMayRead(options.key))
      say(`  warning: others can read ${options.key}. Run chmod 600 on it`);
    const { board } = options;
    const crypto = sodiumCrypto();
    const signed = signImage(crypto, { image, secretKey, board, firmware, minimum, chunkBytes });
    say(`${signed.path}: signed with ${toHex(crypto.publicKey(secretKey))}`);
    for (const line of linesOf(signed.release, signed.id)) say(line);
  });
}

export interface ReleaseKeyOptions extends Output {
  /** Public key, hex. */
  releaseKey?: string;
}

/** `show`: what a release says, whether it is signed by a key, and whether its image is beside it. */
export function showCommand(path: string, options: ReleaseKeyOptions = {}): number {
  return run("show", options, (say) => {
    const key = publicKeyOf(options.releaseKey);
    const { opened, imageFault } = inspectRelease(sodiumCrypto(), path, key);
    say(
      `${path}: ${key ? "signed by this key" : "signature NOT CHECKED, for want of --release-key"}`,
    );
    for (const line of linesOf(opened.value, opened.id)) say(line);
    say(`  image    ${imageFault ?? "is beside it, and is the one that was signed"}`);
  });
}

/** `publish`: copies a release and its image into a gateway's folder, where it is announced. */
export function publishCommand(
  path: string,
  folder: string,
  options: ReleaseKeyOptions = {},
): number {
  return run("publish", options, (say) => {
    const key = publicKeyOf(options.releaseKey);
    const published = publishRelease(sodiumCrypto(), path, folder, key);
    const { board, firmware } = published.release;
    say(`${published.path}: ${board} ${formatVersion(firmware)}`);
    if (published.newer)
      say(`  not announced: the folder holds ${formatVersion(published.newer)} for this board`);
    else say("  A running gateway announces it within 10 s, or at once on SIGHUP");
  });
}

function linesOf(release: Release, id: Uint8Array): string[] {
  return [
    `  board    ${release.board}`,
    `  release  ${formatVersion(release.firmware)}, for meters that run ${formatVersion(release.minimum)} or later`,
    `  size     ${release.sizeBytes} bytes, in chunks of ${release.chunkBytes}`,
    `  sha256   ${toHex(release.sha256)}`,
    `  id       ${toHex(id)}`,
  ];
}

function versionOf(option: string, text: string): FirmwareVersion {
  const version = parseVersion(text);
  if (version) return version;
  throw new FirmwareError(`${option} ${text}: give three numbers up to 65535, such as 1.4.0`);
}

function publicKeyOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const key = fromHex(text);
  if (key?.length === 32) return key;
  throw new FirmwareError("--release-key: give the 64 hex digits that keygen printed");
}
