// SPDX-License-Identifier: Apache-2.0
/**
 * Further gateways of a node: others of its gateway's consortium, to which it goes in turn where that cannot be
 * reached (link/roamer.ts). Place 0 is the gateway of `broker`, `area` and `gateway`; 1 to 3 are these.
 */
import { bytes, type Infer, optional, struct, text, uint } from "#core/codec/schema";
import { HOST_CHARS_MAX } from "#core/limits";
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
  /** Where the node is just now. */
  place: uint(3),
};
export type Roaming = Infer<typeof roamingFields>;

export function noPlaces(): Roaming {
  return { second: undefined, third: undefined, fourth: undefined, place: 0 };
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
