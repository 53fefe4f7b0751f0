// SPDX-License-Identifier: Apache-2.0
/** `consortium` of the gateway's configuration: with whom a gateway agrees on one ledger, and how. */
import { resolve } from "node:path";
import * as v from "valibot";
import { compareBytes, fromHex } from "#core/codec/bytes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import type { QuorumRule } from "#core/consensus/validators";
import { BLS_PUBLIC_KEY_BYTES } from "#core/crypto/bls";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { STATE_TURNS } from "#core/limits";
import type { ConsortiumOptions, Partner } from "#gateway/consortium/ports";
import type { ConfigProblem } from "./config-error.ts";
import { name, object, path, publicKey, url, whole } from "./config-fields.ts";
import type { Help, ParsedConfig } from "./config-schema.ts";

export interface ConsortiumConfig {
  /** Those that the ledger began with, in the order of the file. */
  gateways: { publicKey: string; beaconKey: string; area: string; url?: string; ca?: string }[];
  rule: QuorumRule;
  leader: ConsortiumOptions["leader"];
  intervalMs: number;
  keyUsed?: boolean;
  /** Turns from one state for gateways that are behind to the next; undefined: STATE_TURNS. */
  stateTurns?: number;
  /** The log keeps at least so many turns; undefined: all. */
  keepTurns?: number;
  /** This gateway is none of the first: it joined later, or is about to. */
  joined?: boolean;
  /** Where gateways are for this one: over the list, and over what changes say. */
  addresses?: { publicKey: string; area?: string; url?: string; ca?: string }[];
  /** The operator's wish, and how the consortium stands: an absolute path. */
  folder: string;
}

/** Turns as often as this where protocol time runs; with the barrier clock as soon as there is anything. */
const INTERVAL_MS = 250;

/** Turns of a year with one in each second. */
const KEEP_TURNS_MAX = 31_622_400;
/** More often a gateway would do little else than make states. */
const STATE_TURNS_MIN = 64;

/** A minute: nobody waits longer for a turn. */
const INTERVAL_MS_MAX = 60_000;
export const partnerEntries = {
  publicKey,
  beaconKey: v.pipe(v.string(), v.length(2 * BLS_PUBLIC_KEY_BYTES), v.regex(/^[0-9a-f]+$/)),
  area: name,
  url: v.optional(url),
  ca: v.optional(path),
};
export const addressEntries = {
  publicKey,
  area: v.optional(name),
  url: v.optional(url),
  ca: v.optional(path),
};
export const consortiumEntries = {
  gateways: v.pipe(v.array(object(partnerEntries)), v.minLength(1), v.maxLength(GATEWAYS_MAX)),
  rule: v.optional(v.picklist(["quorum", "unanimous"]), "quorum"),
  leader: v.optional(v.picklist(["round-robin", "proof-of-work"]), "round-robin"),
  intervalMs: v.optional(whole(0, INTERVAL_MS_MAX)),
  keyUsed: v.optional(v.boolean()),
  stateTurns: v.optional(whole(STATE_TURNS_MIN, KEEP_TURNS_MAX)),
  keepTurns: v.optional(whole(STATE_TURNS_MIN, KEEP_TURNS_MAX)),
  joined: v.optional(v.boolean()),
  addresses: v.optional(v.pipe(v.array(object(addressEntries)), v.maxLength(GATEWAYS_MAX))),
  folder: v.optional(path, "consortium"),
};
export const CONSORTIUM_HELP: Readonly<Record<string, Help>> = {
  consortium: {
    allowed:
      "{gateways, rule, leader, intervalMs, stateTurns, keyUsed, keepTurns, joined, addresses, folder}",
    cure: "Leave it out for a gateway that has its ledger alone",
  },
  "consortium.gateways": {
    allowed: `a list of 1 to ${GATEWAYS_MAX} gateways that the ledger began with, the same at each`,
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
  "consortium.stateTurns": {
    allowed: `a whole number of turns, ${STATE_TURNS_MIN} to ${KEEP_TURNS_MAX}, the same at all`,
    cure: `Leave it out for ${STATE_TURNS}`,
  },
  "consortium.keepTurns": {
    allowed: `a whole number of turns, stateTurns to ${KEEP_TURNS_MAX}`,
    cure: "Leave it out to keep all: a log that dropped turns cannot be checked whole",
  },
};

const OF_ADDRESS: Readonly<Record<string, Help>> = {
  "": {
    allowed: `a list of at most ${GATEWAYS_MAX} of {publicKey, area, url, ca}`,
    cure: "Name gateways that are reached elsewhere from here, or with another certificate",
  },
  "[]": {
    allowed: "{publicKey, area, url, ca}",
    cure: "Give the gateway's public key, and what is another than elsewhere",
  },
  "[].publicKey": CONSORTIUM_HELP["consortium.gateways[].publicKey"],
  "[].area": CONSORTIUM_HELP["consortium.gateways[].area"],
  "[].url": CONSORTIUM_HELP["consortium.gateways[].url"],
  "[].ca": CONSORTIUM_HELP["consortium.gateways[].ca"],
};
/** Of gateways that join later. */
export const JOINING_HELP: Readonly<Record<string, Help>> = {
  "consortium.joined": {
    allowed: "true or false",
    cure: "Use true for a gateway that the ledger did not begin with",
  },
  "consortium.folder": {
    allowed: "a path",
    cure: "Name a folder for the operator's wishes; wattle consortium and the gateway use it",
  },
  ...Object.fromEntries(
    Object.entries(OF_ADDRESS).map(([at, help]) => [`consortium.addresses${at}`, help]),
  ),
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
  if (!consortium.joined && !gateways.some((one) => one.area === area))
    say(
      "consortium.gateways",
      `none of area ${area}`,
      "this gateway among them",
      "Add it; or say joined: true, if the ledger began without it",
    );
  const keys = (consortium.addresses ?? []).map((one) => one.publicKey);
  const again = keys.find((key, i) => keys.indexOf(key) < i);
  if (again) say("consortium.addresses", `publicKey ${again} twice`, "each once", "Remove one");
  const { keepTurns, stateTurns = STATE_TURNS } = consortium;
  if (keepTurns !== undefined && keepTurns < stateTurns)
    say(
      "consortium.keepTurns",
      `${keepTurns}`,
      `at least stateTurns, ${stateTurns}`,
      "Keep more turns, or lower stateTurns at all gateways",
    );
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
  const { gateways, rule, leader, intervalMs, stateTurns, keyUsed, keepTurns } = given;
  const { joined, addresses } = given;
  const placed = <T extends { ca?: string }>({ ca, ...one }: T) => ({
    ...one,
    ...(ca !== undefined && { ca: resolve(dir, ca) }),
  });
  return {
    gateways: gateways.map(placed),
    rule,
    leader,
    intervalMs: intervalMs ?? (clock === "barrier" ? 0 : INTERVAL_MS),
    ...(stateTurns !== undefined && { stateTurns }),
    ...(keyUsed !== undefined && { keyUsed }),
    ...(keepTurns !== undefined && { keepTurns }),
    ...(joined !== undefined && { joined }),
    ...(addresses && { addresses: addresses.map(placed) }),
    folder: resolve(dir, given.folder),
  };
}

/** What the gateway application is given: gateways by id, so that the order in the file means nothing. */
export function consortiumOptions(crypto: Crypto, config: ConsortiumConfig): ConsortiumOptions {
  const { rule, leader, intervalMs, stateTurns, keyUsed, keepTurns } = config;
  const gateways = config.gateways
    .map((one) => partnerOf(crypto, one))
    .sort((a, b) => compareBytes(a.id, b.id));
  return {
    ...{ gateways, rule, leader, intervalMs },
    ...(stateTurns !== undefined && { stateTurns }),
    ...(keyUsed && { keyUsed }),
    ...(keepTurns !== undefined && { keepTurns }),
  };
}

function partnerOf(crypto: Crypto, keys: { publicKey: string; beaconKey: string }): Partner {
  const publicKey = fromHex(keys.publicKey)!;
  return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey: fromHex(keys.beaconKey)! };
}
