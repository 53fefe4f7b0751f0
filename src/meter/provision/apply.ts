// SPDX-License-Identifier: Apache-2.0
/**
 * Applies what people typed to the settings: all of it, or nothing and everything that is wrong with it.
 */
import { fromHex } from "#core/codec/bytes";
import { CALIBRATIONS_MAX } from "#core/limits";
import { FIELDS, type FieldContext, type InputFault, parseWhole } from "./fields.ts";
import {
  type Board,
  defaultSettings,
  driverOf,
  PASSPHRASE_BYTES_MAX,
  type Settings,
  SSID_BYTES_MAX,
} from "./settings.ts";
import { encodeUtf8 } from "./utf8.ts";

const CALIBRATION = "cal.";

/** Lines of help: one for each setting. */
export function fieldHelp(): string[] {
  const lines = FIELDS.map(({ name, cure }) => `${name}=: ${cure}`);
  return [...lines, `${CALIBRATION}<name>=: give a calibration integer of the driver`];
}

/** All settings as `wattle show` says them; secrets are not among them. */
export function shownSettings(settings: Settings): Record<string, string | number> {
  const shown: Record<string, string | number> = {};
  for (const field of FIELDS) {
    const value = field.show(settings);
    if (value !== undefined) shown[field.name] = value;
  }
  for (const { name, value } of settings.calibration) shown[CALIBRATION + name] = value;
  return shown;
}

/** `settings` with all `pairs` of name and value applied, or everything that is wrong with them. */
export function applyPairs(
  settings: Settings,
  pairs: readonly (readonly [name: string, value: string])[],
  context: FieldContext,
): { ok: true; settings: Settings } | { ok: false; errors: InputFault[] } {
  const errors: InputFault[] = [];
  let next = settings;
  const unknown = (name: string) =>
    name.slice(0, CALIBRATION.length) !== CALIBRATION && !FIELDS.some((one) => one.name === name);
  pairs.forEach(([name], i) => {
    const field = `word ${i + 1}`;
    const twice = pairs.findIndex((pair) => pair[0] === name) !== i;
    if (unknown(name)) errors.push({ field, cause: "is no setting", cure: "see wattle help" });
    else if (twice) errors.push({ field, cause: "sets it again", cure: "set it once" });
  });
  const take = (field: string, cure: string, parsed: Partial<Settings> | string) => {
    if (typeof parsed === "string") errors.push({ field, cause: parsed, cure });
    else next = { ...next, ...parsed };
  };
  for (const { name, cure, parse, clears } of FIELDS) {
    const pair = pairs.find((one) => one[0] === name);
    if (pair) take(name, cure, pair[1] === "" ? defaultsOf(clears) : parse(pair[1], context));
  }
  // The same driver named again keeps its calibration.
  if (driverOf(next, context.board) === driverOf(settings, context.board))
    next = { ...next, calibration: settings.calibration };
  for (const [name, text] of pairs)
    if (!unknown(name) && name.slice(0, CALIBRATION.length) === CALIBRATION) {
      const key = name.slice(CALIBRATION.length);
      const { field, cure, parsed } = parseCalibration(key, text, next, context.board);
      take(field, cure, parsed);
    }
  // Whoever sets anything looks for the node at its own gateway.
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, settings: { ...next, place: 0, flights: 0 } };
}

function defaultsOf(names: readonly (keyof Settings)[]): Partial<Settings> {
  const defaults = defaultSettings();
  const cleared: Record<string, unknown> = {};
  for (const name of names) cleared[name] = defaults[name];
  return cleared as Partial<Settings>;
}

function parseCalibration(
  key: string,
  text: string,
  settings: Settings,
  board: Board,
): { field: string; cure: string; parsed: Partial<Settings> | string } {
  const specs = board.drivers[driverOf(settings, board)] ?? [];
  const spec = specs.find((one) => one.name === key);
  const names = specs.map(({ name }) => CALIBRATION + name).join(" ");
  if (!spec) {
    const cure = specs.length > 0 ? `give one of ${names}` : "set the driver first";
    return { field: "cal", cure, parsed: "is no calibration value of the driver" };
  }
  const others = settings.calibration.filter(({ name }) => name !== key);
  const field = CALIBRATION + key;
  const cure = `give a whole number, ${spec.min} to ${spec.max}; empty: the driver's own`;
  if (text === "") return { field, cure, parsed: { calibration: others } };
  const value = parseWhole(text, spec.min, spec.max);
  if (typeof value === "string") return { field, cure, parsed: value };
  if (others.length >= CALIBRATIONS_MAX)
    return { field, cure: "clear another", parsed: `is more than ${CALIBRATIONS_MAX}` };
  return { field, cure, parsed: { calibration: [...others, { name: key, value }] } };
}

/** The Wi-Fi settings, or what is wrong with them. */
export function parseWifi(
  ssid: string,
  passphrase: string,
): { ok: true; wifi: Pick<Settings, "ssid" | "passphrase"> } | { ok: false; errors: InputFault[] } {
  const errors: InputFault[] = [];
  const name = encodeUtf8(ssid);
  const secret = encodeUtf8(passphrase);
  const cure = `give 1 to ${SSID_BYTES_MAX} bytes of text, in quotes where it has blanks`;
  if (name.length === 0) errors.push({ field: "ssid", cause: "is empty", cure });
  else if (name.length > SSID_BYTES_MAX) errors.push({ field: "ssid", cause: "is too long", cure });
  else if (name.some((byte) => byte < 0x20 || byte === 0x7f))
    errors.push({ field: "ssid", cause: "has control characters", cure });
  const cause = passphraseFault(secret, passphrase);
  if (cause) {
    const allowed = "give 8 to 63 ASCII characters, 64 hex digits, or none for an open network";
    errors.push({ field: "passphrase", cause, cure: allowed });
  }
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, wifi: { ssid: name, passphrase: secret } };
}

function passphraseFault(secret: Uint8Array, text: string): string | undefined {
  if (secret.length === 0) return undefined;
  if (secret.some((byte) => byte < 0x20 || byte > 0x7e)) return "has other characters than ASCII";
  if (secret.length < 8) return "is too short";
  if (secret.length > PASSPHRASE_BYTES_MAX) return "is too long";
  if (secret.length === PASSPHRASE_BYTES_MAX && !fromHex(text)) return "is too long";
  return undefined;
}
