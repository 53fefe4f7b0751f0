// SPDX-License-Identifier: Apache-2.0
/** Second stage of the intake: a message whose signature is right, against the state of the area. */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { ACCEPT, type Code, refuse, type Verdict, WIRE } from "#core/errors/codes";
import { COMMIT_BATCH_MAX, EVENTS_SHOWN, MEMBERS_MAX } from "#core/limits";
import { makeEvidence } from "#core/pot/make-evidence";
import type { Member } from "#core/records/member";
import { nextDigest } from "#core/records/receipt";
import { isForMarket, type Tx, TxType } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { HOUR_MS } from "#core/units/time";
import type { DoubleVote } from "#core/votes/double";
import { listWallets, walletCommitment } from "#core/wallets";
import { type Area, monitorName } from "../area.ts";
import type { Batch } from "../batch.ts";
import { checkLoanWord, loanEvent } from "../credit/word.ts";
import { EntryKind, memberEntry, packEntry, saidEntry } from "../entries.ts";
import { publishEvents } from "../monitor.ts";
import { linkTx, type Session } from "../session.ts";
import { convict } from "../smartchain/intake.ts";
import { type Tokens, tokensOf } from "../smartchain/tokens.ts";
import { accuseVoters } from "../smartchain/votes.ts";
import { applyArrival, checkArrival } from "./arrival.ts";
import { numberOf, type Parsed, type Said } from "./decode.ts";
import { checkEvent, eventName } from "./event.ts";
import { checkOrder } from "./order.ts";
import { checkReading } from "./reading.ts";
import { checkChain, checkTx, takesNumber } from "./tx.ts";
import { checkClaim, checkWallets } from "./wallets.ts";

/**
 * Refusals of what the node itself said before, or said under another number. They take no number: otherwise
 * whoever repeats an old message could use up the numbers of a node.
 */
const REPLAYS: ReadonlySet<Code> = new Set<Code>([
  "REPLAYED",
  "SAID_NUMBER",
  "ARRIVAL_ELSEWHERE",
  "ARRIVAL_CHAIN",
]);

/** Whether what a node says follows the rules now; nothing changes. */
export function checkSaid(
  area: Area,
  session: Session,
  seq: number,
  said: Said,
  tokens: Tokens | undefined,
  via: string = area.id,
): Verdict {
  const number = numberOf(said);
  if (number !== seq) return refuse("SAID_NUMBER", `${number}, not ${seq}`);
  // Before anything else: one that is barred arrives too, and is refused from then on by what it says.
  if (said.kind === "arrival") return checkArrival(session, said.signed.value, fromHex(via)!);
  const barred = area.barred(session.id);
  // A transaction keeps its place in its author's chain: the node goes on with it when it may again.
  if (barred)
    return (
      (said.kind === "tx" && checkChain(session, said.tx)) || refuse(barred, session.member.name)
    );
  if (said.kind === "tx") {
    const found = tokens ?? tokensOf(area, session, said.tx);
    return checkTx(session, said.tx, area.dag, area.world, found);
  }
  if (said.kind === "reading") return checkReading(session, said.signed.value, area.world);
  if (said.kind === "event") return checkEvent(session, said.signed.value);
  if (said.kind === "wallets") return checkWallets(area, session, said.signed.value);
  if (said.kind === "loan") {
    const { chain, world } = area;
    const bank = area.shared ? undefined : area.id;
    const startMs = (slot: number) => world.startMs(slot);
    return checkLoanWord(chain.state, chain.waiting, bank, session.id, said, startMs);
  }
  const meters = area.feeder?.terms.node === session.id;
  return checkOrder(session, said.signed.value, area.world, { exAnte: area.exAnte, meters });
}

/**
 * Takes a numbered message: the number is used up, whether the content is accepted or refused, so that the
 * node's outbox can go on; both are logged.
 */
export function takeSaid(
  area: Area,
  batch: Batch,
  parsed: Extract<Parsed, { what: "said" }>,
  tokens?: Tokens,
  via: string = area.id,
): Verdict {
  const { session, seq, content, said } = parsed;
  if (seq <= session.saidSeq) return repeat(session);
  // Between what it said here and an arrival lies what it said to others.
  if (seq !== session.saidSeq + 1 && said.kind !== "arrival") {
    session.receiptDue = true;
    return refuse("GAP", `${seq} after ${session.saidSeq}`);
  }
  if (said.kind === "tx") accuse(area, batch, session, said.tx);
  const verdict = checkSaid(area, session, seq, said, tokens, via);
  // Somebody else may have sent it: the node's own message for this number is still to come.
  if (!verdict.ok && REPLAYS.has(verdict.code)) return verdict;
  session.home = via;
  const code = verdict.ok ? 0 : WIRE[verdict.code];
  const kind = UP_KINDS.indexOf(said.kind);
  batch.log(
    EntryKind.said,
    packEntry(saidEntry, { node: session.idBytes, seq, kind, code, content }),
  );
  const doubles = applySaid(area, session, seq, content, said, verdict);
  if (doubles.length > 0) accuseVoters(area, batch, doubles);
  if (verdict.ok && said.kind === "tx") announce(area, batch, said.tx);
  if (verdict.ok && said.kind === "event") publishEvents(area, batch, session);
  return verdict;
}

/** Where a transaction proves a fraud of its author, that is suspended before it is judged. */
function accuse(area: Area, batch: Batch, session: Session, tx: Tx): void {
  // Without proof-of-time the refusal is all: who lost its state signs a number twice without meaning to.
  if (area.world.epoch === 0) return;
  const { crypto } = area.ports;
  // What only one gateway heard convicts nobody here: it comes as evidence (consortium/collect.ts).
  const proof = area.shared ? undefined : area.relay.contradiction(area, session, tx);
  if (proof) convict(area, batch, proof);
  const used = session.txids.get(tx.body.seq);
  if (!used || used === toHex(tx.txid)) return;
  const first = area.dag.get(fromHex(used)!)?.tx;
  const { publicKey } = session.member;
  const two = first && makeEvidence(crypto, area.options.net, publicKey, first.bytes, tx.bytes);
  if (two) convict(area, batch, two);
}

/** The effects of a numbered message; the same at intake and at replay. */
export function applySaid(
  area: Area,
  session: Session,
  seq: number,
  content: Uint8Array,
  said: Said,
  verdict: Verdict,
): readonly DoubleVote[] {
  session.saidSeq = seq;
  if (said.kind === "arrival" && verdict.ok) applyArrival(session, said.signed.value);
  session.digest = nextDigest(area.ports.crypto, session.digest, content);
  session.receiptDue = true;
  session.spokeEpoch = area.world.epoch;
  if (!verdict.ok) {
    session.refusals.push({ seq, code: WIRE[verdict.code] });
    // No more than one turn can add: at replay nobody takes them out.
    if (session.refusals.length > COMMIT_BATCH_MAX) session.refusals.shift();
    if (said.kind === "tx" && takesNumber(verdict)) linkTx(session, said.tx, said.tx.body.tsMs);
    return [];
  }
  if (said.kind === "reading") {
    const { value: reading, id } = said.signed;
    session.online = true; // one that was given up and reads its meter again takes part again
    // What flowed while it was with another gateway is no slot's energy here.
    session.previous = session.arrived ? undefined : session.reading;
    session.arrived = false;
    session.reading = reading;
    area.chain.addEvent({ type: "reading", id, node: session.id, reading });
    area.feeder?.take(session.id, reading);
    area.counters.readings++;
  } else if (said.kind === "order") {
    const { value: order, id } = said.signed;
    session.orders.set(order.slot, { order, id });
    area.counters.orders++;
  } else if (said.kind === "event") {
    session.events.push(said.signed.value);
    if (session.events.length > EVENTS_SHOWN) session.events.shift();
    session.eventCount++;
    area.counters.countEvent(eventName(said.signed.value.event));
  } else if (said.kind === "wallets") {
    const { value, id } = said.signed;
    session.walletSet = value.set;
    const wallets = listWallets(area.ports.crypto, value);
    area.chain.addEvent({ type: "wallets", id, node: session.id, wallets });
  } else if (said.kind === "loan") {
    area.chain.addEvent(loanEvent(session.id, said));
    area.credit.took(said.signed.id, session.id, said.word.kind === "request");
  } else if (said.kind === "tx") {
    return applyTxToDag(area, session, said.tx);
  }
  return [];
}

function applyTxToDag(area: Area, session: Session, tx: Tx): readonly DoubleVote[] {
  const vertex = area.dag.add(tx);
  area.relay.done(session.id);
  linkTx(session, tx, vertex.tMs);
  if (isForMarket(tx.body)) session.reserves.set(tx.body.slot, vertex.id);
  area.runs.get(tx.body.slot)?.heard(tx);
  const { counters } = area;
  counters.transactions++;
  if (tx.body.type === TxType.promote) counters.promotes++;
  counters.tokens += tx.pot.length;
  if (tx.pot.some(({ witness }) => area.isGateway(witness))) counters.byGateways++;
  area.capsAge++;
  area.credit.heard(area, tx);
  return area.votes.enter(area, vertex);
}

/** A new transaction goes to the area, and a SOLD to the buyers that have to answer it. */
function announce(area: Area, batch: Batch, tx: Tx): void {
  batch.send(area.topics.tx, tx.bytes);
  if (tx.body.type !== TxType.sold) return;
  for (const leg of tx.body.legs)
    if (leg.to && area.sessions.has(toHex(leg.to)))
      batch.send(area.topics.down(toHex(leg.to), "tx"), tx.bytes);
}

/** Said before: the receipt was lost, so it goes out again. */
export function repeat(session: Session): Verdict {
  session.receiptDue = true;
  return refuse("DUPLICATE");
}

/** Admits a member, or greets one that is back. */
export function takeEnrol(
  area: Area,
  batch: Batch,
  parsed: Extract<Parsed, { what: "enrol" }>,
  via: string = area.id,
): Verdict {
  const { nodeId, signed, bytes } = parsed;
  const barred = area.barred(nodeId) ?? beyondCertificate(area, nodeId, signed.value);
  if (barred) return refuse(barred, signed.value.name);
  const known = area.sessions.get(nodeId);
  if (known) {
    known.online = true;
    // It may be an old one, said again by a gateway that lies: where a node is, its new messages say.
    if (!area.shared || known.saidSeq === 0) known.home = via;
    return ACCEPT;
  }
  const { admit } = area.options;
  if (admit !== "open" && !admit.has(toHex(signed.value.publicKey)))
    return refuse("REGISTRATION_CLOSED", signed.value.name);
  if (area.sessions.size >= MEMBERS_MAX) return refuse("AREA_FULL");
  const { name } = signed.value;
  if (!/^[A-Za-z0-9][A-Za-z0-9 _.#-]*$/.test(name)) return refuse("FIELD_RANGE", `name ${name}`);
  if (area.names.has(monitorName(name))) return refuse("NAME_TAKEN", name);
  const claimed = checkClaim(area, fromHex(nodeId)!, signed.value);
  if (!claimed.ok) return claimed;
  batch.log(EntryKind.member, packEntry(memberEntry, { signed: bytes }));
  const session = area.addMember(fromHex(nodeId)!, signed.value, signed.id);
  session.online = true;
  session.home = via;
  area.ports.log("info", "member", { node: nodeId, name: signed.value.name });
  return ACCEPT;
}

/** Capacity and first wallet addresses have to be those of the certificate. */
function beyondCertificate(area: Area, nodeId: string, member: Member): Code | undefined {
  const certificate = area.registry.certificateOf(nodeId)?.certificate;
  if (!certificate) return undefined;
  const certifiedWh = Math.floor((certificate.connectionW * area.world.slotMs) / HOUR_MS);
  if (member.capacityWh > certifiedWh) return "CAPACITY_OVER";
  // Later sets are the key's own word; zeros are of a request that bound none.
  if (member.set > 0 || certificate.wallets.every((byte) => byte === 0)) return undefined;
  const commitment = walletCommitment(area.ports.crypto, member.walletKey);
  return bytesEqual(commitment, certificate.wallets) ? undefined : "WALLETS_UNPROVED";
}

/** Birth or last will of a node: small JSON (docs/protocol.md). Anything else is refused. */
export function takeState(
  area: Area,
  nodeId: string,
  payload: Uint8Array,
  via: string = area.id,
): Verdict {
  if (payload.length > 256) return refuse("OVERSIZED", `${payload.length} bytes`);
  const session = area.sessions.get(nodeId);
  // Nobody signs it: of a node that speaks elsewhere a gateway does not know.
  if (session && area.shared && session.home !== via) return ACCEPT;
  if (!session) return ACCEPT; // the birth of a node comes before its request to be a member
  let facts: unknown;
  try {
    facts = JSON.parse(String.fromCharCode(...payload));
  } catch {
    return refuse("MALFORMED", "state is not JSON");
  }
  if (typeof facts !== "object" || facts === null) return refuse("FIELD_RANGE", "state");
  const { state, boot, alarm, firmware, update, updateCode } = facts as Record<string, unknown>;
  if ((state !== "online" && state !== "offline") || !Number.isSafeInteger(boot))
    return refuse("FIELD_RANGE", "state");
  if (state === "online") {
    session.online = true;
    session.boot = boot as number;
    session.alarm = shownText(alarm);
    session.firmware = shownText(firmware);
    const parts = [shownText(update), shownText(updateCode)];
    session.update = parts.filter((part) => part !== undefined).join(": ") || undefined;
    if (session.alarm)
      area.ports.log("error", "node-alarm", { node: session.member.name, alarm: session.alarm });
  } else if (session.boot <= (boot as number)) {
    session.online = false; // the will of the present start, not of an earlier one
  }
  return ACCEPT;
}

/** A text of a node's state, as far as it is shown. */
function shownText(fact: unknown): string | undefined {
  return typeof fact === "string" ? fact.slice(0, 40) : undefined;
}
