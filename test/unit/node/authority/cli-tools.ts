// SPDX-License-Identifier: Apache-2.0
/** The commands of an authority in a folder of its own. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { toHex } from "#core/codec/bytes";
import {
  authorityInitCommand,
  authorityIssueCommand,
  authorityRenewCommand,
  authorityRevokeCommand,
} from "#node/cli/authority";
import {
  authorityExportCommand,
  authorityListCommand,
  authorityTlsCommand,
} from "#node/cli/authority-files";
import {
  crypto,
  LOG2_N,
  NET,
  NOW_MS,
  PASSPHRASE,
  requestBytes,
  run,
  secretOf,
  tempFolder,
} from "./tools.ts";

export const at = tempFolder();
writeFileSync(at("pass"), `${PASSPHRASE}\n`, { mode: 0o600 });
let count = 0;

/** An authority in a folder of its own, and its commands. */
export async function authority() {
  const name = `a${count++}`;
  mkdirSync(at(name));
  const key = at(name, "authority.key");
  const files = { key, passphraseFile: at("pass"), nowMs: NOW_MS };
  const out = at(name, "out");
  const made = await run((output) =>
    authorityInitCommand({ ...files, net: NET, name: "Test", out, log2N: LOG2_N, ...output }),
  );
  assert.equal(made.code, 0, made.failed);
  return {
    key,
    out,
    at: (...names: string[]) => at(name, ...names),
    anchorKey: Uint8Array.from(
      Buffer.from(/anchor key ([0-9a-f]{64})/.exec(made.said)?.[1] ?? "", "hex"),
    ),
    issue: (more: object) =>
      run((output) => authorityIssueCommand({ ...files, out, ...more, ...output })),
    revoke: (target: string, reason: string, more = {}) =>
      run((output) =>
        authorityRevokeCommand(target, { ...files, out, reason, ...more, ...output }),
      ),
    renew: (requests: string, more = {}) =>
      run((output) => authorityRenewCommand({ ...files, out, requests, ...more, ...output })),
    list: (more = {}) =>
      run((output) => authorityListCommand({ key, nowMs: NOW_MS, ...more, ...output })),
    export: (more = {}) =>
      run((output) => authorityExportCommand({ ...files, out, ...more, ...output })),
    tls: (host: string, more = {}) =>
      run((output) => authorityTlsCommand({ ...files, host, out, ...more, ...output })),
  };
}

export function requestFile(number: number, more = {}, folder = at()): string {
  const path = `${folder}/${number}-${count++}.enrol`;
  writeFileSync(path, requestBytes(number, more));
  return path;
}

export const hexOf = (number: number) => toHex(crypto.publicKey(secretOf(number)));
