// SPDX-License-Identifier: Apache-2.0
/** What nodes say to each other through the gateway: asks, tokens, proofs of fraud. */
import { fromHex, toHex } from "#core/codec/bytes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { judge } from "#core/pot/evidence";
import { type Evidence, evidenceRecord } from "#core/records/vote";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { EntryKind, evidenceEntry, packEntry } from "../entries.ts";
import type { Parsed } from "../intake/decode.ts";

/** The kinds that this file takes. */
export type Exchanged = Extract<Parsed, { what: "ask" | "token" | "evidence" }>;

/**
 * Takes what authors and witnesses send each other; the signature of an ask was checked. `proved`: what is
 * done with a proof of fraud that an ask brings about.
 */
export function takeExchanged(
  area: Area,
  batch: Batch,
  message: Exchanged,
  proved: (proof: Evidence) => void = (proof) => convict(area, batch, proof),
): Verdict {
  if (message.what === "ask") {
    const { session, ask, payload } = message;
    const verdict = area.relay.takeAsk(area, batch, session, ask, payload);
    const proof = area.relay.takeFraud();
    if (proof) proved(proof);
    return verdict;
  }
  if (message.what === "token")
    return area.relay.takeToken(area, batch, message.session, message.answer, message.payload);
  return takeEvidence(area, batch, message.evidence);
}

function takeEvidence(area: Area, batch: Batch, evidence: Evidence): Verdict {
  const judged = judge(area.ports.crypto, evidence);
  if (!judged.ok) return judged;
  const author = toHex(judged.author);
  if (!area.sessions.has(author)) return refuse("UNKNOWN_NODE", author);
  if (area.suspended.has(author)) return refuse("DUPLICATE", "it is suspended");
  convict(area, batch, evidence);
  return ACCEPT;
}

/** A proof that holds: its author is suspended here, in the log, and by all who hear it. */
export function convict(area: Area, batch: Batch, evidence: Evidence): void {
  const judged = judge(area.ports.crypto, evidence);
  if (!judged.ok) return;
  const author = toHex(judged.author);
  if (area.suspended.has(author)) return;
  const encoded = evidenceRecord.encode(evidence);
  batch.log(EntryKind.evidence, packEntry(evidenceEntry, { encoded }));
  suspend(area, author);
  batch.send(area.topics.evidence, encoded);
  const name = area.sessions.get(author)?.member.name ?? "";
  area.ports.log("warn", "suspended", { node: author, name, fraud: evidence.fraud });
}

/** The member may say nothing more; what it owns stays its own. */
function suspend(area: Area, author: string): void {
  area.suspended.add(author);
  area.votes.suspend(fromHex(author)!);
  area.relay.done(author);
}

export function replayEvidence(area: Area, encoded: Uint8Array): void {
  const evidence = evidenceRecord.decode(encoded);
  if (!evidence.ok) return;
  const judged = judge(area.ports.crypto, evidence.value);
  if (judged.ok) suspend(area, toHex(judged.author));
}
