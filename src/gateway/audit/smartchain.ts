// SPDX-License-Identifier: Apache-2.0
/**
 * Proof-of-time and votes from outside (ledger 4.4, 4.5): epochs and who is in them, tokens, bodies that the
 * gateway witnessed itself, votes counted again, proofs of fraud. A log without epochs has nothing of it.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { assert } from "#core/errors/assert";
import { type Code, WIRE } from "#core/errors/codes";
import { EPOCH_MEMBERS_MAX } from "#core/limits";
import { beaconOf, revealedBy } from "#core/pot/beacon";
import { cancelIn, covers } from "#core/pot/cancel";
import { potJobs } from "#core/pot/check";
import { Committees } from "#core/pot/committee";
import { type NamedEpoch, nameEpoch } from "#core/pot/epoch-digest";
import { judge } from "#core/pot/evidence";
import { Members } from "#core/pot/members";
import { checkEpochForm, potParams } from "#core/pot/params";
import { type Epoch, type EpochMember, epochRecord } from "#core/records/epoch";
import { ClockKind, type Notice } from "#core/records/notice";
import type { Tx } from "#core/records/tx";
import { evidenceRecord, voteRecord } from "#core/records/vote";
import type { Ballot, Outcome } from "#core/votes/ballot";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import { epochEntry, evidenceEntry, tokenEntry, voteEntry } from "../entries.ts";
import { chosenMembers } from "../smartchain/epochs.ts";
import { checkHeard } from "./consortium.ts";
import { openEntry, openOwn } from "./open.ts";
import type { AuditMember, AuditTx, Context } from "./state.ts";
import { barredCode, mayHaveEnded } from "./trust.ts";
import type { Which } from "./types.ts";

interface KnownEpoch {
  epoch: Epoch;
  named: NamedEpoch;
  committees: Committees;
}

/** A body that the gateway signed a token for. */
interface Witnessed {
  seq: number;
  tick: number;
  txid: string;
}

/** What the log shows of epochs, votes and frauds so far. */
export class AuditSmartchain {
  latest: KnownEpoch | undefined;
  before: KnownEpoch | undefined;
  /** The latest epoch, until the notice of the slot that it begins with. */
  begun: Epoch | undefined;
  readonly suspended = new Set<string>();
  /** By author: what the gateway witnessed for the latest number of its chain that it did so for. */
  readonly witnessed = new Map<string, Witnessed[]>();
  ballot: Ballot | undefined;

  of(number: number): KnownEpoch | undefined {
    if (this.latest?.epoch.epoch === number) return this.latest;
    return this.before?.epoch.epoch === number ? this.before : undefined;
  }
}

export function auditEpoch(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const { smartchain } = state;
  const entry = openEntry(findings, epochEntry, bytes);
  const opened = entry && openOwn(context, epochRecord, entry.signed);
  if (!opened) return;
  const epoch = opened.value;
  if (epoch.epoch !== state.epoch + 1)
    findings.fault("EPOCH_ORDER", {}, `epoch ${epoch.epoch} after ${state.epoch}`);
  if (smartchain.begun) findings.fault("EPOCH_ORDER", {}, "two epochs before one slot");
  const packed = { fields: epoch, members: Members.of(epoch.members) };
  const form = checkEpochForm(packed);
  if (!form.ok) return findings.fault("EPOCH_COMMITTEE", {}, form.detail);
  checkStart(context, epoch);
  checkBeacon(context, epoch);
  checkMembers(context, epoch);
  const { k, m } = potParams(epoch.members.length, epoch);
  if (k !== epoch.k || m !== epoch.m)
    findings.fault("EPOCH_COMMITTEE", {}, `${epoch.m} of ${epoch.k} tokens, not ${m} of ${k}`);
  if (epoch.epoch <= state.epoch) return;
  smartchain.before = smartchain.latest;
  const named = nameEpoch(ports.crypto, packed);
  smartchain.latest = { epoch, named, committees: new Committees(ports.crypto, epoch) };
  smartchain.begun = epoch;
  smartchain.ballot ??= fullBallot({ ...GATEWAY_BALLOT, membersMax: EPOCH_MEMBERS_MAX });
  smartchain.ballot.open(electorateOf(epoch));
  state.epoch = epoch.epoch;
  state.summary.epochs++;
}

/** One before slot 0 begins with the area; the others not before anything that the log has. */
function checkStart({ state, findings }: Context, { epoch, startMs }: Epoch): void {
  const { latest } = state.smartchain;
  const barrier = state.notice?.clock === ClockKind.barrier;
  const early = barrier ? startMs < state.nowMs : startMs <= (latest?.epoch.startMs ?? 0);
  if (state.notice ? early : startMs !== state.epochStartMs)
    findings.fault("EPOCH_TIME", {}, `epoch ${epoch} begins at ${startMs} ms`);
}

/** An epoch begins with its slot: asked at the slot's notice. */
export function checkBegun({ state, findings }: Context, { slot, startMs, nowMs }: Notice): void {
  const { begun } = state.smartchain;
  state.smartchain.begun = undefined;
  if (!begun || begun.startMs === state.epochStartMs) return;
  if (begun.startMs < startMs || begun.startMs > Math.max(startMs, nowMs))
    findings.fault("EPOCH_TIME", { slot }, `epoch ${begun.epoch} begins at ${begun.startMs} ms`);
}

function checkBeacon({ findings, ports, state }: Context, epoch: Epoch): void {
  const { consortium } = state;
  if (consortium) {
    // Of what the turns revealed, whose signatures were checked with them.
    const { reveals } = consortium.parts;
    const same = bytesEqual(reveals, epoch.reveals);
    if (!same || !bytesEqual(epoch.beacon, beaconOf(ports.crypto, reveals)))
      findings.fault("EPOCH_BEACON", {}, `epoch ${epoch.epoch}`);
    return consortium.parts.begin(epoch.beacon);
  }
  const message = revealedBy(ports.crypto, { ...epoch, net: state.net });
  if (!message) return findings.fault("EPOCH_BEACON", {}, `epoch ${epoch.epoch}`);
  const job = { publicKey: state.world.gatewayKey, message, signature: epoch.reveals };
  findings.signature(job, "EPOCH_BEACON", {}, `the reveal of epoch ${epoch.epoch}`);
}

/** Those who spoke in the epoch before and may take part; of too many those that the beacon chooses. */
function checkMembers(context: Context, { beacon, members }: Epoch): void {
  const { state, findings, ports } = context;
  const listed = new Set(members.map(({ node }) => toHex(node)));
  const eligible: EpochMember[] = [];
  for (const { id, idBytes: node, member, spokeEpoch } of state.members.values()) {
    if (spokeEpoch !== state.epoch || barredCode(context, id)) continue;
    // The gateway saw a later time than the log shows.
    if (!listed.has(id) && mayHaveEnded(context, id)) continue;
    eligible.push({ node, publicKey: member.publicKey });
  }
  const chosen = new Map<string, EpochMember>();
  for (const one of chosenMembers(ports.crypto, beacon, eligible)) chosen.set(toHex(one.node), one);
  for (const id of chosen.keys())
    if (!listed.has(id)) findings.fault("EPOCH_MEMBERS", { node: state.nameOf(id) }, "left out");
  for (const { node, publicKey } of members) {
    const id = toHex(node);
    const own = chosen.get(id)?.publicKey;
    if (!own || !bytesEqual(own, publicKey))
      findings.fault("EPOCH_MEMBERS", { node: state.nameOf(id) }, "not one of them");
  }
}

/**
 * V6: why the tokens of a transaction are not enough, or undefined. `wire` is what the gateway said of it:
 * where it names its tokens their signatures are checked at once, else with those of others.
 */
export function tokensCode(
  context: Context,
  { id, member }: AuditMember,
  tx: Tx,
  wire: number,
): Code | undefined {
  const { state, findings, ports } = context;
  const { crypto } = ports;
  const known = state.smartchain.of(tx.body.epoch);
  if (!known) return tx.pot.length > 0 ? "TX_TOKENS" : undefined;
  const { epoch, committees } = known;
  const rule = { gatewayKeys: state.gateways, gatewaysNeeded: true };
  const checked = potJobs(crypto, committees, epoch, tx, rule);
  if (!checked.ok) return checked.code;
  const cancel = cancelIn(crypto, member.publicKey, tx.body);
  if (!cancel.ok) return cancel.code;
  if (checked.byGateways && epoch.k > 0 && !cancel.cancel) return "TX_TOKENS";
  if (wire === WIRE.TX_TOKENS) {
    const valid = checked.jobs.every(({ publicKey, digest, signature }) =>
      crypto.verify(publicKey, digest, signature),
    );
    return valid ? undefined : "TX_TOKENS";
  }
  const which: Which = { node: state.nameOf(id), txid: toHex(tx.txid), slot: tx.body.slot };
  checked.jobs.forEach(({ publicKey, digest: message, signature }, i) => {
    const witness = state.nameOf(toHex(tx.pot[i].witness));
    findings.signature({ publicKey, message, signature }, "TOKEN_SIGNATURE", which, witness);
  });
  state.summary.tokensChecked += checked.jobs.length;
  return undefined;
}

/** A transaction was accepted: the gateway's own tokens, and who counts for it. */
export function enterTx(context: Context, member: AuditMember, { tx, tMs }: AuditTx): void {
  const { state, findings } = context;
  const { ballot } = state.smartchain;
  const { from, seq, epoch, parents } = tx.body;
  if (epoch === 0 || !ballot) return;
  const finalOnly = tx.pot.some(({ witness }) => bytesEqual(witness, state.gatewayId));
  if (finalOnly) {
    state.summary.byGatewayTxs++;
    const fault = witnessedFault(context, member, tx);
    const which = { node: member.member.name, txid: toHex(tx.txid) };
    if (fault) findings.fault(fault, which, `number ${seq}`);
  }
  count(context, ballot.add({ txid: tx.txid, from, seq, epoch, tMs, parents, finalOnly }));
}

/** A token of the gateway needs its entry; other bodies that it signed for the number were taken back. */
function witnessedFault(
  { state, ports }: Context,
  { id, member }: AuditMember,
  { txid, body }: Tx,
): "TOKEN_UNLOGGED" | "TOKEN_TWICE" | undefined {
  const signed = state.smartchain.witnessed.get(id)?.filter(({ seq }) => seq === body.seq) ?? [];
  if (!signed.some((one) => one.txid === toHex(txid))) return "TOKEN_UNLOGGED";
  const others = signed.filter((one) => one.txid !== toHex(txid));
  if (others.length === 0) return undefined;
  const found = cancelIn(ports.crypto, member.publicKey, body);
  const cancel = found.ok ? found.cancel : undefined;
  const takenBack = others.every(({ seq, tick }) => cancel && covers(cancel, seq, tick));
  return takenBack ? undefined : "TOKEN_TWICE";
}

/** A body that the gateway witnessed: a later number and a later tick than the last, or its next try. */
export function auditToken({ state, findings }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, tokenEntry, bytes);
  if (!entry) return;
  const author = toHex(entry.author);
  const { seq, tick } = entry;
  const which = { node: state.nameOf(author), txid: toHex(entry.txid) };
  if (!state.members.has(author)) return findings.fault("SAID_UNKNOWN_NODE", which, author);
  const { witnessed } = state.smartchain;
  const known = witnessed.get(author) ?? [];
  const last = known[known.length - 1];
  if (last && (seq < last.seq || tick <= last.tick))
    findings.fault("TOKEN_TWICE", which, `number ${seq}, tick ${tick} after ${last.tick}`);
  const same = known.filter((one) => one.seq === seq);
  witnessed.set(author, [...same, { seq, tick, txid: toHex(entry.txid) }]);
}

/** A block holds these: what it rejected counts no more, what has their numbers neither. */
export function sealTxs({ state }: Context, txs: readonly AuditTx[], atMs: number): void {
  const { ballot } = state.smartchain;
  if (!ballot) return;
  const held = txs.filter(({ tx }) => tx.body.epoch > 0);
  ballot.finalize(held.filter(({ rejected }) => !rejected).map(({ tx }) => tx.txid));
  ballot.reject(held.filter(({ rejected }) => rejected).map(({ tx }) => tx.txid));
  ballot.forget(atMs - 2 * state.world.ageMaxMs);
}

export function auditVote(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, voteEntry, bytes);
  if (!entry) return;
  checkHeard(context, "vote", entry.signed);
  const opened = openSigned(voteRecord, ports.crypto, entry.signed);
  if (!opened.ok) return findings.fault("RECORD_MALFORMED", {}, `vote: ${opened.detail}`);
  const { value: vote, id: message, signature } = opened;
  const voter = toHex(vote.voter);
  const which = { node: state.nameOf(voter) };
  const publicKey = state.members.get(voter)?.member.publicKey;
  if (!publicKey) return findings.fault("VOTE_MEMBER", which, voter);
  findings.signature({ publicKey, message, signature }, "SIGNATURE_NODE", which, "vote");
  if (vote.net !== state.net) findings.fault("WRONG_ORIGIN", which, `network ${vote.net}`);
  const barred = barredCode(context, voter);
  const known = state.smartchain.of(vote.epoch);
  if (barred) findings.fault("VOTE_MEMBER", which, barred);
  if (!known || known.committees.indexOf(vote.voter) < 0)
    return findings.fault("VOTE_MEMBER", which, `of epoch ${vote.epoch}`);
  state.summary.votes++;
  count(context, state.smartchain.ballot?.vote(vote, entry.signed));
}

/** What a vote or a transaction brought about in the count. */
function count({ state }: Context, outcome: Outcome | undefined): void {
  if (!outcome) return;
  const { summary, smartchain } = state;
  summary.acceptedTxs += outcome.accepted.length;
  // Each member counts once, so that never more than there are count.
  for (const txid of outcome.accepted) {
    const ballot = smartchain.ballot!;
    assert(ballot.count(txid) === ballot.voters(txid).length, "AUDIT_VOTES", toHex(txid));
  }
  for (const { voter } of outcome.doubles) {
    const name = state.nameOf(toHex(voter));
    if (!summary.doubleVoters.includes(name)) summary.doubleVoters.push(name);
  }
}

/** A proof of fraud: from here its author may say nothing. */
export function auditEvidence({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, evidenceEntry, bytes);
  if (!entry) return;
  const decoded = evidenceRecord.decode(entry.encoded);
  if (!decoded.ok) return findings.fault("RECORD_MALFORMED", {}, `evidence: ${decoded.detail}`);
  const judged = judge(ports.crypto, decoded.value);
  if (!judged.ok) return findings.fault("EVIDENCE", {}, judged.detail);
  const author = toHex(judged.author);
  const which = { node: state.nameOf(author) };
  if (decoded.value.net !== state.net)
    return findings.fault("WRONG_ORIGIN", which, `network ${decoded.value.net}`);
  if (!state.members.has(author)) return findings.fault("EVIDENCE", which, "not a member");
  const { suspended, ballot } = state.smartchain;
  if (suspended.has(author)) return findings.fault("EVIDENCE", which, "suspended before");
  suspended.add(author);
  ballot?.suspend(judged.author);
  state.summary.suspended.push(which.node);
}
