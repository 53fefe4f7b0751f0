// SPDX-License-Identifier: Apache-2.0
/**
 * What honest meters can show: the feeder's net less the sum of the members' nets, in one stretch.
 * With the true flows f, losses l and a meter's error e in its class c,
 *
 *     residual = feeder − Σ members,  feeder = (Σ f + l)·(1 + e'),  member = f·(1 + e)
 *     |member − f| ≤ c/(1 − c) · member,  0 ≤ l ≤ λ · Σ|f| ≤ λ/(1 − c) · Σ|member|
 *
 * Nothing that is not metered may hang on the feeder. All in mWh, each bound rounded up.
 */
import type { Flow, Span } from "./spans.ts";
import { type FeederTerms, MEAN_LOSS_DIVISOR } from "./terms.ts";

export interface Balance {
  residualMwh: bigint;
  /** Energy through the members' meters, both ways. */
  flowMwh: bigint;
  /** No honest area is outside of these. */
  lowMwh: bigint;
  highMwh: bigint;
  /** Hardly any honest area is outside of these over long; for the cumulative test. */
  likelyLowMwh: bigint;
  likelyHighMwh: bigint;
  /** The part of low and high that does not add up from stretch to stretch. */
  slackMwh: bigint;
}

export function balanceOf({ feeder, members }: Span, terms: FeederTerms): Balance {
  const loss = BigInt(terms.lossPermille);
  const own = BigInt(terms.classPermille);
  const feeders = BigInt(terms.feederClassPermille);
  let flowMwh = 0n;
  let netMwh = 0n;
  let squares = 0n;
  for (const member of members) {
    const flow = bothWays(member);
    flowMwh += flow;
    netMwh += member.importMwh - member.exportMwh;
    squares += flow * flow;
  }
  const feederMwh = bothWays(feeder);
  const slackMwh = 2n * BigInt(terms.slackWh) * 1000n * BigInt(members.length + 1);
  const meters =
    ceilDiv(own * flowMwh, 1000n - own) + ceilDiv(feeders * feederMwh, 1000n - feeders);
  const lossMwh = ceilDiv(loss * flowMwh, 1000n - own);
  // Errors are anywhere in the class, by meter: their sum's deviation is c/√3 of the root of the squared
  // flows. Three of these: √3·c.
  const variance = own * own * squares + feeders * feeders * feederMwh * feederMwh;
  const likelyMwh = squareRoot(3n * variance) / (1000n - own) + 1n;
  return {
    residualMwh: feeder.importMwh - feeder.exportMwh - netMwh,
    flowMwh,
    lowMwh: -(meters + slackMwh),
    highMwh: lossMwh + meters + slackMwh,
    likelyLowMwh: -likelyMwh,
    likelyHighMwh: lossMwh / MEAN_LOSS_DIVISOR + likelyMwh,
    slackMwh,
  };
}

function bothWays({ importMwh, exportMwh }: Flow): bigint {
  return importMwh + exportMwh;
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** The largest integer whose square is at most `value` (Newton). */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  // From above: a double is out by 2^-53 of its value, and so is its root.
  let root = BigInt(Math.ceil(Math.sqrt(Number(value)) * (1 + 2 ** -50))) + 1n;
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
