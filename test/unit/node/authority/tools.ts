// SPDX-License-Identifier: Apache-2.0
/** Authorities, nodes and their requests, small and fast. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, type Signed, signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { claimHash } from "#core/trust/claim";
import { DAY_MS } from "#core/units/time";
import { Authority } from "#node/authority/authority";
import type { Vault } from "#node/authority/key-store";
import { Register } from "#node/authority/register";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
export const NOW_MS = Date.UTC(2027, 0, 1);
export const NET = "testnet";
/** scrypt in a few milliseconds. */
export const LOG2_N = 10;
export const PASSPHRASE = "correct horse battery staple";

export const vault: Vault = {
  net: NET,
  name: "Street cooperative",
  atMs: NOW_MS,
  sealSecret: new Uint8Array(32).fill(1),
  anchorSecret: new Uint8Array(32).fill(2),
  caKey: new Uint8Array(138).fill(3),
  caCertificate: new Uint8Array(400).fill(4),
};
export const anchorKey = crypto.publicKey(vault.anchorSecret);

/** A folder that is gone after the tests of the file. */
export function tempFolder(): (...names: string[]) => string {
  const dir = mkdtempSync(join(tmpdir(), "wattle-authority-"));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return (...names) => join(dir, ...names);
}

export const init = (atMs = NOW_MS) =>
  ({ kind: "init", atMs, net: NET, name: vault.name, anchorKey: toHex(anchorKey) }) as const;

/** An authority with a new register at `path`. */
export function newAuthority(path: string): Authority {
  Register.create(path, crypto, vault.anchorSecret, init());
  return reopened(path);
}

export function reopened(path: string): Authority {
  return new Authority(crypto, vault, Register.open(path, crypto, anchorKey));
}

export const secretOf = (number: number) => new Uint8Array(32).fill(100 + number);
export const idOf = (number: number) => toHex(nodeIdOf(crypto, crypto.publicKey(secretOf(number))));

export const CODE = "7K2M-9QX4";

/** The signed request of node `number`; its bytes. */
export function requestBytes(number: number, more: Partial<Enrol> = {}): Uint8Array {
  const secret = secretOf(number);
  const publicKey = crypto.publicKey(secret);
  const value = {
    net: NET,
    publicKey,
    name: `house-${number}`,
    meter: `M-${number}`,
    connectionW: 17_250,
    wallets: new Uint8Array(32).fill(number),
    claim: claimHash(crypto, publicKey, CODE),
    renews: 0,
    atMs: NOW_MS,
    ...more,
  };
  return signRecord(enrolRecord, crypto, secret, value).bytes;
}

export function request(number: number, more: Partial<Enrol> = {}): Signed<Enrol> {
  const opened = openSigned(enrolRecord, crypto, requestBytes(number, more));
  if (!opened.ok) throw new Error(opened.detail);
  return opened;
}

/** A year from `fromMs` on. */
export const year = (fromMs = NOW_MS) => ({ fromMs, untilMs: fromMs + 365 * DAY_MS });

/** What a command said and returned. */
export async function run(
  command: (output: {
    say: (text: string) => void;
    err: (text: string) => void;
  }) => Promise<number>,
): Promise<{ code: number; said: string; failed: string }> {
  let said = "";
  let failed = "";
  const code = await command({
    say: (text) => void (said += text),
    err: (text) => void (failed += text),
  });
  return { code, said, failed };
}
