// SPDX-License-Identifier: Apache-2.0
/**
 * A log with a state in it (docs/consensus.md, "States"). One that its gateway made of turns that the log has is
 * looked at only as bytes. One that took the place of turns has to be signed by gateways; behind it the
 * auditor has no ledger of its own, and checks feeds, turns, certificates, that the blocks are those that
 * turns name, and that what is in the log was heard.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import type { ValidatorSet } from "#core/consensus/validators";
import { merkleRoot } from "#core/crypto/merkle";
import { epochRecord } from "#core/records/epoch";
import { stateOfferRecord } from "#core/records/state";
import { GraphFault, restore } from "../checkpoint/graph.ts";
import { unpackGraph } from "../checkpoint/graph-bytes.ts";
import { part, valueAt } from "../checkpoint/parts.ts";
import type { FeedCut } from "../consortium/feeds.ts";
import { Partners } from "../consortium/partners.ts";
import type { Before } from "../consortium/turns.ts";
import {
  EntryKind,
  epochEntry,
  memberEntry,
  pieceEntry,
  saidEntry,
  stateEntry,
  voteEntry,
} from "../entries.ts";
import { offersNeeded } from "../handout/catch-up.ts";
import { STATE_FORMAT, wholeOf } from "../handout/held.ts";
import { AuditEnds, openBlock } from "./block.ts";
import { AuditConsortium, auditSegment, auditTurn, checkHeard } from "./consortium.ts";
import { openEntry, openOwn } from "./open.ts";
import type { AuditState, Context } from "./state.ts";

type Coming = NonNullable<AuditState["coming"]>;

/** The entry of a state; `dropped`: entries that are missing before it. False where nothing after can be judged. */
export function auditState(
  { state, findings }: Context,
  bytes: Uint8Array,
  index: number,
  dropped: number,
): boolean {
  const entry = openEntry(findings, stateEntry, bytes);
  if (!entry || !state.consortium) {
    if (entry) findings.fault("STATE", {}, "a state without a consortium");
    return false;
  }
  if (state.coming) findings.fault("STATE", {}, "pieces of the one before are missing");
  // What is missing before this one was not missing before the last.
  const gone = dropped - (state.based?.dropped ?? 0);
  state.coming = { entry, index, pieces: [], gone };
  return true;
}

export function auditPiece(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const { coming } = state;
  const piece = openEntry(findings, pieceEntry, bytes);
  if (!piece) return;
  if (!coming) return findings.fault("STATE", {}, "a piece of no state");
  state.again = true;
  const { entry, pieces } = coming;
  pieces.push(piece.bytes);
  if (pieces.length < entry.pieces) return;
  state.coming = undefined;
  if (!bytesEqual(merkleRoot(ports.crypto, pieces), entry.root)) {
    findings.fault("STATE", { height: entry.height }, "its pieces are not those of its root");
    throw new AuditEnds();
  }
  const { consortium } = state;
  if (entry.offers.length > 0 || coming.gone > 0) return take(context, coming);
  // Its own, of turns that are in the log.
  const follows = consortium?.turn && consortium.turn.height + 1 === entry.height;
  if (!follows || !consortium.prev || !bytesEqual(consortium.prev, entry.turn))
    findings.fault("STATE", { height: entry.height }, "of other turns than those before it");
}

/** The state takes the place of turns. */
function take(context: Context, { entry, index, pieces, gone }: Coming): void {
  const { state, findings, ports } = context;
  const before = state.consortium!;
  const { height, turn: prev } = entry;
  const wrong = (detail: string): never => {
    findings.fault("STATE", { height }, detail);
    throw new AuditEnds();
  };
  if (entry.format !== STATE_FORMAT) wrong(`of form ${entry.format}, which is not known here`);
  const partners = new Partners(state.net, ports.crypto, before.partners.list, "quorum");
  const made = new AuditConsortium(partners);
  const root: Root = { partners, parts: made.parts, past: undefined, cuts: [] };
  const whole = wholeOf(pieces);
  let ledger: Ledger;
  try {
    const graph = unpackGraph(whole);
    restore(part(graph, Object.keys(root)), root, new Map(), []);
    ledger = ledgerOf((name) => valueAt(graph, ["made", "head", ...name]));
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    return wrong(error.message);
  }
  const last = root.past?.before;
  if (whole.length !== entry.size || last?.height !== height || !last.prev || !last.atMs)
    return wrong("it is not what its name says");
  if (!bytesEqual(last.prev, prev)) return wrong("of another turn");
  if (before.turn && !bytesEqual(last.terms, before.turn.terms)) return wrong("of other settings");
  // Who the gateways were when it was taken the log says; where that is dropped, the state itself.
  const { set } = gone > 0 ? partners : before.partners;
  const by = signers(context, entry, set);
  if (entry.offers.length > 0 && by.length < offersNeeded(set.size))
    findings.fault("STATE", { height }, `${by.length} gateways signed it`);
  made.feeds.begin(root.cuts);
  const { net, terms, atMs } = last;
  // The turn before, as far as the next one has to follow from it.
  const cutShort = { prev: undefined, ledger: undefined, epoch: undefined, reveal: undefined };
  const leader = new Uint8Array(0);
  made.turn = { net, height: height - 1, leader, atMs, terms, ...cutShort };
  made.prev = prev;
  state.consortium = made;
  state.head = ledger;
  state.epoch = last.epoch?.number ?? 0;
  state.based = { entry: index, height, by, dropped: (state.based?.dropped ?? 0) + gone };
}

interface Root {
  readonly partners: Partners;
  readonly parts: AuditConsortium["parts"];
  past: { before: Before } | undefined;
  cuts: FeedCut[];
}

type Ledger = AuditState["head"];

function ledgerOf(value: (path: string[]) => unknown): Ledger {
  const idBytes = value(["id"]);
  const [height, atMs] = [value(["header", "height"]), value(["header", "atMs"])];
  if (!(idBytes instanceof Uint8Array)) return undefined;
  return { id: toHex(idBytes), idBytes, height: Number(height), atMs: Number(atMs) };
}

/** Those of the gateways `set` (hex) that offered just this state. */
function signers(
  { state, ports }: Context,
  { offers, ...name }: Coming["entry"],
  set: ValidatorSet,
): string[] {
  const { crypto } = ports;
  const found = new Set<string>();
  for (const bytes of offers) {
    const signed = openSigned(stateOfferRecord, crypto, bytes);
    if (!signed.ok) continue;
    const { value } = signed;
    const id = toHex(value.gateway);
    const known = set.list[set.indexOf(id)];
    const same =
      value.net === state.net && value.height === name.height && value.size === name.size;
    if (!known || !same || value.format !== name.format) continue;
    if (!bytesEqual(value.root, name.root) || !bytesEqual(value.turn, name.turn)) continue;
    if (verifySigned(crypto, known.publicKey, signed)) found.add(id);
  }
  return [...found];
}

/** What can be checked without a ledger. */
export const BEHIND_STATE: Readonly<Record<number, (context: Context, bytes: Uint8Array) => void>> =
  Object.freeze({
    [EntryKind.segment]: auditSegment,
    [EntryKind.turn]: auditTurn,
    [EntryKind.block]: chainBlock,
    [EntryKind.epoch]: countEpoch,
    [EntryKind.member]: (context: Context, bytes: Uint8Array) => {
      const entry = openEntry(context.findings, memberEntry, bytes);
      if (entry) checkHeard(context, "member", entry.signed);
    },
    [EntryKind.said]: (context: Context, bytes: Uint8Array) => {
      const entry = openEntry(context.findings, saidEntry, bytes);
      if (entry) checkHeard(context, "said", entry.content);
    },
    [EntryKind.vote]: (context: Context, bytes: Uint8Array) => {
      const entry = openEntry(context.findings, voteEntry, bytes);
      if (entry) checkHeard(context, "vote", entry.signed);
    },
  });

/** The next turn has to name this block, and a quorum signs that. */
function chainBlock(context: Context, bytes: Uint8Array): void {
  const opened = openBlock(context, bytes);
  if (!opened) return;
  const { id: idBytes, header } = opened;
  const { height, atMs } = header;
  const { state } = context;
  const id = toHex(idBytes);
  state.head = { id, idBytes, height, atMs };
  state.atLeast(atMs);
  state.summary.blocks++;
  state.summary.head = { id, height };
}

function countEpoch(context: Context, bytes: Uint8Array): void {
  const entry = openEntry(context.findings, epochEntry, bytes);
  const opened = entry && openOwn(context, epochRecord, entry.signed);
  if (!opened) return;
  const { epoch } = opened.value;
  if (epoch !== context.state.epoch + 1)
    context.findings.fault("EPOCH_ORDER", {}, `${epoch} after ${context.state.epoch}`);
  context.state.epoch = epoch;
  context.state.summary.epochs++;
}
