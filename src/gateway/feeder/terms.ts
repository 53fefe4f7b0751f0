// SPDX-License-Identifier: Apache-2.0
/**
 * What an area's meters and wires may be out by: the operator's word, kept in the log, so that
 * everybody judges by the same.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import type { FeederEntry } from "../entries.ts";

export interface FeederTerms extends Omit<FeederEntry, "node"> {
  /** Id of the feeder meter's node, hex. */
  node: string;
}

/** What the log says of a feeder meter, or that there is none. */
export function entryOf(terms: FeederTerms | undefined): FeederEntry {
  if (!terms) return { ...NONE, node: new Uint8Array(0) };
  const { node, lossPermille, classPermille, feederClassPermille, slackWh } = terms;
  return { node: fromHex(node)!, lossPermille, classPermille, feederClassPermille, slackWh };
}

export function termsOf({ node, ...terms }: FeederEntry): FeederTerms | undefined {
  return node.length === 0 ? undefined : { node: toHex(node), ...terms };
}

const NONE = Object.freeze({
  lossPermille: 0,
  classPermille: 0,
  feederClassPermille: 0,
  slackWh: 0,
});

export const FEEDER_DEFAULTS = Object.freeze({
  /** At the peak of a low-voltage line and its transformer; a long rural line may have more. */
  lossPermille: 50,
  /** Class B of the Measuring Instruments Directive, which IEC 62053-21 calls class 1. */
  classPermille: 10,
  /** Transformer meters are of class 0.5 S (IEC 62053-22). */
  feederClassPermille: 5,
  /** 3 Wh for a boundary that is 2 s out at 5 kW (TIME_SYNCED_MAX_MS), and 1 Wh of resolution. */
  slackWh: 4,
});

/** Ohmic losses go with the square of the flow: over a day their share is about half of that at the peak. */
export const MEAN_LOSS_DIVISOR = 2n;
/** The cumulative test alarms at what this many days of allowance add up to. */
export const ALARM_DAYS = 2n;
/** A member that has not read its meter for this long is left out of the sum, and named. */
export const GONE_DAYS = 7;
/** Boundaries kept of each meter: a slot closes before the one after the next has begun. */
export const POINTS_KEPT = 8;
/**
 * What a day's flows weigh a day later in the search for suspects: half is gone after eleven days, so that
 * a lie that begins is not hidden by the honest time before it.
 */
export const DAY_WEIGHT = 15 / 16;
/** Days before the search says anything: fewer do not tell members apart. */
export const FIT_DAYS = 7;
/** Days in a row that a member has to stand out. */
export const FIT_DAYS_ALIKE = 3;
/** An alarm about a member goes on above this part of its limit, so that it does not come and go. */
export const FIT_SCORE_KEPT = 0.8;
/** Standard errors that have to lie between a member and its limit. */
export const FIT_ERRORS = 6;
/** Suspects named. */
export const SUSPECTS_SHOWN = 3;
