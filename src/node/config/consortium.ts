// SPDX-License-Identifier: Apache-2.0
/** `consortium` of the gateway's configuration: with whom a gateway agrees on one ledger, and how. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { compareBytes, fromHex, toHex } from "#core/codec/bytes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import type { QuorumRule } from "#core/consensus/validators";
import { BLS_PUBLIC_KEY_BYTES } from "#core/crypto/bls";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import type { ConsortiumOptions, Partner } from "#gateway/consortium/ports";
import { beaconKeyOf } from "../consortium/beacon.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { name, object, path, publicKey, url, whole } from "./config-fields.ts";
import type { Help, ParsedConfig } from "./config-schema.ts";

export interface ConsortiumConfig {
  /** All, this one too, in the order of the file. */
  gateways: { publicKey: string; beaconKey: string; area: string; url?: string; ca?: string }[];
  rule: QuorumRule;
  leader: ConsortiumOptions["leader"];
  intervalMs: number;
  keyUsed?: boolean;
}

/** Turns as often as this where protocol time runs; with the barrier clock as soon as there is anything. */
const INTERVAL_MS = 250;

/** A minute: nobody waits longer for a turn. */
const INTERVAL_MS_MAX = 60_000;
export const partnerEntries = {
  publicKey,
  beaconKey: v.pipe(v.string(), v.length(2 * BLS_PUBLIC_KEY_BYTES), v.regex(/^[0-9a-f]+$/)),
  area: name,
  url: v.optional(url),
  ca: v.optional(path),
};
export const consortiumEntries = {
  gateways: v.pipe(v.array(object(partnerEntries)), v.minLength(1), v.maxLength(GATEWAYS_MAX)),
  rule: v.optional(v.picklist(["quorum", "unanimous"]), "quorum"),
  leader: v.optional(v.picklist(["round-robin", "proof-of-work"]), "round-robin"),
  intervalMs: v.optional(whole(0, INTERVAL_MS_MAX)),
  keyUsed: v.optional(v.boolean()),
};
export const CONSORTIUM_HELP: Readonly<Record<string, Help>> = {
  consortium: {
    allowed: "{gateways, rule, leader, intervalMs, keyUsed}",
    cure: "Leave it out for a gateway that has its ledger alone",
  },
  "consortium.gateways": {
    allowed: `a list of 1 to ${GATEWAYS_MAX} gateways, this one among them, the same at each`,
    cure: "Give for each what wattle keys prints there",
  },
  "consortium.gateways[]": {
    allowed: "{publicKey, beaconKey, area, url, ca}",
    cure: "Give what wattle keys prints at that gateway, and its broker's URL",
  },
  "consortium.gateways[].publicKey": {
    allowed: "64 lower-case hex digits",
    cure: "Copy it from what wattle keys prints at that gateway",
  },
  "consortium.gateways[].beaconKey": {
    allowed: `${2 * BLS_PUBLIC_KEY_BYTES} lower-case hex digits`,
    cure: "Copy it from what wattle keys prints at that gateway",
  },
  "consortium.gateways[].area": {
    allowed: "an area's name",
    cure: "Give the area of that gateway",
  },
  "consortium.gateways[].url": {
    allowed: "a URL such as mqtt://host:1883",
    cure: "Name that gateway's broker; leave it out where all share the one of broker.url",
  },
  "consortium.gateways[].ca": {
    allowed: "a path",
    cure: "Give the authority of that broker's certificate, as PEM",
  },
  "consortium.rule": {
    allowed: '"quorum" or "unanimous"',
    cure: "quorum goes on with more than two thirds; unanimous stops with the first that is silent",
  },
  "consortium.leader": {
    allowed: '"round-robin" or "proof-of-work"',
    cure: "round-robin takes turns; proof-of-work is the paper's election",
  },
  "consortium.intervalMs": {
    allowed: "a whole number of ms, 0 to 60000",
    cure: `Leave it out for ${INTERVAL_MS} ms, and 0 with the barrier clock`,
  },
  "consortium.keyUsed": {
    allowed: "true or false",
    cure: "Use true for a gateway that lost its store and has its key: it asks the others what it said",
  },
};

type Parsed = NonNullable<ParsedConfig["consortium"]>;

/** What the fields say about each other. */
export function checkConsortium(parsed: ParsedConfig): ConfigProblem[] {
  const { consortium, worldStart, area, broker } = parsed;
  if (!consortium) return [];
  const problems: ConfigProblem[] = [];
  const say = (path: string, found: string, allowed: string, cure: string) =>
    void problems.push({ path, found, allowed, cure });
  const { gateways } = consortium;
  for (const key of ["publicKey", "beaconKey", "area"] as const) {
    const values = gateways.map((gateway) => gateway[key]);
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice) say("consortium.gateways", `${key} ${twice} twice`, "each once", "Correct one");
  }
  if (!gateways.some((one) => one.area === area))
    say("consortium.gateways", `none of area ${area}`, "this gateway among them", "Add it");
  const lost = gateways.findIndex((one) => one.url === undefined && one.area !== area);
  if (lost >= 0 && !broker)
    say(
      `consortium.gateways[${lost}].url`,
      "none",
      "a URL, as this gateway has a broker of its own",
      "Name that gateway's broker",
    );
  if (worldStart === "next-slot")
    say(
      "worldStart",
      "next-slot",
      "an instant, the same at all gateways of a consortium",
      "Give the start of slot 0, such as 2026-01-01T00:00:00Z",
    );
  return problems;
}

export function consortiumOf(
  given: Parsed | undefined,
  clock: ParsedConfig["clock"],
  dir: string,
): ConsortiumConfig | undefined {
  if (!given) return undefined;
  const { gateways, rule, leader, intervalMs, keyUsed } = given;
  return {
    gateways: gateways.map(({ ca, ...gateway }) => ({
      ...gateway,
      ...(ca !== undefined && { ca: resolve(dir, ca) }),
    })),
    rule,
    leader,
    intervalMs: intervalMs ?? (clock === "barrier" ? 0 : INTERVAL_MS),
    ...(keyUsed !== undefined && { keyUsed }),
  };
}

/** What the gateway application is given: gateways by id, so that the order in the file means nothing. */
export function consortiumOptions(crypto: Crypto, config: ConsortiumConfig): ConsortiumOptions {
  const { rule, leader, intervalMs, keyUsed } = config;
  const gateways = config.gateways
    .map((one) => partnerOf(crypto, one))
    .sort((a, b) => compareBytes(a.id, b.id));
  return { gateways, rule, leader, intervalMs, ...(keyUsed && { keyUsed }) };
}

export type Address = Partner & { area: string; url?: string; ca?: Buffer };

/**
 * Where the others are.
 * @throws ConfigError where this gateway is not one of them, or with other keys, or a `ca` cannot be read
 */
export function othersOf(
  crypto: Crypto,
  { consortium, keyFile }: { consortium: ConsortiumConfig; keyFile: string },
  secretKey: Uint8Array,
): Address[] {
  const own = toHex(crypto.publicKey(secretKey));
  const at = consortium.gateways.findIndex(({ publicKey }) => publicKey === own);
  const wrong = (path: string, found: string, allowed: string, cure: string) =>
    new ConfigError(keyFile, [{ path: `consortium.gateways${path}`, found, allowed, cure }]);
  if (at < 0)
    throw wrong("", `none with the key ${own}`, "this gateway among them", "See wattle keys");
  const beacon = toHex(beaconKeyOf(secretKey));
  const { beaconKey } = consortium.gateways[at];
  if (beaconKey !== beacon)
    throw wrong(`[${at}].beaconKey`, beaconKey, `this gateway's own, ${beacon}`, "Correct it");
  return consortium.gateways.flatMap((one, i) => {
    if (i === at) return [];
    const { area, url, ca } = one;
    let pem: Buffer | undefined;
    try {
      pem = ca === undefined ? undefined : readFileSync(ca);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw wrong(`[${i}].ca`, String(code), "a PEM file", "Give the authority's certificate");
    }
    return [{ ...partnerOf(crypto, one), area, url, ...(pem && { ca: pem }) }];
  });
}

function partnerOf(crypto: Crypto, keys: { publicKey: string; beaconKey: string }): Partner {
  const publicKey = fromHex(keys.publicKey)!;
  return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey: fromHex(keys.beaconKey)! };
}
