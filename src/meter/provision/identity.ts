// SPDX-License-Identifier: Apache-2.0
/**
 * The node's identity: an Ed25519 secret key, made on the device at its first start. It is kept in two copies
 * and a seal, which says that the copies were finished and whose they are. A key is only ever made where no
 * key can have been used; where one is damaged the node says so and signs nothing, until a person resets the
 * identity on purpose.
 */
import { bytesEqual } from "#core/codec/bytes";
import { bytes, type Field, FieldFault, type Infer, struct, uint } from "#core/codec/schema";
import type { Crypto, Entropy } from "#core/crypto/port";
import type { KeyValueStore, Log } from "../ports.ts";
import { freshSecret } from "./entropy.ts";
import { readSealed, type Unread, writeSealed } from "./two-slots.ts";

const COPY_KEYS: readonly string[] = Object.freeze(["i0", "i1"]);
const SEAL_KEY = "k0";

const copyFields = {
  /** Counts the identities of this device, from 1. */
  generation: uint(),
  secretKey: bytes(32),
};
const copyField = struct(copyFields);
export type KeyCopy = Infer<typeof copyFields>;

const sealField = struct({ generation: uint(), publicKey: bytes(32) });

export type IdentityFault = "damaged" | "entropy";

export type Identity =
  | { ok: true; generation: number; secretKey: Uint8Array; publicKey: Uint8Array }
  | {
      ok: false;
      fault: IdentityFault;
      cause: string;
      cure: string;
      /** The damaged identity, where the seal still says whose it was. */
      publicKey: Uint8Array | undefined;
      /** At least the number of the last identity. */
      generation: number;
    };

export interface IdentityPorts {
  store: KeyValueStore;
  crypto: Crypto;
  entropy: Entropy;
  log: Log;
}

const DAMAGED = Object.freeze({
  ok: false as const,
  fault: "damaged" as const,
  cause: "the secret key in the store is damaged or gone",
  cure: "keep the device for inspection, or give it a new identity: wattle reset identity",
});

export const ENTROPY_FAULT = Object.freeze({
  ok: false as const,
  fault: "entropy" as const,
  cause: "the source of random numbers is stuck: equal draws, or all bytes equal",
  cure: "switch the device off and on; if it stays, the board or its firmware is faulty",
});

/** The identity in the store; a first one is made on a device that never had one. */
export function openIdentity(ports: IdentityPorts): Identity {
  const { store, crypto, log } = ports;
  const copies = COPY_KEYS.map((key) => read(store, key, copyField));
  const seal = read(store, SEAL_KEY, sealField);
  const whole = copies.filter((copy): copy is KeyCopy => typeof copy === "object");
  if (whole.length === 0) {
    if (isFirstStart(store, copies, seal)) return firstIdentity(ports);
    return damaged(log, typeof seal === "object" ? seal : undefined);
  }
  let chosen: KeyCopy | undefined = whole[0];
  if (typeof seal === "object") chosen = whole.find((copy) => isSealed(crypto, copy, seal));
  else if (!whole.every((copy) => isSame(copy, whole[0]))) chosen = undefined;
  if (!chosen) return damaged(log, typeof seal === "object" ? seal : undefined);
  return repaired(ports, chosen, copies, seal);
}

/** Writes both copies, then the seal. A cut on the way leaves a whole copy, or the old identity. */
export function writeIdentity(store: KeyValueStore, crypto: Crypto, copy: KeyCopy): Identity {
  for (const key of COPY_KEYS) write(store, key, copyField, copy);
  const publicKey = crypto.publicKey(copy.secretKey);
  write(store, SEAL_KEY, sealField, { generation: copy.generation, publicKey });
  return { ok: true, ...copy, publicKey };
}

/** A new secret key; undefined where the entropy source is stuck. */
export function newSecretKey(crypto: Crypto, entropy: Entropy): Uint8Array | undefined {
  return freshSecret(crypto, entropy, "wattle/identity/1");
}

function firstIdentity({ store, crypto, entropy, log }: IdentityPorts): Identity {
  const secretKey = newSecretKey(crypto, entropy);
  if (!secretKey) {
    log("error", "identity-entropy");
    return { ...ENTROPY_FAULT, publicKey: undefined, generation: 0 };
  }
  log("info", "identity-made");
  return writeIdentity(store, crypto, { generation: 1, secretKey });
}

type Stored<T> = T | Unread;

/**
 * Whether no key was ever in use: nothing is there, or at most the first write of a key that was cut short.
 * Where the node has said anything there was a key, whatever became of it.
 */
function isFirstStart(
  store: KeyValueStore,
  copies: readonly Stored<KeyCopy>[],
  seal: Stored<{ generation: number }>,
): boolean {
  if (seal !== "missing" || copies[1] !== "missing") return false;
  const spoke = store.get("s0") ?? store.get("s1") ?? store.keys("o")[0];
  return spoke === undefined;
}

function isSealed(
  crypto: Crypto,
  copy: KeyCopy,
  seal: { generation: number; publicKey: Uint8Array },
): boolean {
  if (copy.generation !== seal.generation) return false;
  return bytesEqual(crypto.publicKey(copy.secretKey), seal.publicKey);
}

function isSame(a: KeyCopy, b: KeyCopy): boolean {
  return a.generation === b.generation && bytesEqual(a.secretKey, b.secretKey);
}

/** Writes again whatever is not as it should be, before the identity is used. */
function repaired(
  { store, crypto, log }: IdentityPorts,
  chosen: KeyCopy,
  copies: readonly Stored<KeyCopy>[],
  seal: Stored<{ publicKey: Uint8Array }>,
): Identity {
  const isGood = (copy: Stored<KeyCopy>) => typeof copy === "object" && isSame(copy, chosen);
  if (copies.every(isGood) && typeof seal === "object")
    return { ok: true, ...chosen, publicKey: seal.publicKey };
  log("warn", "identity-repaired");
  copies.forEach((copy, i) => {
    if (!isGood(copy)) write(store, COPY_KEYS[i], copyField, chosen);
  });
  const publicKey = crypto.publicKey(chosen.secretKey);
  const { generation } = chosen;
  if (typeof seal !== "object") write(store, SEAL_KEY, sealField, { generation, publicKey });
  return { ok: true, ...chosen, publicKey };
}

function damaged(
  log: Log,
  seal: { generation: number; publicKey: Uint8Array } | undefined,
): Identity {
  log("error", "identity-damaged");
  return { ...DAMAGED, publicKey: seal?.publicKey, generation: seal?.generation ?? 0 };
}

function write<T>(store: KeyValueStore, key: string, field: Field<T>, value: T): void {
  writeSealed(store, key, field.encode(value, key) as number[]);
}

function read<T>(store: KeyValueStore, key: string, field: Field<T>): Stored<T> {
  const stored = readSealed(store, key);
  if (!Array.isArray(stored)) return stored;
  try {
    return field.decode(stored, key);
  } catch (error) {
    if (error instanceof FieldFault) return "damaged";
    throw error;
  }
}
