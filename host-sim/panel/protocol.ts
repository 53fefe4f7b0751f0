// SPDX-License-Identifier: Apache-2.0
/**
 * What a panel (simulator/wattle.js in mcsim, or JSON lines on a pipe) and a simulated meter say to each
 * other: one JSON object per message. Both directions are checked here; what does not fit is refused whole.
 *
 *   panel → meter   {"set":{"loadW":3000,"pvW":0,"line":true}}     any of the three
 *                   {"press":"power-cut"}
 *                   {"press":"clock-step","byMs":-3600000}         byMs: one hour forward where it is absent
 *                   {"press":"meter-fault","fault":"silent","forMs":60000}
 *                   {"ask":"state"}
 *   meter → panel   {"state":{…}}                                  PanelState
 *                   {"error":"…"}                                  the message before was refused: why
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "#core/units/time";

/** Largest load and photovoltaic power, W: a house's connection of 3 × 16 A carries 11 kW. */
export const POWER_W_MAX = 12_000;
/** Characters of a panel's message: the longest that is valid has 68. */
export const PANEL_CHARS_MAX = 512;
/** Characters of a meter's message: a state with all its alarms has less than 3000. */
export const STATE_CHARS_MAX = 4096;
/** Alarms in a state, and characters of each; the newest are kept. */
export const ALARMS_MAX = 8;
export const ALARM_CHARS_MAX = 160;
/** Names, update states and reasons. */
const TEXT_CHARS_MAX = 200;
/** Digits of a 64-bit counter. */
const DIGITS_MAX = 20;
/** The longest fault that one press makes. */
const FAULT_MS_MAX = HOUR_MS;

export interface HomeSettings {
  /** What the house takes and what its roof gives, W. */
  loadW: number;
  pvW: number;
  /** The mains switch behind the meter: off, the meter measures nothing. Meter and network stay on. */
  line: boolean;
}

export type MeterFault = "silent" | "garbled";

export type PanelMessage =
  | { kind: "set"; set: Partial<HomeSettings> }
  | { kind: "power-cut" }
  | { kind: "clock-step"; byMs: number }
  | { kind: "meter-fault"; fault: MeterFault; forMs: number }
  | { kind: "ask" };

export interface TradeFace {
  slot: number;
  side: "bought" | "sold";
  energyWh: number;
  /** Coins that it moves, and its volume-weighted price, rounded down. */
  coinsMicro: number;
  priceMicroPerKwh: number;
  partners: number;
  /** Of its transaction, as far as this node knows. */
  state: "unknown" | "valid" | "accepted" | "final" | "rejected";
}

/** What the meter itself says of itself; see face.ts. */
export interface NodeFace {
  name: string;
  /** The node's id, hexadecimal. */
  node: string;
  /** Registers, mWh in decimal digits, and the same in kWh with three places, rounded down. */
  importMwh: string;
  exportMwh: string;
  importKwh: string;
  exportKwh: string;
  /** By the net of the last slot, which is positive for import. */
  role: "buyer" | "seller" | "idle";
  netWh: number;
  coinsMicro: number;
  lockedMicro: number;
  trade: TradeFace | null;
  /** joining: connected, but the gateway has not answered yet. */
  link: "offline" | "joining" | "online";
  slot: number | null;
  /**
   * Protocol time, ms, and how fast it runs: thousandths of real time, 0 where it stands between messages.
   */
  timeMs: number | null;
  ratePermille: number;
  quality: "unknown" | "holdover" | "synced";
  /** While a transaction waits for its witnesses: how many have signed, and how many it takes. */
  tokens?: { tokens: number; needed: number };
  /** Messages without receipt. */
  waiting: number;
  boot: number;
  alarms: string[];
  /** XXXX-XXXX, of a meter that has no certificate and asks for one. */
  claim?: string;
}

/** The simulated chip and its house. */
export interface HomeFace extends HomeSettings {
  fault: "none" | MeterFault;
}

export type PanelState = NodeFace & HomeFace & { update: string };

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/** A rule for one value: what it takes, for people, and whether it does. */
interface Rule {
  takes: string;
  fits(value: unknown): boolean;
}

function whole(min: number, max: number): Rule {
  const fits = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  return { takes: `a whole number from ${min} to ${max}`, fits };
}

function oneOf(...words: string[]): Rule {
  const list = words.map((word) => JSON.stringify(word)).join(" or ");
  return { takes: list, fits: (value) => typeof value === "string" && words.includes(value) };
}

function text(max: number): Rule {
  const fits = (value: unknown) =>
    typeof value === "string" && value.length <= max && /^[ -~]*$/.test(value);
  return { takes: `a text of at most ${max} ASCII characters`, fits };
}

function orNull(rule: Rule): Rule {
  const { takes, fits } = rule;
  return { takes: `${takes}, or null`, fits: (value) => value === null || fits(value) };
}

/** Digits, with `places` of them behind a decimal point. */
function decimal(places: number): Rule {
  const fits = (value: unknown) => {
    if (typeof value !== "string" || value.length > DIGITS_MAX + 1) return false;
    return places === 0 ? /^\d+$/.test(value) : /^\d+\.\d{3}$/.test(value);
  };
  return { takes: places === 0 ? "decimal digits" : "digits with three decimal places", fits };
}

function orAbsent(rule: Rule): Rule {
  const fits = (value: unknown) => value === undefined || rule.fits(value);
  return { takes: `${rule.takes}, or nothing`, fits };
}

const BOOLEAN: Rule = Object.freeze({
  takes: "true or false",
  fits: (value: unknown) => typeof value === "boolean",
});
const SAFE = Number.MAX_SAFE_INTEGER;

const SET_RULES = Object.freeze({
  loadW: whole(0, POWER_W_MAX),
  pvW: whole(0, POWER_W_MAX),
  line: BOOLEAN,
});

const TRADE_RULES = Object.freeze({
  slot: whole(0, SAFE),
  side: oneOf("bought", "sold"),
  energyWh: whole(0, SAFE),
  coinsMicro: whole(0, SAFE),
  priceMicroPerKwh: whole(0, SAFE),
  partners: whole(0, 0xffff),
  state: oneOf("unknown", "valid", "accepted", "final", "rejected"),
});

const TOKEN_RULES = Object.freeze({ tokens: whole(0, 0xff), needed: whole(0, 0xff) });

const STATE_RULES = Object.freeze({
  name: text(TEXT_CHARS_MAX),
  node: text(TEXT_CHARS_MAX),
  importMwh: decimal(0),
  exportMwh: decimal(0),
  importKwh: decimal(3),
  exportKwh: decimal(3),
  role: oneOf("buyer", "seller", "idle"),
  netWh: whole(-SAFE, SAFE),
  coinsMicro: whole(0, SAFE),
  lockedMicro: whole(0, SAFE),
  trade: orNull({ takes: "an object", fits: (value) => faultIn(value, TRADE_RULES) === undefined }),
  link: oneOf("offline", "joining", "online"),
  slot: orNull(whole(0, SAFE)),
  timeMs: orNull(whole(0, SAFE)),
  ratePermille: whole(0, SAFE),
  quality: oneOf("unknown", "holdover", "synced"),
  tokens: orAbsent({
    takes: "an object",
    fits: (value) => faultIn(value, TOKEN_RULES) === undefined,
  }),
  waiting: whole(0, SAFE),
  boot: whole(0, SAFE),
  claim: orAbsent(text(TEXT_CHARS_MAX)),
  alarms: { takes: `a list of at most ${ALARMS_MAX} texts`, fits: fitsAlarms },
  ...SET_RULES,
  fault: oneOf("none", "silent", "garbled"),
  update: text(TEXT_CHARS_MAX),
});

function fitsAlarms(value: unknown): boolean {
  const rule = text(ALARM_CHARS_MAX);
  return Array.isArray(value) && value.length <= ALARMS_MAX && value.every(rule.fits);
}

/** Why `value` is no object with these fields and no others; undefined where it is. */
function faultIn(value: unknown, rules: Record<string, Rule>, partial = false): string | undefined {
  if (!isObject(value)) return "it takes an object";
  for (const key of Object.keys(value))
    if (!Object.hasOwn(rules, key))
      return `${shown(key)} is none of ${Object.keys(rules).join(", ")}`;
  for (const [key, rule] of Object.entries(rules)) {
    if (partial && value[key] === undefined) continue;
    if (!rule.fits(value[key])) return `${key} takes ${rule.takes}`;
  }
  return undefined;
}

/** A panel's message, or why it is none. */
export function parsePanelMessage(line: string): Parsed<PanelMessage> {
  const opened = open(line, PANEL_CHARS_MAX);
  if (!opened.ok) return opened;
  const { value } = opened;
  if ("set" in value) return parseSet(value);
  if ("press" in value) return parsePress(value);
  const reason = faultIn(value, { ask: oneOf("state") });
  if ("ask" in value) return reason ? refused(reason) : { ok: true, value: { kind: "ask" } };
  return refused('a message has "set", "press" or "ask"');
}

function parseSet(value: Record<string, unknown>): Parsed<PanelMessage> {
  const reason =
    faultIn(value, { set: { takes: "an object", fits: isObject } }) ??
    faultIn(value.set, SET_RULES, true);
  if (reason) return refused(reason);
  return { ok: true, value: { kind: "set", set: value.set as Partial<HomeSettings> } };
}

function parsePress(value: Record<string, unknown>): Parsed<PanelMessage> {
  switch (value.press) {
    case "power-cut": {
      const reason = faultIn(value, { press: text(TEXT_CHARS_MAX) });
      return reason ? refused(reason) : { ok: true, value: { kind: "power-cut" } };
    }
    case "clock-step": {
      const { byMs = HOUR_MS, ...rest } = value;
      const rules = { press: text(TEXT_CHARS_MAX), byMs: whole(-DAY_MS, DAY_MS) };
      const reason = faultIn({ ...rest, byMs }, rules);
      if (reason) return refused(reason);
      return { ok: true, value: { kind: "clock-step", byMs: byMs as number } };
    }
    case "meter-fault": {
      const { fault = "silent", forMs = MINUTE_MS, ...rest } = value;
      const reason = faultIn(
        { ...rest, fault, forMs },
        {
          press: text(TEXT_CHARS_MAX),
          fault: oneOf("silent", "garbled"),
          forMs: whole(1, FAULT_MS_MAX),
        },
      );
      if (reason) return refused(reason);
      const pressed = { fault: fault as MeterFault, forMs: forMs as number };
      return { ok: true, value: { kind: "meter-fault", ...pressed } };
    }
    default:
      return refused('press takes "power-cut", "clock-step" or "meter-fault"');
  }
}

/** The message as a panel writes it; what parsePanelMessage reads back. */
export function panelText(message: PanelMessage): string {
  switch (message.kind) {
    case "set":
      return JSON.stringify({ set: message.set });
    case "ask":
      return JSON.stringify({ ask: "state" });
    default: {
      const { kind: press, ...facts } = message;
      return JSON.stringify({ press, ...facts });
    }
  }
}

/** A meter's message, or why it is none. */
export function parseMeterMessage(line: string): Parsed<{ state: PanelState } | { error: string }> {
  const opened = open(line, STATE_CHARS_MAX);
  if (!opened.ok) return opened;
  const { value } = opened;
  if ("error" in value) {
    const reason = faultIn(value, { error: text(TEXT_CHARS_MAX) });
    return reason ? refused(reason) : { ok: true, value: { error: value.error as string } };
  }
  const reason =
    faultIn(value, { state: { takes: "an object", fits: isObject } }) ??
    faultIn(value.state, STATE_RULES);
  if (reason) return refused(reason);
  return { ok: true, value: { state: value.state as unknown as PanelState } };
}

export function stateText(state: PanelState): string {
  return JSON.stringify({ state });
}

export function errorText(reason: string): string {
  return JSON.stringify({ error: printable(reason, TEXT_CHARS_MAX) });
}

/** `text` as a message may hold it: ASCII, and cut off after `max` characters. */
export function printable(text: string, max: number): string {
  return text.slice(0, max).replace(/[^ -~]/g, "?");
}

function open(line: string, charsMax: number): Parsed<Record<string, unknown>> {
  if (line.length > charsMax) return refused(`a message has at most ${charsMax} characters`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refused("not JSON");
  }
  return isObject(value) ? { ok: true, value } : refused("a message is a JSON object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

/** A key that somebody else chose, short enough for a reason. */
function shown(key: string): string {
  return JSON.stringify(key.length > 20 ? `${key.slice(0, 20)}...` : key);
}
