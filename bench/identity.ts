// SPDX-License-Identifier: Apache-2.0
/**
 * Identities: what the authority's certificates cost, what a batch of them saves, and how many clients a broker can
 * tell apart.
 */
import { randomBytes } from "node:crypto";
import type { Bench } from "tinybench";
import { toHex } from "#core/codec/bytes";
import { deriveSecretKey, publicKeyOf } from "#core/crypto/boneh-boyen/keys";
import { sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier, type Signed } from "#core/crypto/boneh-boyen/verify";
import { nodeIdOf } from "#core/identity";
import { CONNECT_AGE_MS } from "#core/limits";
import { connectToken, openConnectToken } from "#core/trust/connect";
import { byTokens } from "#node/broker/authenticate";
import { BROKER_LIMITS } from "#node/broker/options";
import { sodiumCrypto } from "#node/crypto/sodium";

/** What a suite requires of its rates, by the names of its cases: a line each, "" where nothing is required. */
export interface Finding {
  what: string;
  required: string;
  measured: string;
  pass: boolean;
}

const DOMAIN = "wattle/certificate/1";
/** As large as a certificate. */
const MESSAGE_BYTES = 200;
const BATCHES = [8, 64, 512];
/** Nodes that connect, as many as an area holds. */
const CLIENTS = 1024;
/** How many times more certificates a second a batch of 64 has to check than the same one by one. */
const RATIO_MIN = 5;

/** Adds the cases; what it returns judges the rates, per second. The first case is the baseline. */
export function identity(bench: Bench): (rates: ReadonlyMap<string, number>) => Finding[] {
  const key = deriveSecretKey(new Uint8Array(32).fill(7), "wattle/bench-key/1");
  const publicKey = publicKeyOf(key);
  const messages = Array.from({ length: 512 }, (_, i) => new Uint8Array(MESSAGE_BYTES).fill(i));
  for (const [i, message] of messages.entries()) new DataView(message.buffer).setUint32(0, i);
  const signed = messages.map((message): Signed => {
    return { domain: DOMAIN, message, signature: sign(key, DOMAIN, message) };
  });

  const next = rotation(signed);
  // The fastest form one by one: with tables, a single pairing.
  const tables = createVerifier(publicKey);
  addVerify("certificate", tables);
  addVerify("certificate, no tables", createVerifier(publicKey, { windowBits: 1 }));
  const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  for (const size of BATCHES) {
    const batch = signed.slice(0, size);
    bench.add(`batches of ${size}`, () => {
      must(tables.verifyBatch(batch, entropy).length === 0);
    });
  }
  bench.add("certificate, sign", () => {
    sign(key, DOMAIN, next().message);
  });
  addConnects(bench);

  function addVerify(name: string, verifier: typeof tables): void {
    bench.add(name, () => {
      const { domain, message, signature } = next();
      must(verifier.verify(domain, message, signature));
    });
  }
  return (rates) => [atLeast(rates, "batches of 64", "certificate", RATIO_MIN)];
}

/** What a broker does for the password of a CONNECT: its token alone, and the whole decision. */
function addConnects(bench: Bench): void {
  const crypto = sodiumCrypto();
  const net = "bench";
  const gatewayKey = crypto.publicKey(new Uint8Array(32).fill(8));
  const gateway = nodeIdOf(crypto, gatewayKey);
  const atMs = Date.UTC(2027, 0, 1);
  const clients = Array.from({ length: CLIENTS }, (_, i) => {
    const secret = new Uint8Array(32).fill(9);
    new DataView(secret.buffer).setUint32(0, i);
    const publicKey = crypto.publicKey(secret);
    const client = toHex(nodeIdOf(crypto, publicKey));
    const token = { net, gateway, client, publicKey, atMs };
    return { client, password: connectToken(crypto, secret, token) };
  });
  const next = rotation(clients);
  bench.add("connect token", () => {
    const { client, password } = next();
    const rule = { net, gateway, client, nowMs: atMs, afterMs: 0 };
    must(openConnectToken(crypto, password, rule).ok);
  });
  const nowMs = () => atMs - CONNECT_AGE_MS / 2; // of its start: tokens are later than that
  const fresh = () =>
    byTokens({
      ...{ crypto, net, gatewayKey, nowMs },
      ...{ operators: new Set<string>(), seenMax: BROKER_LIMITS.tokensMax },
    });
  const nextOnce = rotation(clients);
  let count = 0;
  let authenticate = fresh();
  bench.add("connect, by token", () => {
    if (count++ % CLIENTS === 0) authenticate = fresh(); // each token counts once
    const { client, password } = nextOnce();
    const who = authenticate(client, client, password);
    must(!("fault" in who) && !(who instanceof Promise));
  });
}

/** One after the other, so that no case measures a single certificate. */
function rotation<T>(all: readonly T[]): () => T {
  let count = 0;
  return () => all[count++ % all.length];
}

function must(good: boolean): void {
  if (!good) throw new Error("what is good was refused");
}

function atLeast(
  rates: ReadonlyMap<string, number>,
  name: string,
  baseline: string,
  ratioMin: number,
): Finding {
  const ratio = (rates.get(name) ?? 0) / (rates.get(baseline) ?? Number.NaN);
  return {
    what: `${name}, to ${baseline}`,
    required: `≥ ${ratioMin}`,
    measured: ratio.toFixed(2),
    pass: ratio >= ratioMin,
  };
}
