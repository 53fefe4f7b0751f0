// SPDX-License-Identifier: Apache-2.0
/** `wattle keys`: what other gateways of a consortium have to know of this one. */
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { ConfigError } from "../config/config-error.ts";
import { loadKey } from "../config/key-file.ts";
import { beaconKeyOf } from "../consortium/beacon.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";

/** Exit code 2: nothing was done. */
const EXIT_REFUSED = 2;

export interface KeysOptions {
  key: string;
  /** Makes the key where the file is missing. */
  make?: boolean;
  area?: string;
  /** Where its broker is for the others. */
  url?: string;
  json?: boolean;
  say?: (text: string) => void;
  err?: (text: string) => void;
}

/** Prints the public keys that follow from a gateway's key file. */
export function keysCommand(options: KeysOptions): number {
  const say = options.say ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  try {
    const { area, url } = options;
    const { secretKey } = loadKey(options.key, options.make ?? false);
    const crypto = sodiumCrypto();
    const publicKey = crypto.publicKey(secretKey);
    const id = toHex(nodeIdOf(crypto, publicKey));
    const keys = { publicKey: toHex(publicKey), beaconKey: toHex(beaconKeyOf(secretKey)) };
    const place = { ...(area !== undefined && { area }), ...(url !== undefined && { url }) };
    const entry = { ...keys, ...place };
    if (options.json) say(`${JSON.stringify({ id, ...entry })}\n`);
    else {
      say(`id         ${id}\npublic     ${keys.publicKey}\nbeacon     ${keys.beaconKey}\n`);
      say("for consortium.gateways with its broker's url, and for wattle consortium join:\n");
      say(`${JSON.stringify(entry)}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    err(`wattle keys: ${error.message}\n`);
    return EXIT_REFUSED;
  }
}
