// SPDX-License-Identifier: Apache-2.0
/** V6 of ledger 4.2 at the intake: which signatures the tokens of a transaction take, and what they say. */
import { refuse, type Verdict } from "#core/errors/codes";
import { cancelIn } from "#core/pot/cancel";
import { type PotTime, potJobs, type SignatureJob } from "#core/pot/check";
import type { Tx } from "#core/records/tx";
import type { Area } from "../area.ts";
import type { VerifyJob } from "../ports.ts";
import type { Session } from "../session.ts";

/** What the tokens say, before their signatures are checked. */
export type Tokens = (PotTime & { jobs: VerifyJob[] }) | Extract<Verdict, { ok: false }>;

/** No tokens and none needed: the stamp stands for their time. */
function noTokens(tx: Tx): Tokens {
  if (tx.pot.length > 0) return refuse("TX_TOKENS", "there is no proof-of-time in this area");
  return { ok: true, tMs: tx.body.tsMs, byGateways: false, jobs: [] };
}

/** All that costs no signature: who signed, in which order, when. Valid if all `jobs` are. */
export function tokensOf(area: Area, session: Session, tx: Tx): Tokens {
  const known = area.epochs.of(tx.body.epoch);
  // V1 refuses what is of an epoch that is not known.
  if (!known)
    return tx.body.epoch === 0 ? noTokens(tx) : refuse("TX_EPOCH", `epoch ${tx.body.epoch}`);
  const { epoch, committees } = known;
  const gateways = { gatewayKeys: area.gateways, gatewaysNeeded: true };
  const { crypto } = area.ports;
  const checked = potJobs(crypto, committees, epoch, tx, gateways);
  if (!checked.ok) return checked;
  const cancel = cancelIn(crypto, session.member.publicKey, tx.body);
  if (!cancel.ok) return cancel;
  // A gateway stands in only after the author took back what found too few witnesses (ledger 4.4).
  if (checked.byGateways && epoch.k > 0 && !cancel.cancel)
    return refuse("TX_TOKENS", "the gateway's token without a cancel");
  return { ...checked, jobs: checked.jobs.map(jobOf) };
}

function jobOf({ publicKey, digest: message, signature }: SignatureJob): VerifyJob {
  return { publicKey, message, signature };
}
