// SPDX-License-Identifier: Apache-2.0
/** A state takes the place of the turns that led to it: one of the log, or one that others handed out. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { certificateItems } from "#core/consensus/certificate";
import { AssertionFailure } from "#core/errors/assert";
import { decisionRecord, quorumRecord } from "#core/records/consensus";
import type { Area } from "../area.ts";
import { GraphFault } from "../checkpoint/graph.ts";
import type { Replica } from "../consortium/replica.ts";
import type { Seat } from "../consortium/seat.ts";
import { checkTerms } from "../consortium/terms.ts";
import { openTurn } from "../consortium/turns.ts";
import { packSegment } from "../entries.ts";
import type { GatewayPorts } from "../ports.ts";
import { replayEntry, StoreMismatch } from "../replay.ts";
import { announceBase, type Base, basesIn, entriesOf, headOf, readState } from "./base.ts";
import type { FoundState } from "./catch-up.ts";
import { holdState, STATE_FORMAT } from "./held.ts";
import { enterShared, OtherTerms } from "./shared.ts";

/** The gateway's parts that a state goes into: all of them new. */
export interface Fresh {
  area: Area;
  ports: GatewayPorts;
  seat: Seat;
}

/** At a start without a checkpoint: the newest state of the log; the entry from which on that is executed. */
export function enterBase(fresh: Fresh, base: Base): number {
  const { area, ports, seat } = fresh;
  const { store, crypto, log } = ports;
  if (base.entry.format !== STATE_FORMAT)
    throw new StoreMismatch(
      `the log begins with a state that another version of Wattle made (form ${base.entry.format}, this ` +
        `one reads ${STATE_FORMAT}): start that version, or give a new store and set keyUsed`,
    );
  const head = headOf(store);
  for (const entry of store.read()) {
    if (entry.index > head) break;
    replayEntry(area, entry);
  }
  try {
    enterShared(area, ports, seat.replica, readState(crypto, store, base));
  } catch (error) {
    if (error instanceof OtherTerms) checkTerms(error.named, error.own);
    throw error;
  }
  const { place } = base.entry;
  if (place && area.chain.head) area.publicChain.resume(area.chain.head, place);
  seat.entered();
  log("info", "state", { height: base.entry.height, entry: base.index });
  return base.next;
}

/** The newest state of the log that this gateway can start from. */
export function newestBase({ store }: GatewayPorts): Base | undefined {
  return basesIn(store)[0];
}

/** Why this state is of no use; undefined where it is in place now. */
export function enterFound(fresh: Fresh, { offer, bytes }: FoundState): string | undefined {
  const { area, ports, seat } = fresh;
  try {
    enterShared(area, ports, seat.replica, bytes);
  } catch (error) {
    if (error instanceof GraphFault || error instanceof AssertionFailure) return error.message;
    throw error;
  }
  const { height, prev } = seat.replica.past.before;
  if (height !== offer.height || !prev || !bytesEqual(prev, offer.turn)) return "of another turn";
  const fault = nextFault(fresh, offer.next);
  if (!fault) seat.entered();
  return fault;
}

/** What is wrong with the turn that follows it and names its ledger, by the gateways that it names. */
function nextFault({ area, ports: { crypto }, seat }: Fresh, next: Uint8Array): string | undefined {
  const { partners, past } = seat.replica;
  const { net, height, prev } = past.before;
  const decision = decisionRecord.decode(next);
  const quorum = decision.ok ? quorumRecord.decode(decision.value.quorum) : decision;
  if (!decision.ok || !quorum.ok) return "no turn follows it";
  const { header, plan } = decision.value;
  const turn = openTurn({ header, plan })?.turn;
  const ledger = area.chain.head?.id;
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
    a && b ? bytesEqual(a, b) : a === b;
  if (turn?.height !== height || !same(turn.prev, prev) || !same(turn.ledger, ledger))
    return "the turn that follows it names another ledger";
  const expected = { net, height, headerHash: crypto.sha256(header) };
  const found = certificateItems(crypto, partners.set, quorum.value, expected);
  if (!found.ok || !bytesEqual(quorum.value.plan, crypto.sha256(plan))) return "no certificate";
  const right = found.items.every((one) =>
    crypto.verify(one.publicKey, one.message, one.signature),
  );
  return right ? undefined : "a certificate with false signatures";
}

/**
 * Puts the state into the log, and behind it what is open of feeds: what this gateway said itself it must not
 * number a second time. `old`: the replica whose place is taken.
 */
export function logFound({ ports, seat }: Fresh, found: FoundState, old: Replica): void {
  const { store, crypto, log } = ports;
  const { height, turn, format } = found.offer;
  const held = holdState(crypto, { height, turn, format }, found.bytes);
  const open = openBeyond(old, seat.replica);
  const entries = entriesOf(held, found.offers);
  announceBase(store);
  const first = store.length + 1 + entries.length;
  store.append([...entries, ...open.map(packSegment)]);
  open.forEach((signed, i) => {
    seat.replica.replaySegment(signed, first + i);
  });
  log("info", "state-taken", { height, bytes: found.bytes.length, by: found.offers.length });
}

/** Segments that the old replica has and that no turn took in, of feeds that there are. */
function openBeyond(old: Replica, { feeds }: Replica): Uint8Array[] {
  const cuts = new Map(feeds.allCuts().map(({ gateway, seq }) => [gateway, seq]));
  return old.feeds
    .ready()
    .filter(({ signed: { value } }) => {
      const cut = cuts.get(toHex(value.gateway));
      return cut !== undefined && value.seq > cut;
    })
    .map(({ bytes }) => bytes);
}
