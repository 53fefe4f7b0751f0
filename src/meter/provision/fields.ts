// SPDX-License-Identifier: Apache-2.0
/**
 * The settings by the names that people type: how each is read, checked and shown. What is wrong is said
 * without what was typed, which may be a secret in the wrong place.
 */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { LOAN_MICRO_MAX } from "#core/credit/bounds";
import {
  CONNECTION_W_MAX,
  HOST_CHARS_MAX,
  METER_CHARS_MAX,
  NAME_CHARS_MAX,
  PRICE_MICRO_MAX,
  QTY_WH_MAX,
  WALLETS_MAX,
} from "#core/limits";
import { FURTHER_KEYS_MAX } from "#core/limits-device";
import { formatCoins, parseCoins } from "#core/units/money";
import type { Place } from "./places.ts";
import { type Board, PASSWORD_CHARS_MAX, type Settings } from "./settings.ts";

/** What is wrong with one thing that was typed. */
export interface InputFault {
  field: string;
  cause: string;
  cure: string;
}

/** What is checked against, beside the text itself. */
export interface FieldContext {
  board: Board;
  /** The node's own key, where it has one. */
  publicKey: Uint8Array | undefined;
}

/** One setting. */
export interface FieldSpec {
  readonly name: string;
  /** What may stand there, as advice. */
  readonly cure: string;
  /** The settings that change, or the cause why not. */
  parse(text: string, context: FieldContext): Partial<Settings> | string;
  /** The settings that an empty value sets back to their defaults. */
  readonly clears: readonly (keyof Settings)[];
  show(settings: Settings): string | number | undefined;
}

const NAME_CURE = `give 1 to ${NAME_CHARS_MAX} of the characters A-Z a-z 0-9 . _ -`;
const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?)$/;

function parseBroker(text: string): Partial<Settings> | string {
  const match = /^(mqtts?):\/\/([^/]*)\/?$/.exec(text);
  if (!match) return "is no mqtt:// or mqtts:// URL";
  const [, scheme, authority] = match;
  if (authority.indexOf("@") >= 0) return "has a user name or a password";
  const port = /^(.*):(\d{1,5})$/.exec(authority);
  const host = port ? port[1] : authority;
  const tls = scheme === "mqtts" ? 1 : 0;
  const number = port ? Number(port[2]) : tls ? 8883 : 1883;
  if (number < 1 || number > 0xffff) return "has a port that is not 1 to 65535";
  if (host.length > HOST_CHARS_MAX || !HOST.test(host)) return "has no valid host name";
  return { host, port: number, tls };
}

function parseName(text: string): string | undefined {
  if (text.length > NAME_CHARS_MAX) return `is longer than ${NAME_CHARS_MAX} characters`;
  // One level of an MQTT topic, as the gateway's own configuration has it.
  return /^[A-Za-z0-9._-]+$/.test(text) ? undefined : "has other characters";
}

function parseMemberName(text: string): Partial<Settings> | string {
  if (text.length > NAME_CHARS_MAX) return `is longer than ${NAME_CHARS_MAX} characters`;
  // What a gateway admits a member under.
  if (!/^[A-Za-z0-9][A-Za-z0-9 _.#-]*$/.test(text)) return "has other characters";
  return { name: text };
}

/** Another's key, or the cause why it is none. */
function parseKey(text: string, { publicKey }: FieldContext): Uint8Array | string {
  const key = fromHex(text);
  if (key?.length !== 32) return "is not 64 hex digits";
  if (key.every((byte) => byte === 0)) return "is all zeros";
  return publicKey && bytesEqual(key, publicKey) ? "is this node's own key" : key;
}

function parseGateway(text: string, context: FieldContext): Partial<Settings> | string {
  const gatewayKey = parseKey(text, context);
  return typeof gatewayKey === "string" ? gatewayKey : { gatewayKey };
}

function parseAuthority(text: string, context: FieldContext): Partial<Settings> | string {
  const anchorKey = parseKey(text, context);
  return typeof anchorKey === "string" ? anchorKey : { anchorKey };
}

/** `mqtts://host:8883,street-2,<key>`: broker, area and key of another gateway of the consortium. */
function parsePlace(text: string, context: FieldContext): Place | string {
  const [url, area, key, ...more] = text.split(",");
  if (area === undefined || key === undefined || more.length > 0)
    return "is not a URL, an area and a key with commas between them";
  const broker = parseBroker(url);
  if (typeof broker === "string") return `${broker}: the URL`;
  const fault = parseName(area);
  if (fault) return `${fault}: the area`;
  const gatewayKey = parseKey(key, context);
  if (typeof gatewayKey === "string") return `${gatewayKey}: the key`;
  const { host, port, tls } = broker as Pick<Settings, "host" | "port" | "tls">;
  return { host, port, tls, area, gatewayKey };
}

function parseKeys(text: string, context: FieldContext): Partial<Settings> | string {
  const words = text.split(",");
  if (words.length > FURTHER_KEYS_MAX) return `has more than ${FURTHER_KEYS_MAX} keys`;
  const keys = words.map((word) => parseKey(word, context));
  const fault = keys.find((key) => typeof key === "string");
  return fault ? `${fault}: one of the keys` : { keys: keys as Uint8Array[] };
}

function brokerText({ host, port, tls }: Pick<Settings, "host" | "port" | "tls">): string {
  return `${tls ? "mqtts" : "mqtt"}://${host}:${port}`;
}

function placeText(place: Place | undefined): string | undefined {
  return place && `${brokerText(place)},${place.area},${toHex(place.gatewayKey)}`;
}

/** A whole number from `min` to `max`, or the cause why not. */
export function parseWhole(text: string, min: number, max: number): number | string {
  const value = Number(text);
  if (!/^-?\d{1,10}$/.test(text)) return "is no whole number";
  return value < min || value > max ? `is not ${min} to ${max}` : value;
}

function parseCapacity(text: string): Partial<Settings> | string {
  if (/[0-9] *k?W$/.test(text)) return "is a power, not an energy";
  const capacityWh = parseWhole(text.replace(/Wh$/, ""), 1, QTY_WH_MAX);
  return typeof capacityWh === "string" ? capacityWh : { capacityWh };
}

function parsePrice(text: string): number | string {
  const micro = parseCoins(text);
  if (micro === undefined) return "is no number of coins with at most six places";
  return micro > PRICE_MICRO_MAX ? `is more than ${formatCoins(PRICE_MICRO_MAX)}` : micro;
}

function shownPrice(micro: number | undefined): string | undefined {
  return micro === undefined ? undefined : formatCoins(micro);
}

function choice<T>(text: string, choices: Readonly<Record<string, T>>): T | string {
  return Object.keys(choices).indexOf(text) >= 0 ? choices[text] : "is none of the choices";
}

const LINK_FIELDS: readonly FieldSpec[] = Object.freeze([
  {
    name: "broker",
    cure: "give mqtts://host:8883, or mqtt://host:1883 on a network that you trust",
    parse: parseBroker,
    clears: ["host", "port", "tls"],
    show: (settings: Settings) => (settings.host === "" ? undefined : brokerText(settings)),
  },
  {
    name: "password",
    cure: "give what `wattle login` prints; empty: a token, which the gateway's own broker takes",
    parse: (text: string) => {
      if (text.length > PASSWORD_CHARS_MAX) return "is too long";
      return /^[\x21-\x7e]*$/.test(text) ? { password: text } : "has other characters";
    },
    clears: ["password"],
    // A secret is never said.
    show: ({ password }: Settings) => (password === "" ? undefined : "set"),
  },
  {
    name: "ntp",
    cure: "give the host name of a time server",
    parse: (text: string) =>
      text.length <= HOST_CHARS_MAX && HOST.test(text) ? { ntp: text } : "is no valid host name",
    clears: ["ntp"],
    show: ({ ntp }: Settings) => ntp,
  },
] as FieldSpec[]);

const NODE_FIELDS: readonly FieldSpec[] = Object.freeze([
  {
    name: "net",
    cure: NAME_CURE,
    parse: (text: string) => parseName(text) ?? { net: text },
    clears: ["net"],
    show: ({ net }: Settings) => net,
  },
  {
    name: "area",
    cure: NAME_CURE,
    parse: (text: string) => parseName(text) ?? { area: text },
    clears: ["area"],
    show: ({ area }: Settings) => area || undefined,
  },
  {
    name: "name",
    cure: `give 1 to ${NAME_CHARS_MAX} letters, digits, blanks and _ . # -, a letter or digit first`,
    parse: parseMemberName,
    clears: ["name"],
    show: ({ name }: Settings) => name || undefined,
  },
  {
    name: "gateway",
    cure: "give the gateway's public key as `wattle gateway` prints it: 64 hex digits",
    parse: parseGateway,
    clears: ["gatewayKey"],
    show: ({ gatewayKey }: Settings) => gatewayKey && toHex(gatewayKey),
  },
  {
    name: "authority",
    cure: "give the anchor key as `wattle authority init` prints it: 64 hex digits; empty: none",
    parse: parseAuthority,
    clears: ["anchorKey"],
    show: ({ anchorKey }: Settings) => anchorKey && toHex(anchorKey),
  },
  {
    name: "meter",
    cure: `give what is written on the meter, at most ${METER_CHARS_MAX} characters of ASCII`,
    parse: (text: string) => {
      if (text.length > METER_CHARS_MAX) return `is longer than ${METER_CHARS_MAX} characters`;
      return /^[\x20-\x7e]*$/.test(text) ? { meter: text } : "has other characters";
    },
    clears: ["meter"],
    show: ({ meter }: Settings) => meter || undefined,
  },
  {
    name: "connection",
    cure: "give the rating of the connection in whole W: amperes x volts x phases, 3x25 A: 17250",
    parse: (text: string) => {
      const connectionW = parseWhole(text.replace(/W$/, ""), 1, CONNECTION_W_MAX);
      return typeof connectionW === "string" ? connectionW : { connectionW };
    },
    clears: ["connectionW"],
    show: ({ connectionW }: Settings) => (connectionW === 0 ? undefined : `${connectionW}W`),
  },
  {
    name: "capacity",
    cure: "give whole Wh in one slot: amperes x volts x phases x hours, 3x25 A for 15 min: 4312",
    parse: parseCapacity,
    clears: ["capacityWh"],
    show: ({ capacityWh }: Settings) => (capacityWh === 0 ? undefined : `${capacityWh}Wh`),
  },
  {
    name: "wallets",
    cure: `give a number of wallet addresses, 1 to ${WALLETS_MAX}`,
    parse: (text: string) => {
      const wallets = parseWhole(text, 1, WALLETS_MAX);
      return typeof wallets === "string" ? wallets : { wallets };
    },
    clears: ["wallets"],
    show: ({ wallets }: Settings) => wallets,
  },
] as FieldSpec[]);

const PLACE_CURE =
  "give another gateway of the consortium: mqtts://host:8883,<area>,<64 hex digits>";
// Written out: functions that a factory makes are no constants, and would stand in the chip's memory.
const PLACE_FIELDS: readonly FieldSpec[] = Object.freeze([
  {
    name: "gateway2",
    cure: PLACE_CURE,
    parse: (text: string, context: FieldContext) => {
      const second = parsePlace(text, context);
      return typeof second === "string" ? second : { second };
    },
    clears: ["second"],
    show: ({ second }: Settings) => placeText(second),
  },
  {
    name: "gateway3",
    cure: PLACE_CURE,
    parse: (text: string, context: FieldContext) => {
      const third = parsePlace(text, context);
      return typeof third === "string" ? third : { third };
    },
    clears: ["third"],
    show: ({ third }: Settings) => placeText(third),
  },
  {
    name: "gateway4",
    cure: PLACE_CURE,
    parse: (text: string, context: FieldContext) => {
      const fourth = parsePlace(text, context);
      return typeof fourth === "string" ? fourth : { fourth };
    },
    clears: ["fourth"],
    show: ({ fourth }: Settings) => placeText(fourth),
  },
  {
    name: "keys",
    cure: `give public keys of other gateways of the consortium with commas between, at most ${FURTHER_KEYS_MAX}`,
    parse: parseKeys,
    clears: ["keys"],
    show: ({ keys }: Settings) => (keys.length > 0 ? keys.map(toHex).join(",") : undefined),
  },
  {
    name: "gateways",
    cure: "give how many gateways the consortium has; empty: those that are given",
    parse: (text: string) => {
      const gateways = parseWhole(text, 1, GATEWAYS_MAX);
      return typeof gateways === "string" ? gateways : { gateways };
    },
    clears: ["gateways"],
    show: ({ gateways }: Settings) => gateways || undefined,
  },
] as FieldSpec[]);

const POLICY_FIELDS: readonly FieldSpec[] = Object.freeze([
  {
    name: "trade",
    cure: "give yes, no for a node that only meters, or direct for one that trades by OFFER",
    parse: (text: string) => {
      const trade = choice(text, { yes: 1, no: 0, direct: 2 });
      return typeof trade === "string" ? trade : { trade };
    },
    clears: ["trade"],
    show: ({ trade }: Settings) => ["no", "yes", "direct"][trade],
  },
  {
    name: "bid",
    cure: "give the highest price paid, coins per kWh such as 0.25; empty: the retail price",
    parse: (text: string) => {
      const bidMicro = parsePrice(text);
      return typeof bidMicro === "string" ? bidMicro : { bidMicro };
    },
    clears: ["bidMicro"],
    show: ({ bidMicro }: Settings) => shownPrice(bidMicro),
  },
  {
    name: "offer",
    cure: "give the lowest price taken, coins per kWh such as 0.1; empty: the feed-in price",
    parse: (text: string) => {
      const offerMicro = parsePrice(text);
      return typeof offerMicro === "string" ? offerMicro : { offerMicro };
    },
    clears: ["offerMicro"],
    show: ({ offerMicro }: Settings) => shownPrice(offerMicro),
  },
  {
    name: "borrow",
    cure: "give never, need where coins may be short, or always",
    parse: (text: string) => {
      const borrow = choice(text, { never: 0, need: 1, always: 2 });
      return typeof borrow === "string" ? borrow : { borrow };
    },
    clears: ["borrow"],
    show: ({ borrow }: Settings) => [undefined, "need", "always"][borrow],
  },
  {
    name: "loan",
    cure: "give the most coins in one loan, such as 5",
    parse: (text: string) => {
      const borrowMicro = parseCoins(text);
      if (borrowMicro === undefined) return "is no number of coins with at most six places";
      return borrowMicro > LOAN_MICRO_MAX || borrowMicro === 0
        ? `is not from 0.000001 to ${formatCoins(LOAN_MICRO_MAX)}`
        : { borrowMicro };
    },
    clears: ["borrowMicro"],
    show: ({ borrow, borrowMicro }: Settings) =>
      borrow === 0 ? undefined : formatCoins(borrowMicro),
  },
] as FieldSpec[]);

const METER_FIELDS: readonly FieldSpec[] = Object.freeze([
  {
    name: "driver",
    cure: "give a driver that `wattle show` lists",
    parse: (text: string, { board }: FieldContext) =>
      Object.keys(board.drivers).indexOf(text) >= 0
        ? { driver: text, calibration: [] } // values of another chip mean nothing for this one
        : `is no driver of this firmware: it has ${Object.keys(board.drivers).join(", ")}`,
    clears: ["driver", "calibration"],
    show: ({ driver }: Settings) => driver || undefined,
  },
  {
    name: "direction",
    cure: "give normal, or reversed where import shows as export",
    parse: (text: string) => {
      const reversed = choice(text, { normal: 0, reversed: 1 });
      return typeof reversed === "string" ? reversed : { reversed };
    },
    clears: ["reversed"],
    show: ({ reversed }: Settings) => (reversed === 1 ? "reversed" : "normal"),
  },
] as FieldSpec[]);

/** In the order in which they are shown and applied: a driver before its calibration values. */
export const FIELDS: readonly FieldSpec[] = Object.freeze([
  ...LINK_FIELDS,
  ...NODE_FIELDS,
  ...PLACE_FIELDS,
  ...POLICY_FIELDS,
  ...METER_FIELDS,
]);
