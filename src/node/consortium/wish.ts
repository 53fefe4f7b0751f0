// SPDX-License-Identifier: Apache-2.0
/**
 * An operator's wish for a change of the gateways, as a file between `wattle consortium` and the running
 * gateway, and the words for what cannot be. Both sides read files of the other's: what is in none of the
 * forms below is no wish.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { fromHex, toHex } from "#core/codec/bytes";
import { isBrokerUrl } from "#core/consensus/broker-url";
import type { Crypto } from "#core/crypto/port";
import { BROKER_URL_CHARS_MAX } from "#core/limits";
import { type Change, changeRecord } from "#core/records/registry";
import type { Seat } from "#gateway/consortium/seat";
import { name, object, publicKey, urlText, whole } from "../config/config-fields.ts";
import { partnerEntries } from "../config/consortium.ts";
import { isPublicKey } from "../crypto/sodium.ts";

/** What `wattle keys --json` prints of a gateway, and where it will be. */
export const entrantEntries = {
  publicKey,
  beaconKey: partnerEntries.beaconKey,
  area: v.optional(name),
  url: v.optional(v.pipe(urlText, v.maxLength(BROKER_URL_CHARS_MAX))),
};
const wishEntries = {
  number: whole(1, 0xffffffff),
  /** Id of the gateway that leaves. */
  leaves: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
  joins: v.optional(object(entrantEntries)),
  /** When the operator asked, so that an answer is to this question. */
  askedMs: whole(0, Number.MAX_SAFE_INTEGER),
};
const wishSchema = object(wishEntries);
export type WishFile = v.InferOutput<typeof wishSchema>;
export type EntrantFile = NonNullable<WishFile["joins"]>;

/** Longest file that is looked at: a wish has some 600 characters. */
const FILE_BYTES_MAX = 64 * 1024;

export const wishPath = (folder: string): string => join(folder, "wish.json");
export const statusPath = (folder: string): string => join(folder, "status.json");

/** What stands there, or why there is nothing to read. */
export function readJson(path: string): { json: unknown } | { missing: true } | { fault: string } {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) return { fault: "the file is too long" };
    return { json: JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { missing: true };
    return { fault: (error as Error).message };
  }
}

/** In one step, so that nobody reads half of it. */
export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}`;
  writeFileSync(half, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(half, path);
}

export function readWish(folder: string): WishFile | { fault: string } | undefined {
  const found = readJson(wishPath(folder));
  if ("missing" in found) return undefined;
  if ("fault" in found) return found;
  const parsed = v.safeParse(wishSchema, found.json);
  return parsed.success ? parsed.output : { fault: `wish.json: ${parsed.issues[0].message}` };
}

export function changeOf(
  net: string,
  { number, leaves, joins }: Omit<WishFile, "askedMs">,
): Change {
  return {
    net,
    number,
    leaves: leaves === undefined ? undefined : fromHex(leaves)!,
    joins: joins && {
      publicKey: fromHex(joins.publicKey)!,
      beaconKey: fromHex(joins.beaconKey)!,
      area: joins.area,
      url: joins.url,
    },
  };
}

/** A change as files and people have it. */
export function textOf({ number, leaves, joins }: Change): Omit<WishFile, "askedMs"> {
  return {
    number,
    ...(leaves && { leaves: toHex(leaves) }),
    ...(joins && {
      joins: {
        publicKey: toHex(joins.publicKey),
        beaconKey: toHex(joins.beaconKey),
        ...(joins.area !== undefined && { area: joins.area }),
        ...(joins.url !== undefined && { url: joins.url }),
      },
    }),
  };
}

/** What operators call a wish: two that differ in anything have different names. */
export function wishName(crypto: Crypto, change: Change): string {
  return toHex(crypto.sha256(changeRecord.encode(change))).slice(0, 8);
}

/** What nobody should sign about the one that joins. `isKey`: whether somebody can have this key. */
export function entrantFault(
  { joins }: Pick<Change, "joins">,
  isKey = isPublicKey,
): "key" | "place" | undefined {
  if (joins && !isKey(joins.publicKey)) return "key";
  return joins?.url === undefined || isBrokerUrl(joins.url) ? undefined : "place";
}

type Fault = NonNullable<ReturnType<Seat["wishFault"]>>;

/** Why a wish cannot be, and what to do. */
export const WISH_FAULTS: Readonly<Record<Fault | "key", { cause: string; cure: string }>> = {
  net: { cause: "it is of another network", cure: "give the command this gateway's configuration" },
  number: {
    cause: "its number is not that of the next change",
    cure: "look at wattle consortium show, and ask for it again",
  },
  nothing: { cause: "nobody leaves and nobody joins", cure: "name one of them" },
  unknown: {
    cause: "the one that leaves is none of the present gateways",
    cure: "wattle consortium show names them",
  },
  used: {
    cause: "the key of the one that joins is, or was, a gateway's",
    cure: "make it a new key: wattle keys --make",
  },
  key: {
    cause: "the public key of the one that joins is nobody's",
    cure: "copy it whole from what wattle keys --json prints at that gateway",
  },
  place: {
    cause:
      "its URL has no area beside it, has a user's name, or is no scheme, host and port of a broker",
    cure:
      "give --area and a URL such as mqtts://host:8883, with a port from 1 to 65535; passwords go " +
      "into consortium.addresses",
  },
  count: {
    cause: "there would be too many gateways, or none",
    cure: "let another one leave first",
  },
  full: {
    cause: "gateways are for too many different changes",
    cure: "agree on one of those that wattle consortium show lists",
  },
  stranger: {
    cause: "this gateway is none of the consortium, now or yet",
    cure: "ask the operators of those that are",
  },
  mute: {
    cause: "this gateway lost its store and may not speak yet",
    cure: "wait: it is said as soon as it may",
  },
  halted: {
    cause: "this gateway has halted (consortium-disagrees)",
    cure: "see docs/operations.md, A consortium",
  },
};
