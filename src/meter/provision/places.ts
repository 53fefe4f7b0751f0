// SPDX-License-Identifier: Apache-2.0
/**
 * Further gateways of a node: others of its gateway's consortium, to which it goes in turn where that cannot be
 * reached (link/roamer.ts). Place 0 is the gateway of `broker`, `area` and `gateway`; 1 to 3 are these.
 */
import { bytesEqual } from "#core/codec/bytes";
import { bytes, type Infer, list, optional, struct, text, uint } from "#core/codec/schema";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { HOST_CHARS_MAX } from "#core/limits";
import { FURTHER_KEYS_MAX, ROAM_FLIGHTS_MAX } from "#core/limits-device";
import { netName } from "#core/records/common";

const placeFields = {
  host: text(HOST_CHARS_MAX),
  port: uint(0xffff),
  tls: uint(1),
  area: netName,
  gatewayKey: bytes(32),
};
export type Place = Infer<typeof placeFields>;
const place = optional(struct(placeFields));

/** Firmware of the fifth layout of the settings has them. */
export const roamingFields = {
  second: place,
  third: place,
  fourth: place,
  /** Keys of gateways of the consortium that the node never goes to. */
  keys: list(bytes(32), FURTHER_KEYS_MAX),
  /** How many gateways the consortium has; 0: those that are given. */
  gateways: uint(GATEWAYS_MAX),
  /** Where the node is just now. */
  place: uint(3),
  /** How often in a row it has gone on because a gateway's word was false. */
  flights: uint(ROAM_FLIGHTS_MAX),
};
export type Roaming = Infer<typeof roamingFields>;

export function noPlaces(): Roaming {
  const further = { second: undefined, third: undefined, fourth: undefined };
  return { ...further, keys: [], gateways: 0, place: 0, flights: 0 };
}

/** Those that are set, by their numbers. */
function placesOf({ second, third, fourth }: Roaming): (Place | undefined)[] {
  return [undefined, second, third, fourth];
}

export function furtherOf(roaming: Roaming): Place[] {
  const set: Place[] = [];
  for (const one of placesOf(roaming)) if (one) set.push(one);
  return set;
}

/** Where the node is; undefined at its own gateway. */
export function placeOf(roaming: Roaming): Place | undefined {
  return placesOf(roaming)[roaming.place];
}

/** Where it goes next; 0 where there is no other. */
export function nextPlace(roaming: Roaming): number {
  const places = placesOf(roaming);
  for (let next = roaming.place + 1; next < places.length; next++) if (places[next]) return next;
  return 0;
}

/** Whether anything is set that older layouts do not have. */
export function isRoaming(roaming: Roaming): boolean {
  return furtherOf(roaming).length + roaming.keys.length + roaming.gateways > 0;
}

/**
 * What a node at `own` knows of the consortium: the keys that are given, each once, and how many there are in
 * all where these are not all. Nothing where there is one gateway.
 */
export function consortiumOf(
  own: Uint8Array,
  roaming: Roaming,
): { gateways?: Uint8Array[]; gatewayCount?: number } {
  const gateways = [own];
  for (const key of [...furtherOf(roaming).map((one) => one.gatewayKey), ...roaming.keys])
    if (!gateways.some((known) => bytesEqual(known, key))) gateways.push(key);
  const partial = roaming.gateways > gateways.length && { gatewayCount: roaming.gateways };
  return gateways.length > 1 || partial ? { gateways, ...partial } : {};
}
