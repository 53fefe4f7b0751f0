// SPDX-License-Identifier: Apache-2.0
/** Ways to make a gateway lie, live or in its log, for the tests that have to catch it. */
import { type RecordType, signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { blockRoots } from "#core/ledger/execute";
import { publicBlock } from "#core/ledger/public";
import { ecashMicro } from "#core/market/cost";
import { type Block, type BlockHeader, blockRecord, headerRecord } from "#core/records/block";
import { clearingRecord } from "#core/records/clearing";
import { contractRecord } from "#core/records/contract";
import { publicBlockRecord } from "#core/records/public-block";
import { audit } from "#gateway/audit/audit";
import type { Fault } from "#gateway/audit/types";
import { blockEntry, EntryKind, packEntry, publishedEntry, unpackEntry } from "#gateway/entries";
import type { Gateway } from "#gateway/gateway";
import type { LogEntry } from "#gateway/ports";
import type { TakenOrder } from "#gateway/session";
import type { AreaRun } from "../../../helpers/area-run.ts";

/** The gateway clears with other orders than its members sent; undefined drops one. */
export function lieAboutOrders(
  { area }: Gateway,
  change: (name: string, slot: number, taken: TakenOrder) => TakenOrder | undefined,
): void {
  const add = area.addMember.bind(area);
  area.addMember = (idBytes, member, recordId) => {
    const session = add(idBytes, member, recordId);
    const get = session.orders.get.bind(session.orders);
    session.orders.get = (slot) => {
      const taken = get(slot);
      return taken && change(member.name, slot, taken);
    };
    return session;
  };
}

/** The gateway signs something else than it computed. */
export function lieWhenSigning(
  { area }: Gateway,
  change: (type: RecordType<never>, value: Record<string, unknown>) => Record<string, unknown>,
): void {
  const sign = area.sign.bind(area);
  area.sign = (type, value) =>
    sign(type, change(type as never, value as Record<string, unknown>) as typeof value);
}

/** A clearing and its contracts at `extraMicro` more per kWh, consistent with each other. */
export function raisePrice(slot: number, extraMicro: number) {
  return (type: RecordType<never>, value: Record<string, unknown>): Record<string, unknown> => {
    if (value.slot !== slot) return value;
    if (type.kind === clearingRecord.kind) {
      const price = value.priceMicro as { micro: number } | undefined;
      return { ...value, priceMicro: price && { micro: price.micro + extraMicro } };
    }
    if (type.kind !== contractRecord.kind) return value;
    const legs = (value.legs as { qtyWh: number; priceMicro: number }[]).map((leg) => {
      const priceMicro = leg.priceMicro + extraMicro;
      return { ...leg, priceMicro, ecashMicro: ecashMicro(leg.qtyWh, priceMicro) };
    });
    return { ...value, legs };
  };
}

/** The log with its last block changed, its roots made to fit and its header signed again. */
export function resealLast(
  run: AreaRun,
  change: (block: Block, header: BlockHeader) => void,
): LogEntry[] {
  const entries = run.entries();
  const last = entries.findLastIndex(({ kind }) => kind === EntryKind.block);
  const { block: encoded } = unpackEntry(blockEntry, entries[last].bytes);
  const decoded = blockRecord.decode(encoded);
  if (!decoded.ok) throw new Error(decoded.detail);
  const block = decoded.value;
  const header = headerOf(block);
  change(block, header);
  Object.assign(header, blockRoots(run.crypto, block));
  block.header = signRecord(headerRecord, run.crypto, run.secretKey, header).bytes;
  const bytes = packEntry(blockEntry, { block: blockRecord.encode(block) });
  const published = republished(run, entries, last, header, block);
  return [...entries.slice(0, last), { ...entries[last], bytes }, published];
}

/** The public form of the changed block at `last`, with the salt that the log has for it. */
function republished(
  { crypto }: AreaRun,
  entries: LogEntry[],
  last: number,
  header: BlockHeader,
  block: Block,
): LogEntry {
  const before = entries.slice(0, last).findLast(({ kind }) => kind === EntryKind.published);
  const prev = before && unpackEntry(publishedEntry, before.bytes).id;
  const { salt } = unpackEntry(publishedEntry, entries[last + 1].bytes);
  const id = domainHash(crypto, headerRecord.domain, headerRecord.encode(header));
  const made = publicBlock(crypto, "a", { id, header, block }, salt, prev);
  const record = publicBlockRecord.encode(made);
  const publicId = domainHash(crypto, publicBlockRecord.domain, record);
  return { ...entries[last + 1], bytes: packEntry(publishedEntry, { salt, id: publicId }) };
}

function headerOf(block: Block): BlockHeader {
  // The envelope is [bstr record, bstr signature of 64 bytes]: 0x82, then a head of one to three
  // bytes.
  const headBytes = block.header[1] === 0x58 ? 2 : 3;
  const record = block.header.slice(1 + headBytes, block.header.length - 66);
  const decoded = headerRecord.decode(record);
  if (!decoded.ok) throw new Error(decoded.detail);
  return decoded.value;
}

/** The faults of a log; none where it is in order. */
export function faultsOf(run: AreaRun, entries: Iterable<LogEntry> = run.entries()): Fault[] {
  const result = audit(entries, { crypto: run.crypto });
  return result.ok ? [] : result.faults;
}

export function codesOf(faults: readonly Fault[]): Set<string> {
  return new Set(faults.map(({ code }) => code));
}
