// SPDX-License-Identifier: Apache-2.0
/** Times, validities, keys and targets in the options of `wattle authority`. */
import { readFileSync } from "node:fs";
import { fromHex } from "#core/codec/bytes";
import { NAME_CHARS_MAX } from "#core/limits";
import { NODE_ID_BYTES } from "#core/records/common";
import { DAY_MS } from "#core/units/time";
import { VALID_DAYS_MAX, type Validity } from "../authority/authority.ts";
import { BACKDATED_MS } from "../authority/certificates.ts";
import type { ReasonName } from "../authority/entries.ts";
import { AuthorityToolError, codeOf } from "../authority/error.ts";

export const DEFAULT_DAYS = 365;
const REASONS: readonly ReasonName[] = ["key", "retired", "misbehaved", "replaced"];
/** More than any ready file takes. */
const READY_CHARS_MAX = 4096;

export interface ValidityOptions {
  days?: string;
  from?: string;
  until?: string;
}

/** ms of an ISO time with its zone, or of a day's begin in UTC. @throws AuthorityToolError */
export function timeOf(option: string, text: string): number {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
  const atMs = form.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isSafeInteger(atMs) && atMs >= 0) return atMs;
  throw new AuthorityToolError(
    `${option} ${text}: no time. Give a day or a time with its zone, such as 2027-01-31 or ` +
      "2027-01-31T12:00:00Z",
  );
}

/** Days from now on, backdated by an hour, or from one time to another. @throws AuthorityToolError */
export function validityOf(options: ValidityOptions, nowMs: number): Validity {
  const { days, from, until } = options;
  if (days !== undefined && until !== undefined)
    throw new AuthorityToolError("--days and --until say two things. Give one of them");
  const fromMs = from === undefined ? nowMs - BACKDATED_MS : timeOf("--from", from);
  if (until !== undefined) return { fromMs, untilMs: timeOf("--until", until) };
  const startMs = from === undefined ? nowMs : fromMs;
  return { fromMs, untilMs: startMs + daysOf("--days", days) * DAY_MS };
}

/** Days as whole number. @throws AuthorityToolError */
export function daysOf(option: string, text = String(DEFAULT_DAYS)): number {
  const days = Number(text);
  if (/^\d{1,4}$/.test(text) && days >= 1 && days <= VALID_DAYS_MAX) return days;
  throw new AuthorityToolError(`${option} ${text}: give whole days, 1 to ${VALID_DAYS_MAX}`);
}

export function wattsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new AuthorityToolError(`--connection-w ${text}: give whole watts, such as 17250`);
}

export function reasonOf(text: string): ReasonName {
  const reason = REASONS.find((one) => one === text);
  if (reason) return reason;
  throw new AuthorityToolError(`--reason ${text}: give one of ${REASONS.join(", ")}`);
}

/** A serial, or a node's or gateway's id in hex. @throws AuthorityToolError */
export function targetOf(text: string): number | string {
  if (fromHex(text)?.length === NODE_ID_BYTES) return text.toLowerCase();
  return serialOf(text, text);
}

export function serialOf(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw new AuthorityToolError(`${option}: give a serial, or the 32 hex digits of a node's id`);
}

/** The name of a network, area or authority; `more`: further characters. @throws AuthorityToolError */
export function nameOf(option: string, text: string, more = ""): string {
  const form = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._${more}-]*$`);
  if (form.test(text) && text.length <= NAME_CHARS_MAX && text.trim() === text) return text;
  throw new AuthorityToolError(
    `${option} ${JSON.stringify(text)}: give 1 to ${NAME_CHARS_MAX} letters, digits, . _ -` +
      `${more && " and blanks"}, the first a letter or digit`,
  );
}

/** A gateway's public key: hex, or its ready file. @throws AuthorityToolError */
export function gatewayPublicKey(source: string): Uint8Array {
  const typed = fromHex(source);
  if (typed?.length === 32) return typed;
  const wrong = (why: string) =>
    new AuthorityToolError(
      `--gateway ${source}: ${why}. Give the public key that the gateway prints, or its ready file`,
    );
  let text: string;
  try {
    text = readFileSync(source, "utf8");
  } catch (error) {
    throw wrong(codeOf(error));
  }
  // A file of nothing but hex is a gateway's secret key: it has no business here.
  if (fromHex(text.trim())?.length === 32) throw wrong("this is a secret key");
  const key = text.length <= READY_CHARS_MAX ? keyIn(text) : undefined;
  if (key) return key;
  throw wrong("no JSON with gatewayKey");
}

function keyIn(text: string): Uint8Array | undefined {
  try {
    const { gatewayKey } = (JSON.parse(text) ?? {}) as { gatewayKey?: unknown };
    const key = typeof gatewayKey === "string" ? fromHex(gatewayKey) : undefined;
    return key?.length === 32 ? key : undefined;
  } catch {
    return undefined;
  }
}
