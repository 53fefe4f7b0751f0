// SPDX-License-Identifier: Apache-2.0
/** `wattle export`: a gateway's store as one canonical, signed ledger file. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ExportError, writeExport } from "#gateway/audit/export";
import { ConfigError } from "../config/config-error.ts";
import { loadKey } from "../config/key-file.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { StoreError } from "../store/errors.ts";
import { openSealedStore } from "../store/sealed.ts";

/** Bytes gathered before they are written. */
const CHUNK = 1 << 20;

export interface ExportFacts {
  entries: number;
  bytes: number;
  signed: boolean;
}

/**
 * Writes the store at `storePath` to `outPath`, which is whole or not there at all, whatever
 * happens. @param options.key the gateway's secret key; without it the file is not signed as a
 * whole; `sealKey`: the store's key file @throws StoreError, ExportError or an error of the file system
 */
export function runExport(
  storePath: string,
  outPath: string,
  options: { key?: Uint8Array; sealKey?: string } = {},
): ExportFacts {
  // Opening would make a new store of a name that is mistyped.
  if (!existsSync(storePath))
    throw new StoreError("STORE_CANNOT_OPEN", `${storePath}: no such store. Check the path`);
  const store = openSealedStore(storePath, { keyFile: options.sealKey });
  const temporary = `${outPath}.tmp-${process.pid}`;
  try {
    const entries = store.length;
    const chunks = writeExport(store.read(), { crypto: sodiumCrypto(), secretKey: options.key });
    const bytes = writeChunks(temporary, chunks);
    renameSync(temporary, outPath);
    syncFolder(dirname(outPath));
    return { entries, bytes, signed: options.key !== undefined };
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    store.close();
  }
}

function writeChunks(path: string, chunks: Iterable<Uint8Array>): number {
  const file = openSync(path, "wx");
  let gathered: Uint8Array[] = [];
  let waiting = 0;
  let written = 0;
  const flush = () => {
    const bytes = Buffer.concat(gathered);
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    written += bytes.length;
    gathered = [];
    waiting = 0;
  };
  try {
    for (const chunk of chunks) {
      gathered.push(chunk);
      waiting += chunk.length;
      if (waiting >= CHUNK) flush();
    }
    flush();
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return written;
}

/** The rename itself is on the disk only after this. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export interface ExportCommandOptions {
  store: string;
  out: string;
  /** The gateway's key file. */
  key?: string;
  /** The store's key file; default: `gateway.seal` beside it. */
  sealKey?: string;
  say?: (text: string) => void;
  err?: (text: string) => void;
}

/** `wattle export`. The answer is the exit code: 2 where nothing was written. */
export async function exportCommand(options: ExportCommandOptions): Promise<number> {
  const say = options.say ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  try {
    const key = options.key === undefined ? undefined : loadKey(options.key, false).secretKey;
    const { entries, bytes, signed } = runExport(options.store, options.out, {
      key,
      sealKey: options.sealKey,
    });
    say(
      `${options.out}: ${entries} entries, ${bytes} bytes, ${signed ? "signed" : "NOT SIGNED"}\n`,
    );
    if (!signed)
      say("  Give --key with the gateway's key file, so that readers can trust the whole\n");
    return 0;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const known =
      error instanceof StoreError || error instanceof ExportError || error instanceof ConfigError;
    if (!known && code === undefined) throw error;
    err(`wattle export: ${message}\n`);
    return 2;
  }
}
