// SPDX-License-Identifier: Apache-2.0
/** The thread behind SealThread: a key and what it is said to have sealed in, verdicts out, in order. */
import { randomBytes } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { toHex } from "#core/codec/bytes";
import { decodePublicKey } from "#core/crypto/boneh-boyen/keys";
import { createVerifier, type Verifier } from "#core/crypto/boneh-boyen/verify";
import type { SealQuestion } from "./seals.ts";

/** Tables of a key are worth their 300 ms for the seals after the first. */
let prepared: { key: string; verifier: Verifier } | undefined;
const entropy = { bytes: (count: number) => Uint8Array.from(randomBytes(count)) };

parentPort?.on("message", ({ sealKey, jobs, whole }: SealQuestion) => {
  const verifier = verifierOf(sealKey);
  const verdicts = jobs.map(() => verifier !== undefined);
  if (verifier) {
    const items = jobs.map(({ domain, record, seal }) => ({
      domain,
      message: record,
      signature: seal,
    }));
    if (whole) verdicts.fill(verifier.holdsAll(items, entropy));
    else for (const bad of verifier.verifyBatch(items, entropy)) verdicts[bad] = false;
  }
  parentPort?.postMessage(verdicts);
});

function verifierOf(sealKey: Uint8Array): Verifier | undefined {
  const key = toHex(sealKey);
  if (prepared?.key === key) return prepared.verifier;
  const decoded = decodePublicKey(sealKey);
  if (!decoded) return undefined;
  prepared = { key, verifier: createVerifier(decoded) };
  return prepared.verifier;
}
