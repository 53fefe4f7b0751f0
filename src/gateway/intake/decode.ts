// SPDX-License-Identifier: Apache-2.0
/**
 * First stage of the intake: what a message is, without looking at any state but the table of members. The
 * order of the checks is the order of their cost, and the member table comes before any signature.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned, type Signed } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { refuse } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import type { LoanWord } from "#core/ledger/credit-loans";
import { MESSAGE_BYTES_MAX } from "#core/limits";
import { type Arrival, arrivalRecord } from "#core/records/arrival";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { eventRecord, type MeterEvent } from "#core/records/event";
import { type Member, memberRecord } from "#core/records/member";
import { type Order, orderRecord } from "#core/records/order";
import { type Plan, planRecord } from "#core/records/plan";
import { type Reading, readingRecord } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { type Fetch, fetchRecord } from "#core/records/release";
import { openTx, type Tx } from "#core/records/tx";
import { type Evidence, evidenceRecord, type Vote, voteRecord } from "#core/records/vote";
import { type Wallets, walletsRecord } from "#core/records/wallets";
import { type Ask, askRecord, type TokenAnswer, tokenRecord } from "#core/records/witness";
import { isNumbered, parseNodeTopic, type SaidKind, type Topics, type UpKind } from "#core/topics";
import { openCertificate, type SealedCertificate } from "#core/trust/certificate";
import { openLoanWord } from "../credit/word.ts";
import type { VerifyJob } from "../ports.ts";
import type { Session } from "../session.ts";

/** What a node says in numbered messages. */
export type Said =
  | { kind: "reading"; signed: Signed<Reading> }
  | { kind: "order"; signed: Signed<Order> }
  | { kind: "event"; signed: Signed<MeterEvent> }
  | { kind: "wallets"; signed: Signed<Wallets> }
  | { kind: "arrival"; signed: Signed<Arrival> }
  | { kind: "loan"; word: LoanWord; signed: Signed<LoanWord["value"]> }
  | { kind: "tx"; tx: Tx };

export type Parsed =
  | { what: "state"; nodeId: string; payload: Uint8Array }
  | { what: "enrol"; nodeId: string; signed: Signed<Member>; bytes: Uint8Array; job: VerifyJob }
  | { what: "request"; nodeId: string; signed: Signed<Enrol>; bytes: Uint8Array; job: VerifyJob }
  | { what: "present"; nodeId: string; sealed: SealedCertificate; encoded: Uint8Array }
  | { what: "said"; session: Session; seq: number; content: Uint8Array; said: Said; job: VerifyJob }
  | { what: "repeat"; session: Session; seq: number }
  | { what: "fetch"; session: Session; asked: Fetch }
  | { what: "ask"; session: Session; ask: Signed<Ask>; payload: Uint8Array; job: VerifyJob }
  | { what: "token"; session: Session; answer: TokenAnswer; payload: Uint8Array }
  | { what: "vote"; session: Session; vote: Signed<Vote>; payload: Uint8Array; job: VerifyJob }
  | { what: "plan"; session: Session; plan: Signed<Plan>; job: VerifyJob }
  | { what: "evidence"; nodeId: string; evidence: Evidence; payload: Uint8Array };

type Refused = ReturnType<typeof refuse>;

export interface DecodeContext {
  net: string;
  topics: Topics;
  crypto: Crypto;
  sessions: ReadonlyMap<string, Session>;
}

/** Decodes one message, or says why it is refused; `nodeId` is whom the topic names, where it names one. */
export function decodeMessage(
  context: DecodeContext,
  topic: string,
  payload: Uint8Array,
): Parsed | (Refused & { nodeId?: string }) {
  const address = parseNodeTopic(context.topics, topic);
  if (!address) return refuse("UNKNOWN_TOPIC", topic.slice(0, 80));
  const { nodeId, kind } = address;
  if (payload.length > MESSAGE_BYTES_MAX)
    return { ...refuse("OVERSIZED", `${payload.length} bytes`), nodeId };
  if (kind === "state") return { what: "state", nodeId, payload };
  const parsed = decodeUp(context, nodeId, kind, payload);
  return "ok" in parsed ? { ...parsed, nodeId } : parsed;
}

function decodeUp(
  context: DecodeContext,
  nodeId: string,
  kind: UpKind,
  payload: Uint8Array,
): Parsed | Refused {
  if (kind === "enrol") return decodeEnrol(context, nodeId, payload);
  if (kind === "certificate") return decodeCertificate(context, nodeId, payload);
  if (isNumbered(kind)) return decodeSaid(context, nodeId, kind, payload);
  const session = context.sessions.get(nodeId);
  if (!session) return refuse("UNKNOWN_NODE", nodeId);
  if (kind === "ask") return decodeAsk(context, session, payload);
  if (kind === "token") return decodeToken(context, session, payload);
  if (kind === "vote") return decodeVote(context, session, payload);
  if (kind === "plan") return decodePlan(context, session, payload);
  if (kind === "evidence") return decodeEvidence(context, nodeId, payload);
  // Not signed: a piece of an image does no harm to a member, and the rate is limited.
  const fetch = fetchRecord.decode(payload);
  return fetch.ok ? { what: "fetch", session, asked: fetch.value } : fetch;
}

function decodeEnrol(context: DecodeContext, nodeId: string, bytes: Uint8Array): Parsed | Refused {
  const signed = openSigned(memberRecord, context.crypto, bytes);
  if (!signed.ok)
    return signed.code === "WRONG_KIND" ? decodeRequest(context, nodeId, bytes) : signed;
  const job = jobOf(context, nodeId, signed);
  return "ok" in job ? job : { what: "enrol", nodeId, signed, bytes, job };
}

function decodeRequest(
  context: DecodeContext,
  nodeId: string,
  bytes: Uint8Array,
): Parsed | Refused {
  const signed = openSigned(enrolRecord, context.crypto, bytes);
  if (!signed.ok) return signed;
  const job = jobOf(context, nodeId, signed);
  return "ok" in job ? job : { what: "request", nodeId, signed, bytes, job };
}

/** The check of a record that its own key signed. */
function jobOf(
  context: DecodeContext,
  nodeId: string,
  signed: Signed<{ net: string; publicKey: Uint8Array }>,
): VerifyJob | Refused {
  const { net, publicKey } = signed.value;
  if (net !== context.net) return refuse("WRONG_NET", net);
  if (toHex(nodeIdOf(context.crypto, publicKey)) !== nodeId)
    return refuse("NODE_MISMATCH", "the key is not that of the topic's node");
  return { publicKey, message: signed.id, signature: signed.signature };
}

/** A certificate that a node brings along from another gateway. */
function decodeCertificate(
  context: DecodeContext,
  nodeId: string,
  encoded: Uint8Array,
): Parsed | Refused {
  const sealed = openCertificate(context.crypto, encoded);
  if (!sealed.ok) return sealed;
  if (sealed.value.net !== context.net) return refuse("WRONG_NET", sealed.value.net);
  if (toHex(sealed.value.id) !== nodeId) return refuse("NODE_MISMATCH", "another's certificate");
  return { what: "present", nodeId, sealed, encoded };
}

function decodeAsk(
  context: DecodeContext,
  session: Session,
  payload: Uint8Array,
): Parsed | Refused {
  const ask = openSigned(askRecord, context.crypto, payload);
  if (!ask.ok) return ask;
  const job = jobOf(context, session.id, ask);
  return "ok" in job ? job : { what: "ask", session, ask, payload, job };
}

/** Its token is not checked here: its author does, and pays for it. */
function decodeToken(
  context: DecodeContext,
  session: Session,
  payload: Uint8Array,
): Parsed | Refused {
  const answer = tokenRecord.decode(payload);
  if (!answer.ok) return answer;
  if (answer.value.net !== context.net) return refuse("WRONG_NET", answer.value.net);
  return { what: "token", session, answer: answer.value, payload };
}

function decodeVote(
  context: DecodeContext,
  session: Session,
  payload: Uint8Array,
): Parsed | Refused {
  const vote = openSigned(voteRecord, context.crypto, payload);
  if (!vote.ok) return vote;
  const { net, voter } = vote.value;
  if (net !== context.net) return refuse("WRONG_NET", net);
  if (toHex(voter) !== session.id) return refuse("NODE_MISMATCH", toHex(voter));
  const { publicKey } = session.member;
  const job = { publicKey, message: vote.id, signature: vote.signature };
  return { what: "vote", session, vote, payload, job };
}

function decodePlan(
  context: DecodeContext,
  session: Session,
  payload: Uint8Array,
): Parsed | Refused {
  const plan = openSigned(planRecord, context.crypto, payload);
  if (!plan.ok) return plan;
  const { net, node } = plan.value;
  if (net !== context.net) return refuse("WRONG_NET", net);
  if (toHex(node) !== session.id) return refuse("NODE_MISMATCH", toHex(node));
  const { publicKey } = session.member;
  const job = { publicKey, message: plan.id, signature: plan.signature };
  return { what: "plan", session, plan, job };
}

/** Nobody's word counts in it: what it proves is judged where it is taken. */
function decodeEvidence(
  context: DecodeContext,
  nodeId: string,
  payload: Uint8Array,
): Parsed | Refused {
  const evidence = evidenceRecord.decode(payload);
  if (!evidence.ok) return evidence;
  if (evidence.value.net !== context.net) return refuse("WRONG_NET", evidence.value.net);
  return { what: "evidence", nodeId, evidence: evidence.value, payload };
}

function decodeSaid(
  context: DecodeContext,
  nodeId: string,
  kind: SaidKind,
  payload: Uint8Array,
): Parsed | Refused {
  const session = context.sessions.get(nodeId);
  if (!session) return refuse("UNKNOWN_NODE", nodeId);
  const up = upRecord.decode(payload);
  if (!up.ok) return up;
  const { seq, content } = up.value;
  if (seq <= session.saidSeq) return { what: "repeat", session, seq };
  const said = openContent(context.crypto, kind, content);
  if ("ok" in said) return said;
  const { net, author, job } = factsOf(said, session.member.publicKey);
  if (net !== context.net) return refuse("WRONG_NET", net);
  if (toHex(author) !== nodeId) return refuse("NODE_MISMATCH", toHex(author));
  return { what: "said", session, seq, content, said, job };
}

/** Opens what a numbered message holds, by its kind. */
export function openContent(crypto: Crypto, kind: SaidKind, content: Uint8Array): Said | Refused {
  if (kind === "tx") {
    const opened = openTx(crypto, content);
    return opened.ok ? { kind, tx: opened.tx } : opened;
  }
  if (kind === "reading") {
    const signed = openSigned(readingRecord, crypto, content);
    return signed.ok ? { kind, signed } : signed;
  }
  if (kind === "event") {
    const signed = openSigned(eventRecord, crypto, content);
    return signed.ok ? { kind, signed } : signed;
  }
  if (kind === "wallets") {
    const signed = openSigned(walletsRecord, crypto, content);
    return signed.ok ? { kind, signed } : signed;
  }
  if (kind === "arrival") {
    const signed = openSigned(arrivalRecord, crypto, content);
    return signed.ok ? { kind, signed } : signed;
  }
  if (kind === "loan") return openLoanWord(crypto, content);
  const signed = openSigned(orderRecord, crypto, content);
  return signed.ok ? { kind, signed } : signed;
}

/** The number of the message that the author signed this for. */
export function numberOf(said: Said): number {
  return said.kind === "tx" ? said.tx.said : said.signed.value.said;
}

/** Network, author and signature check of what was said. */
export function factsOf(
  said: Said,
  publicKey: Uint8Array,
): { net: string; author: Uint8Array; job: VerifyJob } {
  if (said.kind === "tx") {
    const { body, digest: message, signature } = said.tx;
    return { net: body.net, author: body.from, job: { publicKey, message, signature } };
  }
  const { value, id: message, signature } = said.signed;
  return { net: value.net, author: value.node, job: { publicKey, message, signature } };
}
