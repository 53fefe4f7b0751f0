// SPDX-License-Identifier: Apache-2.0
/**
 * `wattle verify`: re-checks a gateway's store or an exported ledger, offline and without trusting
 * either.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fromHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import { type ExportFault, isExport, readExport } from "#gateway/audit/export";
import { EXPORT_FAULTS } from "#gateway/audit/import";
import type { AuditResult } from "#gateway/audit/types";
import type { LogEntry } from "#gateway/ports";
import { ConfigError } from "../config/config-error.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { explain, StoreError } from "../store/errors.ts";
import { openSealedStore } from "../store/sealed.ts";
import { renderReport } from "./verify-text.ts";

/** Exit codes: 1 something is wrong with the ledger, 2 it could not be read. */
export const EXIT_OK = 0;
export const EXIT_FAULTS = 1;
export const EXIT_UNREADABLE = 2;

export interface VerifyOptions {
  /** Public key of the gateway that must have kept the log. */
  gatewayKey?: Uint8Array;
  /** The key file of a store; default: `gateway.seal` beside it. */
  sealKey?: string;
  /** Faults kept; default 100. */
  faultsMax?: number;
  /** Called now and then with the number of entries checked. */
  progress?: (entries: number) => void;
}

export interface VerifyReport {
  exitCode: number;
  file: {
    path: string;
    bytes: number;
    kind: "store" | "export" | "unknown";
    /** An export's end bears the gateway's signature. */
    signed?: boolean;
    /** An export's last chain hash. */
    chain?: string;
  };
  /** Why it could not be read, with the cure. */
  error?: string;
  /** What is wrong with the export as a file. */
  exportFault?: ExportFault & { meaning: string };
  audit?: AuditResult;
  seconds: number;
}

/** Verifies the store or export at `path`. Never throws on what the file holds. */
export function runVerify(path: string, options: VerifyOptions = {}): VerifyReport {
  const begunMs = performance.now();
  const file: VerifyReport["file"] = { path, bytes: 0, kind: "unknown" };
  const report: VerifyReport = { exitCode: EXIT_UNREADABLE, file, seconds: 0 };
  try {
    file.bytes = statSync(path).size;
    const magic = firstBytes(path, 16);
    if (isExport(magic)) verifyExport(path, options, report);
    else if (Buffer.from(magic).toString("latin1") === "SQLite format 3\0")
      verifyStore(path, options, report);
    else report.error = `${path}: neither a store nor an exported ledger. Give one of these`;
  } catch (error) {
    report.error = reasonOf(error, path);
    report.exitCode = isDamage(error) ? EXIT_FAULTS : EXIT_UNREADABLE;
  }
  report.seconds = (performance.now() - begunMs) / 1000;
  return report;
}

function verifyExport(path: string, options: VerifyOptions, report: VerifyReport): void {
  report.file.kind = "export";
  const read = readExport(sodiumCrypto(), readFileSync(path));
  if (!read.ok) {
    report.exportFault = { ...read, meaning: EXPORT_FAULTS[read.code] };
    report.exitCode = EXIT_FAULTS;
    return;
  }
  report.file.signed = read.signed;
  report.file.chain = read.chain;
  auditInto(read.entries, options, report);
}

function verifyStore(path: string, options: VerifyOptions, report: VerifyReport): void {
  report.file.kind = "store";
  const store = openSealedStore(path, { keyFile: options.sealKey });
  try {
    auditInto(store.read(), options, report);
  } finally {
    store.close();
  }
}

function auditInto(
  entries: Iterable<LogEntry>,
  { gatewayKey, faultsMax, progress }: VerifyOptions,
  report: VerifyReport,
): void {
  const ports = { crypto: sodiumCrypto() };
  report.audit = audit(entries, ports, { gatewayKey, faultsMax, onProgress: progress });
  report.exitCode = report.audit.ok ? EXIT_OK : EXIT_FAULTS;
}

function firstBytes(path: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const file = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function reasonOf(error: unknown, path: string): string {
  const explained = explain(error, path);
  if (explained instanceof StoreError || explained instanceof ConfigError) return explained.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${path}: no such file. Check the path`;
  if (code === "EACCES") return `${path}: not readable. Check its owner and mode`;
  if (code === "EISDIR") return `${path}: a folder. Give the store or export inside it`;
  throw error;
}

/** A row that does not match its checksum is a finding about the ledger; a locked store is not. */
function isDamage(error: unknown): boolean {
  return error instanceof StoreError && error.code === "STORE_CORRUPT";
}

export interface VerifyCommandOptions {
  path: string;
  /** Hex of the key that the log's gateway must have. */
  gatewayKey?: string;
  /** The key file of a store. */
  sealKey?: string;
  json?: boolean;
  /** No progress on the terminal. */
  quiet?: boolean;
  out?: (text: string) => void;
  err?: (text: string) => void;
}

/** `wattle verify`. The answer is the exit code. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<number> {
  const out = options.out ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  const gatewayKey = options.gatewayKey === undefined ? undefined : fromHex(options.gatewayKey);
  if (options.gatewayKey !== undefined && gatewayKey?.length !== 32) {
    err("wattle verify: --gateway-key takes 64 hex digits\n");
    return EXIT_UNREADABLE;
  }
  const watched = !options.quiet && !options.json && process.stderr.isTTY && !options.err;
  const name = basename(options.path);
  const progress = (entries: number) => err(`\r${name}: ${entries} entries checked`);
  const report = runVerify(options.path, {
    gatewayKey,
    sealKey: options.sealKey,
    progress: watched ? progress : undefined,
  });
  if (watched) err("\r\x1b[K");
  if (options.json) out(`${JSON.stringify(report)}\n`);
  else if (report.error !== undefined) err(`wattle verify: ${report.error}\n`);
  else out(renderReport(report));
  return report.exitCode;
}
