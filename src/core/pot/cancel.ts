// SPDX-License-Identifier: Apache-2.0
/**
 * The retry rule (ledger 4.4): an author whose body found too few witnesses takes it back in the body that
 * replaces it. From then on the first one is evidence against him, should it become a transaction after all.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { openSigned, type Refusal, signRecord, verifySigned } from "../codec/record.ts";
import type { Crypto } from "../crypto/port.ts";
import { refuse } from "../errors/codes.ts";
import type { Body } from "../records/tx.ts";
import { type Cancel, cancelRecord } from "../records/witness.ts";

/** The statement that takes back all bodies of `from` with this number and a tick before `beforeTick`. */
export function signCancel(crypto: Crypto, secretKey: Uint8Array, cancel: Cancel): Uint8Array {
  return signRecord(cancelRecord, crypto, secretKey, cancel).bytes;
}

/** A statement from outside: of this network and author, and signed by the owner of `publicKey`. */
export function openCancel(
  crypto: Crypto,
  publicKey: Uint8Array,
  net: string,
  from: Uint8Array,
  bytes: Uint8Array,
): { ok: true; cancel: Cancel } | Refusal {
  const signed = openSigned(cancelRecord, crypto, bytes);
  if (!signed.ok) return signed;
  const cancel = signed.value;
  if (cancel.net !== net) return refuse("WRONG_NET", cancel.net);
  if (!bytesEqual(cancel.from, from))
    return refuse("NODE_MISMATCH", "a cancel of another's bodies");
  if (!verifySigned(crypto, publicKey, signed)) return refuse("BAD_SIGNATURE", "a cancel");
  return { ok: true, cancel };
}

/** Whether a body with this number and tick is taken back. */
export function covers(cancel: Cancel, seq: number, tick: number): boolean {
  return cancel.seq === seq && tick < cancel.beforeTick;
}

/**
 * What `body` takes back, if anything. The statement in it has to be the author's, about the body's own
 * number, and not about the body itself.
 */
export function cancelIn(
  crypto: Crypto,
  publicKey: Uint8Array,
  body: Body,
): { ok: true; cancel: Cancel | undefined } | Refusal {
  if (!body.cancels) return { ok: true, cancel: undefined };
  const opened = openCancel(crypto, publicKey, body.net, body.from, body.cancels);
  if (!opened.ok) return opened;
  const { seq, beforeTick } = opened.cancel;
  if (seq !== body.seq) return refuse("TX_CANCELLED", `number ${seq} in a body of ${body.seq}`);
  if (beforeTick > body.tick) return refuse("TX_CANCELLED", "it takes itself back");
  return opened;
}
