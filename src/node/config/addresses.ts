// SPDX-License-Identifier: Apache-2.0
/**
 * Where the gateways of a consortium are, for one of them: the configuration's list of those that the ledger
 * began with, what changes say of those that joined, and `addresses`, which is over both.
 */
import { readFileSync } from "node:fs";
import { fromHex, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import type { Partner } from "#gateway/consortium/ports";
import { beaconKeyOf } from "../consortium/beacon.ts";
import type { PeerAddress } from "../consortium/peer-link.ts";
import { ConfigError } from "./config-error.ts";
import type { ConsortiumConfig } from "./consortium.ts";

export class Addresses {
  /** All that the configuration names but this one. */
  readonly others: readonly PeerAddress[];
  private readonly overrides = new Map<string, Partial<PeerAddress>>();

  /**
   * @throws ConfigError where this gateway has other keys than the list, or is not in it and did not join, or
   * where a `ca` cannot be read
   */
  constructor(
    crypto: Crypto,
    { consortium, keyFile }: { consortium: ConsortiumConfig; keyFile: string },
    secretKey: Uint8Array,
  ) {
    const { gateways, addresses = [] } = consortium;
    const own = toHex(crypto.publicKey(secretKey));
    checkOwn(consortium, own, toHex(beaconKeyOf(secretKey)), keyFile);
    const others = new Map<string, PeerAddress>();
    const read = ({ ca, ...rest }: { ca?: string; area?: string; url?: string }, path: string) => ({
      ...rest,
      ...(ca !== undefined && { ca: pemOf(ca, `${path}.ca`, keyFile) }),
    });
    const idOf = (key: string) => {
      const publicKey = fromHex(key)!;
      return { id: nodeIdOf(crypto, publicKey), publicKey };
    };
    gateways.forEach(({ publicKey, beaconKey: _, ...one }, i) => {
      const { area } = one;
      const place = read(one, `gateways[${i}]`);
      if (publicKey !== own) others.set(publicKey, { ...idOf(publicKey), ...place, area });
    });
    addresses.forEach(({ publicKey, ...one }, i) => {
      const place = read(one, `addresses[${i}]`);
      const known = others.get(publicKey);
      const area = place.area ?? known?.area;
      this.overrides.set(publicKey, place);
      if (publicKey !== own && area !== undefined)
        others.set(publicKey, { ...(known ?? idOf(publicKey)), ...place, area });
    });
    this.others = [...others.values()];
  }

  /** Where a gateway is; undefined where nobody said it. */
  of({ id, publicKey, area, url }: Partner): PeerAddress | undefined {
    const known = this.others.find((one) => toHex(one.publicKey) === toHex(publicKey));
    if (known) return known;
    const said = { area, ...(url !== undefined && { url }) };
    const place = { ...said, ...this.overrides.get(toHex(publicKey)) };
    return place.area === undefined ? undefined : { ...place, id, publicKey, area: place.area };
  }
}

function checkOwn(
  { gateways, joined }: ConsortiumConfig,
  own: string,
  beacon: string,
  keyFile: string,
): void {
  const at = gateways.findIndex(({ publicKey }) => publicKey === own);
  if (at < 0 && joined) return;
  const cure = "See wattle keys; joined: true is for one that the ledger did not begin with";
  if (at < 0) throw wrong(keyFile, "gateways", `none with the key ${own}`, "this gateway", cure);
  const { beaconKey } = gateways[at];
  if (beaconKey !== beacon)
    throw wrong(
      keyFile,
      `gateways[${at}].beaconKey`,
      beaconKey,
      `this gateway's own, ${beacon}`,
      "Correct it",
    );
}

function pemOf(ca: string, path: string, keyFile: string): Buffer {
  try {
    return readFileSync(ca);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(keyFile, path, String(code), "a PEM file", "Give the authority's certificate");
  }
}

function wrong(
  keyFile: string,
  at: string,
  found: string,
  allowed: string,
  cure: string,
): ConfigError {
  return new ConfigError(keyFile, [{ path: `consortium.${at}`, found, allowed, cure }]);
}
