// SPDX-License-Identifier: Apache-2.0
/**
 * What the gateways of a consortium have in common after a turn, apart from what is each one's own: keys,
 * ports, what is on its way between its nodes, counters, and whatever it has signed for its nodes, which the
 * one that takes over a state signs anew. All else of an area is shared, and equal at all that executed the
 * same turns: what is new and own has to be listed here.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { isLive } from "#core/credit/loan";
import { assert } from "#core/errors/assert";
import { blockRecord, headerRecord } from "#core/records/block";
import { clearingRecord } from "#core/records/clearing";
import { contractRecord } from "#core/records/contract";
import { epochRecord } from "#core/records/epoch";
import { noticeRecord } from "#core/records/notice";
import type { Turn } from "#core/records/turn";
import type { Area } from "../area.ts";
import type { SealedBlock } from "../chain/chain.ts";
import { flatten, GraphFault, type LeftOut, restore } from "../checkpoint/graph.ts";
import { packGraph, unpackGraph } from "../checkpoint/graph-bytes.ts";
import { CLASSES, outsideOf } from "../checkpoint/outside.ts";
import type { Feeds } from "../consortium/feeds.ts";
import type { Partners } from "../consortium/partners.ts";
import type { Target } from "../consortium/target.ts";
import type { Before } from "../consortium/turns.ts";
import type { Paid } from "../credit/desk.ts";
import type { GatewayPorts } from "../ports.ts";
import type { SlotRun } from "../slots/run.ts";
import { type KnownEpoch, knownEpoch } from "../smartchain/epochs.ts";

/** What of a replica is shared. */
export interface SharedTurns {
  readonly feeds: Feeds;
  readonly partners: Partners;
  readonly target: Target;
  readonly past: { before: Before; named: Pick<Turn, "ledger" | "epoch"> };
}

const OWN: LeftOut = Object.freeze({
  Area: [
    ...["options", "ports", "topics", "publicKey", "idBytes", "id", "near", "publicChain"],
    ...["settlements", "epochs", "relay", "consensus", "trustSaid", "barredTold", "counters"],
    ...["capsAge", "award", "onBlock", "noticeBytes"],
  ],
  World: ["time"],
  Chain: ["options", "crypto", "head"],
  Registry: ["crypto"],
  Partners: ["crypto"],
  CreditDesk: [
    ...["version", "wish", "paid", "told", "fresh", "promised", "blacklisted", "arrivedMs"],
    ...["latency", "answered", "refused"],
  ],
  SlotRun: ["notice", "demand", "award", "clearingBytes", "contracts"],
  /** Of a session: what it is told next. */
  "": ["receiptDue", "refusals"],
});

/** What gateways sign each for itself, without signature and name. */
interface Unsigned {
  head: Pick<SealedBlock, "header" | "id" | "block" | "vertices"> | undefined;
  notice: object | undefined;
  epochs: object[];
  runs: { slot: number; notice: object; demand?: object; award?: object; cleared?: object }[];
  settled: [string, object][];
  paid: [string, Paid][];
}

/** The state after the last turn, as bytes. */
export function packShared(area: Area, ports: GatewayPorts, turns: SharedTurns): Uint8Array {
  const graph = flatten(rootOf(area, turns, unsignedOf(area)), outsideOf(area, ports), OWN);
  return packGraph(graph);
}

/** The settings that the state was made under are not this gateway's. */
export class OtherTerms extends GraphFault {
  readonly named: Uint8Array;
  readonly own: Uint8Array;

  constructor(named: Uint8Array, own: Uint8Array) {
    super("other terms");
    this.named = named;
    this.own = own;
  }
}

/**
 * Fills an area and a replica that are new with a state. GraphFault where it is none, or where its ledger has
 * not the root that its last block names.
 */
export function enterShared(
  area: Area,
  ports: GatewayPorts,
  turns: SharedTurns,
  bytes: Uint8Array,
): void {
  const { terms } = turns.past.before;
  const none = { epochs: [], runs: [], settled: [], paid: [] };
  const root = rootOf(area, turns, { head: undefined, notice: undefined, ...none });
  restore(unpackGraph(bytes), root, outsideOf(area, ports), CLASSES);
  const { terms: named } = turns.past.before;
  if (toHex(terms) !== toHex(named)) throw new OtherTerms(named, terms);
  turns.feeds.begin(root.cuts);
  sign(area, root.made);
  const { state, head } = area.chain;
  const { crypto } = area.ports;
  if (head && toHex(state.root(crypto)) !== toHex(head.header.stateRoot))
    throw new GraphFault("the ledger is not that of its last block");
}

function rootOf(area: Area, { feeds, partners, target, past }: SharedTurns, made: Unsigned) {
  const { parts } = area.epochs;
  return { area, partners, target, past, parts, cuts: feeds.allCuts(), made };
}

function unsignedOf(area: Area): Unsigned {
  const { crypto } = area.ports;
  const { head } = area.chain;
  const block = head && { ...head.block, header: new Uint8Array(0) };
  return {
    head: head && { header: head.header, id: head.id, block: block!, vertices: head.vertices },
    notice: area.noticeBytes && nameless(opened(area, noticeRecord, area.noticeBytes)),
    epochs: area.epochs.known.map(({ epoch }) => nameless(epoch)),
    runs: [...area.runs.values()].map((run) => unsignedRun(area, run)),
    settled: [...area.settlements.all].map(([node, { header, ...settlement }]) => {
      const found = openSigned(headerRecord, crypto, header);
      assert(found.ok, "STATE_HEADER");
      return [node, { ...settlement, header: found.value }];
    }),
    paid: [...area.chain.state.credits.values()].flatMap(({ line }) =>
      line && isLive(line.loan) ? [[line.token, area.credit.paidWith(line.token)]] : [],
    ),
  };
}

function unsignedRun(area: Area, run: SlotRun): Unsigned["runs"][number] {
  const { slot, notice, demand, award, clearingBytes, contracts } = run;
  const { book, rule, clearing, pairs } = award ?? {};
  return {
    slot,
    notice: nameless(notice),
    ...(demand && { demand: nameless(demand) }),
    ...(award && { award: { book, rule, clearing, pairs } }),
    ...(clearingBytes && {
      cleared: {
        clearing: nameless(opened(area, clearingRecord, clearingBytes)),
        contracts: contracts.map(({ contract: { clearing: _, ...rest } }) => nameless(rest)),
      },
    }),
  };
}

function opened<T>(area: Area, type: Parameters<typeof openSigned<T>>[0], bytes: Uint8Array): T {
  const found = openSigned(type, area.ports.crypto, bytes);
  assert(found.ok, "STATE_RECORD");
  return found.value;
}

function nameless<T extends object>(record: T): Omit<T, "gateway"> {
  const { gateway: _, ...rest } = record as T & { gateway?: Uint8Array };
  return rest;
}

/** Makes this gateway's own of it. */
function sign(area: Area, made: Unsigned): void {
  const { head, notice, epochs, runs, settled, paid } = made;
  const gateway = area.idBytes;
  // What a state has was encoded by the same rules; of another form it does not come to be signed.
  const own = <T>(record: object) => ({ ...record, gateway }) as T;
  if (head) area.chain.head = sealed(area, head);
  if (notice) area.noticeBytes = area.sign(noticeRecord, own(notice)).bytes;
  for (const epoch of epochs) {
    const record: KnownEpoch["epoch"] = own(epoch);
    area.epochs.enter(knownEpoch(area, record, area.sign(epochRecord, record).bytes));
  }
  for (const { slot, notice: said, demand, award, cleared } of runs) {
    const run = area.runs.get(slot);
    if (!run) throw new GraphFault(`slot ${slot}`);
    Object.assign(run, { notice: own(said), demand: demand && own(demand), award });
    Object.assign(run, clearedOf(area, cleared, own));
  }
  for (const [node, settlement] of settled) {
    const { header, ...rest } = settlement as { header: SealedBlock["header"] };
    const bytes = signed(area, header);
    area.settlements.all.set(node, { ...rest, header: bytes } as never);
  }
  for (const session of area.sessions.values()) {
    session.receiptDue = false;
    session.refusals = [];
  }
  area.credit.resume(area, new Map(paid));
}

function clearedOf(area: Area, cleared: object | undefined, own: <T>(record: object) => T) {
  if (!cleared) return { clearingBytes: undefined, contracts: [] };
  const { clearing, contracts } = cleared as { clearing: object; contracts: object[] };
  const { bytes, id } = area.sign(clearingRecord, own(clearing));
  return {
    clearingBytes: bytes,
    contracts: contracts.map((one) => {
      const contract: Parameters<typeof contractRecord.encode>[0] = own({ ...one, clearing: id });
      return { contract, bytes: area.sign(contractRecord, contract).bytes };
    }),
  };
}

function signed(area: Area, header: SealedBlock["header"]): Uint8Array {
  return signRecord(headerRecord, area.ports.crypto, area.options.secretKey, header).bytes;
}

function sealed(area: Area, { header, id, block, vertices }: NonNullable<Unsigned["head"]>) {
  const headerBytes = signed(area, header);
  const whole = { ...block, header: headerBytes };
  return {
    ...{ header, headerBytes, id, vertices },
    ...{ block: whole, bytes: blockRecord.encode(whole) },
  };
}
