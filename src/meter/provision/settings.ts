// SPDX-License-Identifier: Apache-2.0
/**
 * What a person sets on a node, apart from its identity: kept in two alternating slots, and turned into what
 * the node application, the network side and the meter's driver are started with.
 */
import type { CborValue } from "#core/codec/cbor";
import {
  bytes,
  type Field,
  FieldFault,
  type Infer,
  list,
  optional,
  struct,
  text,
  uint,
} from "#core/codec/schema";
import { LOAN_MICRO_MAX } from "#core/credit/bounds";
import { assert } from "#core/errors/assert";
import {
  CALIBRATIONS_MAX,
  CONNECTION_W_MAX,
  HOST_CHARS_MAX,
  METER_CHARS_MAX,
  NAME_CHARS_MAX,
  PRICE_MICRO_MAX,
  QTY_WH_MAX,
  WALLETS_DEFAULT,
  WALLETS_MAX,
} from "#core/limits";
import { netName } from "#core/records/common";
import { CREDIT_NEED, type NodeConfig, type TradePolicy } from "../config.ts";
import type { KeyValueStore, Log } from "../ports.ts";
import {
  consortiumOf,
  furtherOf,
  isRoaming,
  nextPlace,
  noPlaces,
  placeOf,
  type Roaming,
  roamingFields,
} from "./places.ts";
import { TwoSlots } from "./two-slots.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Longest SSID, bytes (IEEE 802.11, 9.4.2.2). */
export const SSID_BYTES_MAX = 32;
/** Longest passphrase: 63 characters, or a pre-shared key as 64 hex digits (IEEE 802.11, annex J.4.1). */
export const PASSPHRASE_BYTES_MAX = 64;
/** Longest password for a broker that takes no token: twice what `wattle login` makes. */
export const PASSWORD_CHARS_MAX = 64;
/** Characters of a driver's or a calibration value's name; ours have at most ten. */
export const SHORT_NAME_MAX = 16;

/** A signed 32-bit integer; the store's CBOR has unsigned ones only, so the sign is its lowest bit. */
const int32: Field<number> = {
  encode: (value) => (value < 0 ? -2 * value - 1 : 2 * value),
  decode: (raw, path) => {
    const folded = uint(0xffffffff).decode(raw, path);
    return folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2;
  },
};

const settingsFields = {
  /** Wi-Fi: UTF-8; no passphrase is an open network. */
  ssid: optional(bytes(1, SSID_BYTES_MAX)),
  passphrase: bytes(0, PASSPHRASE_BYTES_MAX),
  /** MQTT broker; "" for none. */
  host: text(HOST_CHARS_MAX),
  port: uint(0xffff),
  tls: uint(1),
  /** Time server. */
  ntp: text(HOST_CHARS_MAX),
  net: netName,
  area: netName,
  name: text(NAME_CHARS_MAX),
  gatewayKey: optional(bytes(32)),
  /** Largest energy that the connection carries in one slot, either way, Wh; 0 for none. */
  capacityWh: uint(QTY_WH_MAX),
  wallets: uint(WALLETS_MAX),
  /** 0: meters only. 1: in the market. 2: directly, by OFFER. Prices in µc/kWh. */
  trade: uint(2),
  bidMicro: optional(uint(PRICE_MICRO_MAX), "*"),
  offerMicro: optional(uint(PRICE_MICRO_MAX), "*"),
  /** The metering chip: "" where the board has only one. */
  driver: text(SHORT_NAME_MAX),
  calibration: list(struct({ name: text(SHORT_NAME_MAX), value: int32 }), CALIBRATIONS_MAX),
  /** 1: import and export are swapped, for a current transformer that sits the wrong way round. */
  reversed: uint(1),
};
/** What a certificate is asked for with; the first firmware did not have it. */
const enrolmentFields = {
  /** The authority's anchor key: the gateway has to have a certificate of it. */
  anchorKey: optional(bytes(32)),
  /** What is written on the meter. */
  meter: text(METER_CHARS_MAX),
  /** Rating of the connection, W; 0 for unknown. */
  connectionW: uint(CONNECTION_W_MAX),
};
/** The second firmware did not have it. */
const loginFields = {
  /** Of the node's account at the broker; "" where that takes tokens. */
  password: text(PASSWORD_CHARS_MAX),
};
/** The third firmware did not have it. */
const creditFields = {
  /** 0: never. 1: when short of coins. 2: whenever there is no loan. And most in one loan, µc. */
  borrow: uint(2),
  borrowMicro: uint(LOAN_MICRO_MAX),
};
const firstField = struct(settingsFields);
const secondField = struct({ ...settingsFields, ...enrolmentFields });
const thirdField = struct({ ...settingsFields, ...enrolmentFields, ...loginFields });
const fourthField = struct({
  ...settingsFields,
  ...enrolmentFields,
  ...loginFields,
  ...creditFields,
});
/** The fourth firmware did not have the places. */
const settingsField = struct({
  ...settingsFields,
  ...enrolmentFields,
  ...loginFields,
  ...creditFields,
  ...roamingFields,
});
export type Settings = Infer<typeof settingsFields> &
  Infer<typeof enrolmentFields> &
  Infer<typeof loginFields> &
  Infer<typeof creditFields> &
  Roaming;

/** Settings of a node that nobody has set anything on. */
export function defaultSettings(): Settings {
  return {
    ssid: undefined,
    passphrase: new Uint8Array(0),
    host: "",
    port: 0,
    tls: 0,
    ntp: "pool.ntp.org",
    net: "wattle",
    area: "",
    name: "",
    gatewayKey: undefined,
    capacityWh: 0,
    wallets: WALLETS_DEFAULT,
    trade: 1,
    bidMicro: undefined,
    offerMicro: undefined,
    driver: "",
    calibration: [],
    reversed: 0,
    anchorKey: undefined,
    meter: "",
    connectionW: 0,
    password: "",
    borrow: 0,
    borrowMicro: CREDIT_NEED.capMicro,
    ...noPlaces(),
  };
}

const KEYS: readonly [string, string] = Object.freeze(["c0", "c1"] as const) as [string, string];
/** Layout of what is stored: [FORMAT, both slots must be written again, settings]. */
const FORMAT = 5;
const FOURTH_FORMAT = 4;
const THIRD_FORMAT = 3;
const SECOND_FORMAT = 2;
const FIRST_FORMAT = 1;

/** The settings in the store. */
export class SettingsStore {
  /** What holds now. */
  settings: Settings;
  /** Something was stored and nothing of it can be read: the defaults hold. */
  readonly lost: boolean;
  private readonly slots: TwoSlots;

  constructor(store: KeyValueStore, log: Log) {
    this.slots = new TwoSlots(store, KEYS);
    const { value, damaged } = this.slots;
    const read = readSettings(value);
    this.settings = read?.settings ?? defaultSettings();
    this.lost = read === undefined && (value !== undefined || damaged > 0);
    if (this.lost) log("error", "settings-lost", { damaged });
    else if (damaged > 0) log("warn", "settings-torn", { damaged });
    if (read?.unfinished) this.save(this.settings);
  }

  /** Replaces the settings: until the new ones are whole in the store, the old ones hold. */
  save(settings: Settings): void {
    this.write(settings, 0);
  }

  /** Replaces the settings in both slots, so that no secret of the old ones stays in the store. */
  replaceAll(settings: Settings): void {
    this.write(settings, 1);
    // Cut before this, the next start writes it: the first one says that it is not the last.
    this.write(settings, 0);
  }

  private write(settings: Settings, unfinished: 0 | 1): void {
    // Without what is new in it, firmware that an update goes back to can read it.
    const { password, borrow, borrowMicro } = settings;
    const borrows = borrow !== 0 || borrowMicro !== CREDIT_NEED.capMicro;
    const older = borrows ? FOURTH_FORMAT : password !== "" ? THIRD_FORMAT : SECOND_FORMAT;
    const format = isRoaming(settings) ? FORMAT : older;
    this.slots.save([format, unfinished, fieldOf(format).encode(settings, "settings")]);
    this.settings = settings;
  }
}

/** What firmware of this format stored. */
function fieldOf(format: number): Field<Settings> {
  const fields: Partial<Record<number, unknown>> = {
    [FIRST_FORMAT]: firstField,
    [SECOND_FORMAT]: secondField,
    [THIRD_FORMAT]: thirdField,
    [FOURTH_FORMAT]: fourthField,
  };
  return (fields[format] ?? settingsField) as Field<Settings>;
}

function readSettings(
  value: CborValue | undefined,
): { settings: Settings; unfinished: boolean } | undefined {
  if (!Array.isArray(value)) return undefined;
  const [format, unfinished, fields] = value;
  try {
    if (typeof format !== "number" || format < FIRST_FORMAT || format > FORMAT) return undefined;
    const decoded = fieldOf(format).decode(fields, "settings");
    return { settings: { ...defaultSettings(), ...decoded }, unfinished: unfinished === 1 };
  } catch (error) {
    if (error instanceof FieldFault) return undefined; // of a newer firmware, before a roll-back
    throw error;
  }
}

/** What a reset of the settings leaves: what belongs to the board and its connection, not to its owner. */
export function withoutOwner(settings: Settings): Settings {
  const { capacityWh, driver, calibration, reversed, meter, connectionW } = settings;
  const board = { capacityWh, driver, calibration, reversed, meter, connectionW };
  return { ...defaultSettings(), ...board };
}

/** One calibration value that a driver takes: an integer within bounds. */
export interface CalibrationSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** What the board has. */
export interface Board {
  readonly wifi: boolean;
  /** Metering drivers by name, each with its calibration values. */
  readonly drivers: Readonly<Record<string, readonly CalibrationSpec[]>>;
}

export interface Broker {
  host: string;
  port: number;
  tls: boolean;
  /** Certificate of the authority that a TLS broker's is of, DER. */
  authority: Uint8Array | undefined;
  /** In place of a token; "" for none. */
  password: string;
}

/** What the network side is started with. */
export interface LinkSettings {
  wifi: { ssid: string; passphrase: string } | undefined;
  broker: Broker;
  ntp: string;
}

/** What the meter's driver is started with. */
export interface MeterSettings {
  driver: string;
  calibration: { name: string; value: number }[];
  /** Import and export are swapped. */
  reversed: boolean;
}

/** The driver that is set, or the only one that the board has. */
export function driverOf(settings: Settings, board: Board): string {
  if (settings.driver !== "") return settings.driver;
  const names = Object.keys(board.drivers);
  return names.length === 1 ? names[0] : "";
}

/** Names of the settings that a node cannot start without. */
export function missingOf(
  settings: Settings,
  board: Board,
  authority: Uint8Array | undefined,
): string[] {
  const missing: string[] = [];
  if (board.wifi && !settings.ssid) missing.push("wifi");
  if (settings.host === "") missing.push("broker");
  const secure = settings.tls === 1 || furtherOf(settings).some(({ tls }) => tls === 1);
  if (secure && !authority) missing.push("ca");
  if (settings.area === "") missing.push("area");
  if (settings.name === "") missing.push("name");
  if (!settings.gatewayKey) missing.push("gateway");
  if (settings.capacityWh === 0) missing.push("capacity");
  // A firmware may come without the driver that is set: it was built for another meter.
  if (!Object.keys(board.drivers).includes(driverOf(settings, board))) missing.push("driver");
  return missing;
}

/** What the node application is started with. Nothing may be missing (assertion SETTINGS_MISSING). */
export function nodeConfigOf(
  settings: Settings,
  missing: readonly string[],
  secretKey: Uint8Array,
  /** XXXX-XXXX; "" where the node is claimed. */
  claim: string,
): NodeConfig {
  const { net, area, name, gatewayKey, capacityWh, wallets, bidMicro, offerMicro } = settings;
  const { anchorKey: authority, meter, connectionW } = settings;
  assert(missing.length === 0 && gatewayKey, "SETTINGS_MISSING", missing.join(" "));
  const direct = settings.trade === 2 && { direct: true };
  const credit = creditOf(settings);
  const policy = { trade: settings.trade !== 0, bidMicro, offerMicro, ...direct, ...credit };
  const node = { net, area, name, secretKey, gatewayKey, capacityWh, wallets, policy };
  const here = placeOf(settings);
  return {
    ...node,
    ...(here && { area: here.area, gatewayKey: here.gatewayKey }),
    ...consortiumOf(gatewayKey, settings),
    authority,
    enrolment: { meter, connectionW, claim },
  };
}

/** When the node borrows; nothing where it never does. */
function creditOf({ borrow, borrowMicro: capMicro }: Settings): Pick<TradePolicy, "credit"> {
  if (borrow === 0) return {};
  return { credit: { ...CREDIT_NEED, borrow: borrow === 1 ? "need" : "always", capMicro } };
}

export function linkOf(settings: Settings, authority: Uint8Array | undefined): LinkSettings {
  const { ssid, passphrase, ntp } = settings;
  const wifi = ssid && { ssid: textOf(ssid), passphrase: textOf(passphrase) };
  // An account is at the node's own broker; the others take tokens.
  const { host, port, tls, password } = { ...settings, ...elsewhere(settings) };
  return { wifi, broker: { host, port, tls: tls === 1, authority, password }, ntp };
}

function elsewhere(settings: Settings): Partial<Settings> {
  const here = placeOf(settings);
  return here ? { host: here.host, port: here.port, tls: here.tls, password: "" } : {};
}

/** Where the node is among its gateways, where it goes next, and how often in a row a lie drove it on. */
export function roamingOf(settings: Settings): { place: number; next: number; flights: number } {
  const place = placeOf(settings) ? settings.place : 0;
  return { place, next: nextPlace(settings), flights: settings.flights };
}

export function meterOf(settings: Settings, board: Board): MeterSettings {
  const calibration = settings.calibration.map(({ name, value }) => ({ name, value }));
  return { driver: driverOf(settings, board), calibration, reversed: settings.reversed === 1 };
}

/** Text that was checked when it was set. */
export function textOf(utf8: Uint8Array): string {
  const decoded = decodeUtf8(utf8);
  assert(decoded !== undefined, "SETTINGS_UTF8");
  return decoded;
}
