// SPDX-License-Identifier: Apache-2.0
/** Writing a log as a canonical, signed ledger file (format.ts), and reading one back. */
import { bytesEqual, concatBytes } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { EntryKind, unpackEntry, worldEntry } from "../entries.ts";
import type { LogEntry } from "../ports.ts";
import {
  chainOf,
  END_KIND,
  EXPORT_MAGIC,
  type ExportEnd,
  type ExportHead,
  exportEndRecord,
  exportHeadRecord,
  frameHead,
  HEAD_KIND,
} from "./format.ts";
import { latin } from "./state.ts";

export { type ExportFault, isExport, type ReadExport, readExport } from "./import.ts";

export interface ExportOptions {
  crypto: Crypto;
  /** The gateway's secret key; without it the end is not signed, and every reader says so. */
  secretKey?: Uint8Array;
}

/** Raised where there is nothing to export, or the key is another gateway's. */
export class ExportError extends Error {
  override get name(): string {
    return "ExportError";
  }
}

/** The file of a log, in chunks. */
export function* writeExport(
  entries: Iterable<LogEntry>,
  { crypto, secretKey }: ExportOptions,
): Generator<Uint8Array> {
  let chain = crypto.sha256(EXPORT_MAGIC);
  let count = 0;
  const frame = (kind: number, content: Uint8Array): Uint8Array => {
    const body = concatBytes(frameHead(content.length, kind), content);
    chain = chainOf(crypto, chain, body);
    return concatBytes(body, chain);
  };
  for (const entry of entries) {
    if (count === 0) {
      const head = headOf(entry);
      if (secretKey && !bytesEqual(crypto.publicKey(secretKey), head.gatewayKey))
        throw new ExportError("the key is not that of the gateway which kept this log");
      yield EXPORT_MAGIC;
      yield frame(HEAD_KIND, exportHeadRecord.encode(head));
    }
    count++;
    if (entry.index !== count && entry.kind === EntryKind.state)
      throw new ExportError(
        `entries ${count} to ${entry.index - 1} were dropped (consortium.keepTurns): a ledger file has all. ` +
          "Export the log of a gateway that keeps them",
      );
    assert(entry.index === count, "EXPORT_INDEX", `${entry.index} at place ${count}`);
    assert(entry.kind > HEAD_KIND && entry.kind < END_KIND, "EXPORT_KIND", String(entry.kind));
    yield frame(entry.kind, entry.bytes);
  }
  if (count === 0) throw new ExportError("the log is empty");
  const end: ExportEnd = { entries: count, chain };
  const content = secretKey
    ? signRecord(exportEndRecord, crypto, secretKey, end).bytes
    : encodeCbor([exportEndRecord.encode(end), new Uint8Array(0)]);
  yield frame(END_KIND, content);
}

function headOf({ kind, bytes: packed }: LogEntry): ExportHead {
  if (kind !== EntryKind.world) throw new ExportError("the log does not begin with its world");
  const { net, area, gatewayKey } = unpackEntry(worldEntry, packed);
  return { net: latin(net), area: latin(area), gatewayKey };
}
