// SPDX-License-Identifier: Apache-2.0
/**
 * V6 of ledger 4.2: a transaction has tokens of at least m distinct members of its committee, or of enough
 * gateways in their place. First all that costs no signature; the signatures are handed out as jobs, so that
 * a gateway can check them in batches with those of others.
 */
import { bytesEqual } from "../codec/bytes.ts";
import type { Crypto } from "../crypto/port.ts";
import { refuse, type Verdict } from "../errors/codes.ts";
import type { Epoch, EpochMember } from "../records/epoch.ts";
import type { PotToken, Tx } from "../records/tx.ts";
import type { Committees } from "./committee.ts";
import { gatewayTokens } from "./params.ts";
import { medianMs, tokenDigest } from "./token.ts";

/** How many tokens, and how far their times may be from the stamp: those of the transaction's epoch. */
export type PotRule = Pick<Epoch, "m" | "tauMs">;

export interface PotGateways {
  /** The gateways that may stand in for witnesses, in the order in which their tokens have to stand. */
  gatewayKeys: readonly EpochMember[];
  /** With m = 0: whether the gateways' tokens have to be there (an area of one), or the stamp is enough. */
  gatewaysNeeded?: boolean;
}

/** One signature to check. */
export interface SignatureJob {
  publicKey: Uint8Array;
  digest: Uint8Array;
  signature: Uint8Array;
}

/** What the tokens of a transaction say. */
export interface PotTime {
  ok: true;
  /** Median of the tokens' times; the stamp where none are needed. */
  tMs: number;
  /** Gateways signed in place of witnesses: the transaction counts only when it is FINAL. */
  byGateways: boolean;
}

type Refused = Extract<Verdict, { ok: false }>;
/** A transaction as far as its tokens are concerned. */
export type PotTx = Pick<Tx, "body" | "txid"> & { pot: Tokens };
/** As a list, or where they stand in its bytes. */
export type Tokens =
  | readonly PotToken[]
  | { readonly length: number; get(place: number): PotToken };

interface Signer {
  rank: number;
  publicKey: Uint8Array;
}

/** Whether the tokens are of the right ones, in order and in time; valid if all `jobs` are. */
export function potJobs(
  crypto: Crypto,
  committees: Committees,
  rule: PotRule,
  tx: PotTx,
  gateways: PotGateways,
): (PotTime & { jobs: SignatureJob[] }) | Refused {
  const jobs: SignatureJob[] = [];
  const checked = eachToken(crypto, committees, rule, tx, gateways, (job) => jobs.push(job) > 0);
  return checked.ok ? { ...checked, jobs } : checked;
}

/** The same, each signature given to `good` as it comes: a chip has no room for all of them. */
function eachToken(
  crypto: Crypto,
  committees: Committees,
  rule: PotRule,
  tx: PotTx,
  { gatewayKeys, gatewaysNeeded }: PotGateways,
  good: (job: SignatureJob) => boolean,
): PotTime | Refused {
  const { epoch } = committees;
  const { body, pot } = tx;
  if (body.net !== epoch.net) return refuse("WRONG_NET", body.net);
  if (body.epoch !== epoch.epoch) return refuse("TX_EPOCH", `${body.epoch}, not ${epoch.epoch}`);
  if (pot.length === 0) {
    if (rule.m > 0 || gatewaysNeeded) return refuse("TX_TOKENS", `none of ${rule.m}`);
    return { ok: true, tMs: body.tsMs, byGateways: false };
  }
  const byGateways = gatewayOf(gatewayKeys, tokenOf(pot, 0).witness) !== undefined;
  const needed = byGateways ? gatewayTokens(gatewayKeys.length) : rule.m;
  if (pot.length < needed) return refuse("TX_TOKENS", `${pot.length} of ${needed}`);
  let last = -1;
  const times: number[] = [];
  for (let place = 0; place < pot.length; place++) {
    const { witness, tMs, random, signature } = tokenOf(pot, place);
    times.push(tMs);
    const signer = byGateways ? gatewayOf(gatewayKeys, witness) : memberOf(committees, tx, witness);
    if (!signer) return refuse("TX_TOKENS", "a token of somebody who was not chosen");
    if (signer.rank <= last) return refuse("TX_TOKENS", "tokens are not distinct and in order");
    last = signer.rank;
    if (Math.abs(tMs - body.tsMs) > rule.tauMs)
      return refuse("TX_TOKENS", `a token's time is ${tMs - body.tsMs} ms from the stamp`);
    const digest = tokenDigest(crypto, epoch.net, epoch.beacon, body, tx.txid, tMs, random);
    if (!good({ publicKey: signer.publicKey, digest, signature }))
      return refuse("TX_TOKENS", "a token's signature is wrong");
  }
  return { ok: true, tMs: medianMs(times), byGateways };
}

/** V6 with all signatures. */
export function checkPot(
  crypto: Crypto,
  committees: Committees,
  rule: PotRule,
  tx: PotTx,
  gateways: PotGateways,
): PotTime | Refused {
  return eachToken(crypto, committees, rule, tx, gateways, ({ publicKey, digest, signature }) =>
    crypto.verify(publicKey, digest, signature),
  );
}

export function tokenOf(pot: Tokens, place: number): PotToken {
  return "get" in pot ? pot.get(place) : pot[place];
}

function gatewayOf(gateways: readonly EpochMember[], witness: Uint8Array): Signer | undefined {
  for (let rank = 0; rank < gateways.length; rank++) {
    const { node, publicKey } = gateways[rank];
    if (bytesEqual(node, witness)) return { rank, publicKey };
  }
  return undefined;
}

function memberOf(
  committees: Committees,
  { body }: PotTx,
  witness: Uint8Array,
): Signer | undefined {
  const index = committees.indexOf(witness);
  if (index < 0) return undefined;
  const rank = committees.of(body.from, body.tick).indexOf(index);
  return rank < 0 ? undefined : { rank, publicKey: committees.keyOf(index) };
}
