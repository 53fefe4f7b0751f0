// SPDX-License-Identifier: Apache-2.0
/**
 * A log of a gateway among others (docs/consensus.md): who the gateways are, their feeds, and the turns
 * that a quorum of them signed. What follows a turn in the log has to come of messages that the turn took in.
 */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { blockIdOfHashes } from "#core/consensus/block-id";
import { certificateItems } from "#core/consensus/certificate";
import type { Crypto } from "#core/crypto/port";
import { BeaconParts, partDigest } from "#core/pot/beacon-parts";
import { quorumRecord } from "#core/records/consensus";
import { upRecord } from "#core/records/receipt";
import { FedKind } from "#core/records/segment";
import type { Turn } from "#core/records/turn";
import { Feeds, fedBy, type Taken } from "../consortium/feeds.ts";
import { heardOf } from "../consortium/heard.ts";
import { Partners } from "../consortium/partners.ts";
import { openFed } from "../consortium/segments.ts";
import { type Before, checkTurn, openTurn } from "../consortium/turns.ts";
import { consortiumEntry, segmentEntry, type TurnEntry, turnEntry } from "../entries.ts";
import { openEntry } from "./open.ts";
import type { Context } from "./state.ts";

/** What the auditor knows of a consortium. */
export class AuditConsortium {
  readonly partners: Partners;
  readonly feeds: Feeds;
  readonly parts = new BeaconParts();
  /** The turn in hand; undefined before the first. */
  turn: Turn | undefined;
  prev: Uint8Array | undefined;
  /** What the turn in hand took in: SHA-256 of what nodes signed, by kind of entry; by which gateways. */
  readonly heard = new Map<string, Uint8Array[]>();

  constructor(partners: Partners) {
    this.partners = partners;
    this.feeds = new Feeds(partners.list.map(({ id }) => id));
  }
}

export function auditConsortium({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, consortiumEntry, bytes);
  if (!entry) return;
  const ids = new Set(entry.gateways.map(({ id }) => toHex(id)));
  if (state.consortium || state.members.size > 0 || ids.size < entry.gateways.length)
    return findings.fault("CONSORTIUM", {}, `${ids.size} gateways`);
  const rule = entry.unanimous === 1 ? "unanimous" : "quorum";
  state.consortium = new AuditConsortium(
    new Partners(state.net, ports.crypto, entry.gateways, rule),
  );
}

export function auditSegment({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, segmentEntry, bytes);
  if (!entry) return;
  const { consortium } = state;
  if (!consortium) return findings.fault("TURN_FEED", {}, "a segment without a consortium");
  const keyOf = (id: string) => consortium.partners.keyOf(id);
  const segment = openFed(ports.crypto, state.net, keyOf, entry.signed);
  if ("code" in segment) return findings.fault("TURN_FEED", {}, segment.code);
  const verdict = consortium.feeds.take(segment, true);
  // Two of one number are the lie of the gateway whose feed it is; turns say which counts.
  const repeated = state.again && !verdict.ok && verdict.code === "DUPLICATE";
  if (!verdict.ok && verdict.code !== "FEED_FORK" && !repeated)
    findings.fault("TURN_FEED", {}, `${verdict.code}, ${verdict.detail}`);
}

export function auditTurn(context: Context, bytes: Uint8Array): void {
  const { state, findings } = context;
  const entry = openEntry(findings, turnEntry, bytes);
  if (!entry) return;
  const { consortium } = state;
  const opened = openTurn(entry);
  if (!consortium || !opened) return findings.fault("TURN_CHAIN", {}, "no turn of a consortium");
  const { turn, cuts } = opened;
  const which = { height: turn.height };
  const before: Before = {
    net: state.net,
    height: consortium.turn ? consortium.turn.height + 1 : 0,
    prev: consortium.prev,
    atMs: consortium.turn?.atMs,
    terms: consortium.turn?.terms ?? turn.terms,
    ledger: state.head?.idBytes,
    // Behind a state epochs are not drawn again: a quorum stands for the one that turns name.
    epoch: state.based ? turn.epoch : state.smartchain.latest?.named,
  };
  const verdict = checkTurn(before, opened, undefined);
  if (!verdict.ok) {
    const { code, detail } = verdict;
    const own = code === "TURN_LEDGER" || code === "TURN_EPOCH";
    findings.fault(own ? code : "TURN_CHAIN", which, detail);
  }
  const id = checkQuorum(context, consortium, entry, turn);
  checkPart(context, consortium, turn);
  const taken = consortium.feeds.resolve(cuts);
  consortium.heard.clear();
  if (!Array.isArray(taken))
    findings.fault("TURN_FEED", which, "segments that the log does not have");
  consortium.feeds.settle(cuts);
  if (Array.isArray(taken)) hear(context, consortium, taken);
  consortium.turn = turn;
  consortium.prev = id;
  state.summary.turns++;
}

/** The certificate, whose signatures are checked with all others; the turn's id. */
function checkQuorum(
  { findings, ports, state }: Context,
  { partners: { set } }: AuditConsortium,
  { header, plan, quorum }: TurnEntry,
  { height }: Turn,
): Uint8Array | undefined {
  const { crypto } = ports;
  const decoded = quorumRecord.decode(quorum);
  const which = { height };
  if (!decoded.ok) {
    findings.fault("TURN_QUORUM", which, decoded.detail);
    return undefined;
  }
  const headerHash = crypto.sha256(header);
  const expected = { net: state.net, height, headerHash };
  const found = certificateItems(crypto, set, decoded.value, expected);
  const planned = bytesEqual(decoded.value.plan, crypto.sha256(plan));
  if (!found.ok || !planned)
    findings.fault("TURN_QUORUM", which, found.ok ? "of another plan" : found.detail);
  else for (const item of found.items) findings.signature(item, "TURN_QUORUM", which, "a voice");
  return blockIdOfHashes(crypto, headerHash, crypto.sha256(plan));
}

function checkPart(context: Context, consortium: AuditConsortium, turn: Turn): void {
  const { findings, ports, state } = context;
  const { reveal, height, leader } = turn;
  if (!reveal) return;
  consortium.parts.add(ports.crypto, reveal);
  const partner = consortium.partners.get(leader);
  const message = partDigest(ports.crypto, state.net, state.epoch, height);
  const right = partner && (ports.verifyPart?.(partner.beaconKey, message, reveal) ?? true);
  if (!right) findings.fault("TURN_PART", { height }, toHex(leader));
}

/** What nodes said in these segments. */
function hear(
  { ports }: Context,
  { heard, partners, feeds }: AuditConsortium,
  taken: readonly Taken[],
): void {
  for (const { gateway, entry } of fedBy(taken)) {
    const { kind, bytes } = entry;
    const said = kind === FedKind.heard ? saidIn(bytes) : undefined;
    if (said) {
      const name = nameOf(ports.crypto, said.what, said.content);
      heard.set(name, [...(heard.get(name) ?? []), fromHex(gateway)!]);
    }
    if (kind === FedKind.change && partners.wish(bytes, gateway))
      feeds.keep(partners.list.map(({ id }) => id));
  }
}

/** The signed content of a message of a feed. */
function saidIn(bytes: Uint8Array): { what: string; content: Uint8Array } | undefined {
  const heard = heardOf(bytes);
  if (!heard) return undefined;
  const [, , kind] = heard.topic.split("/");
  if (kind === "enrol") return { what: "member", content: heard.payload };
  if (kind === "vote") return { what: "vote", content: heard.payload };
  const up = upRecord.decode(heard.payload);
  return up.ok ? { what: "said", content: up.value.content } : undefined;
}

/** Whether a node said this in the turn in hand; without a consortium its gateway alone heard it. */
export function checkHeard(context: Context, what: string, content: Uint8Array): void {
  const { state, findings, ports } = context;
  const { consortium } = state;
  if (!consortium || consortium.heard.has(nameOf(ports.crypto, what, content))) return;
  findings.fault("TURN_FOREIGN", { height: consortium.turn?.height }, what);
}

/** The gateways (ids) by which a node said this in the turn in hand; without a consortium the log's own. */
export function heardBy(
  { state, ports }: Context,
  what: string,
  content: Uint8Array,
): Uint8Array[] {
  const { consortium, gatewayId } = state;
  if (!consortium) return [gatewayId];
  return consortium.heard.get(nameOf(ports.crypto, what, content)) ?? [];
}

function nameOf(crypto: Crypto, what: string, content: Uint8Array): string {
  return `${what}/${toHex(crypto.sha256(content))}`;
}
