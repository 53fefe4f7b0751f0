// SPDX-License-Identifier: Apache-2.0
/**
 * The folder that the operator puts firmware into. A release counts when its image is beside it with the
 * right size and hash: files that are being copied are left alone until they are whole.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { FirmwareShelf, GatewayLog } from "#gateway/ports";
import { codeOf, FirmwareError } from "./error.ts";
import {
  IMAGE_SUFFIX,
  type ImageFacts,
  imageBeside,
  imageFacts,
  RELEASE_SUFFIX,
  readRelease,
} from "./files.ts";

export interface ShelfOptions {
  folder: string;
  /** Only releases of this key are announced. */
  releaseKey?: Uint8Array;
  crypto: Crypto;
  log: GatewayLog;
}

/** The shelf of a configuration, where it has one; `releaseKey` in hex. */
export function shelfOf(
  firmware: { folder: string; releaseKey?: string } | undefined,
  crypto: Crypto,
  log: GatewayLog,
): FolderShelf | undefined {
  if (!firmware) return undefined;
  const { folder, releaseKey: hex } = firmware;
  const releaseKey = hex === undefined ? undefined : Uint8Array.from(Buffer.from(hex, "hex"));
  return new FolderShelf({ folder, releaseKey, crypto, log });
}

export class FolderShelf implements FirmwareShelf {
  private readonly options: ShelfOptions;
  private found: { signed: Uint8Array; sha256: string; image: string }[] = [];
  /** What the folder looked like: nothing is read again until that changes. */
  private seen: string | undefined;
  /** Hashes of images by path, with the look of the file that they are of. */
  private hashes = new Map<string, { look: string; facts: ImageFacts }>();

  constructor(options: ShelfOptions) {
    this.options = options;
  }

  /** Looks at the folder. True where something is other than before. */
  scan(): boolean {
    const { folder, log } = this.options;
    let looks: Map<string, string>;
    try {
      looks = looksOf(folder);
    } catch (error) {
      const seen = `unreadable: ${codeOf(error)}`;
      if (this.seen !== seen) log("error", "firmware-folder", { folder, code: codeOf(error) });
      this.seen = seen;
      return false; // what was there may come back: nothing is withdrawn by a disk that is away
    }
    const seen = JSON.stringify([...looks]);
    if (seen === this.seen) return false;
    this.seen = seen;
    this.found = [];
    for (const name of looks.keys()) if (name.endsWith(RELEASE_SUFFIX)) this.take(name, looks);
    for (const image of this.hashes.keys()) if (!looks.has(image)) this.hashes.delete(image);
    return true;
  }

  releases(): readonly Uint8Array[] {
    return this.found.map(({ signed }) => signed);
  }

  read(sha256: string, offset: number, length: number): Uint8Array | undefined {
    const held = this.found.find((other) => other.sha256 === sha256);
    if (!held) return undefined;
    try {
      const file = openSync(held.image, "r");
      try {
        const bytes = new Uint8Array(length);
        return readSync(file, bytes, 0, length, offset) === length ? bytes : undefined;
      } finally {
        closeSync(file);
      }
    } catch {
      return undefined; // it was taken away: the next look at the folder will say so
    }
  }

  private take(name: string, looks: ReadonlyMap<string, string>): void {
    const { folder, crypto, releaseKey, log } = this.options;
    try {
      const { bytes, opened } = readRelease(join(folder, name), crypto, releaseKey);
      const { sha256, sizeBytes } = opened.value;
      const image = imageBeside(name);
      const facts = this.factsOf(image, looks.get(image));
      if (facts.sizeBytes !== sizeBytes || !bytesEqual(facts.sha256, sha256))
        throw new FirmwareError(`${image} is not the image of ${name}. Copy it again`);
      this.found.push({ signed: bytes, sha256: toHex(sha256), image: join(folder, image) });
    } catch (error) {
      if (!(error instanceof FirmwareError)) throw error;
      log("warn", "firmware-ignored", { file: name, cause: error.message });
    }
  }

  private factsOf(image: string, look: string | undefined): ImageFacts {
    if (look === undefined)
      throw new FirmwareError(`${image} is missing. Copy it beside the release`);
    const known = this.hashes.get(image);
    if (known?.look === look) return known.facts;
    const facts = imageFacts(join(this.options.folder, image));
    this.hashes.set(image, { look, facts });
    return facts;
  }
}

/** Releases and images in the folder, each with its size and time of change. */
function looksOf(folder: string): Map<string, string> {
  const looks = new Map<string, string>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(RELEASE_SUFFIX) && !name.endsWith(IMAGE_SUFFIX)) continue;
    const { size, mtimeMs, ino } = statSync(join(folder, name));
    looks.set(name, `${size} ${mtimeMs} ${ino}`);
  }
  return looks;
}
