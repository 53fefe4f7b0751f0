// SPDX-License-Identifier: Apache-2.0
/**
 * What the gateways of a consortium have to have in common, since their blocks follow from it. Each turn
 * names its digest: a gateway with other settings finds no agreement, and is told why.
 */
import { bytesEqual, fromHex } from "#core/codec/bytes";
import { type CborValue, encodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { STATE_TURNS } from "#core/limits";
import { rewardsEntry } from "../entries.ts";
import type { GatewayOptions } from "../options.ts";
import type { Tariff } from "../ports.ts";
import { StoreMismatch } from "../replay.ts";
import type { ConsortiumOptions } from "./ports.ts";

/** Slots whose retail prices are compared: a week of quarter-hours; later ones follow from the same file. */
const TARIFF_SLOTS = 672;

export function termsDigest(
  crypto: Crypto,
  options: GatewayOptions,
  tariff: Tariff,
  authority: Uint8Array | undefined,
): Uint8Array {
  const { admit, clock, deposit, withdraw, pot, market, consortium, feeder } = options;
  const running = clock.kind === "running" ? [clock.ratePermille, clock.wall ? 1 : 0] : [];
  const retail = Array.from({ length: TARIFF_SLOTS }, (_, slot) => tariff.retailMicro(slot));
  const terms: CborValue = [
    options.net,
    admit === "open" ? 0 : [...admit].sort().map((key) => fromHex(key)!),
    options.expectNodes,
    options.genesisMicro,
    deposit ? [deposit.belowMicro, deposit.toMicro] : 0,
    withdraw ? [withdraw.aboveMicro, withdraw.toMicro] : 0,
    [options.slotMs, options.worldStartMs, options.slots ?? "*", options.slotTimeoutMs],
    [options.tickMs, options.ageMaxMs, running],
    pot
      ? [pot.epochSlots, pot.epsilonMs, pot.tauMs, pot.committee?.k ?? 0, pot.committee?.m ?? 0]
      : 0,
    [market.timing, market.mode, market.pricing, market.kPermille],
    [tariff.feedInMicro, ...retail],
    feeder ? [fromHex(feeder.node)!, feeder.lossPermille, feeder.classPermille, feeder.slackWh] : 0,
    authority ?? 0,
    consortium ? membersOf(consortium) : 0,
    options.rewards ? encodeCbor(rewardsEntry.encode(options.rewards, "rewards")) : 0,
  ];
  return domainHash(crypto, "wattle/terms/1", encodeCbor(terms));
}

function membersOf(consortium: ConsortiumOptions): CborValue {
  const { rule, leader, intervalMs, gateways, stateTurns = STATE_TURNS } = consortium;
  const members = gateways.map((one): CborValue => [one.id, one.publicKey, one.beaconKey]);
  // At other turns nobody has the same states to take.
  return [rule, leader, intervalMs, members, ...(stateTurns === STATE_TURNS ? [] : [stateTurns])];
}

/** At a start: what the log's turns and states name has to be what the settings come to. */
export function checkTerms(logged: Uint8Array, own: Uint8Array): void {
  if (bytesEqual(logged, own)) return;
  throw new StoreMismatch(
    "the gateways agreed on this log under other settings: what all have in common cannot change after the " +
      "first turn, not even at all of them. Restore market, tariff, deposits, times, members, authority and " +
      "rules in the configuration",
  );
}

/** Why a gateway that finds a decided turn wrong halts, and what its operator can do. */
export function disagreement(code: string): { cause: string; cure: string } {
  const cause = "a quorum has decided what this gateway finds wrong: it agrees to nothing more";
  const cure =
    code === "TURN_TERMS"
      ? "make its settings those of the others, and start it again"
      : "compare versions; keep store and log for a report, give it a new store, and set keyUsed";
  return { cause, cure };
}
