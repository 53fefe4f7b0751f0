// SPDX-License-Identifier: Apache-2.0
/**
 * The firmware's crypto on the SDK's engine, asked by JSON lines: a vector of test/vectors is answered by what
 * the crypto says to it, a question for time by microseconds.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { deviceCrypto } from "#platform/crypto";
import { guarded } from "#xs/device/guard";
import { uptimeMs } from "#xs/device/timer";

declare const screen: { onMessage?: (message: string) => void; postMessage(text: string): void };

interface Vector {
  name: string;
  publicKey: string;
  message: string;
  signature: string;
  secretKey?: string;
}

/** `runs` times, with a key of its own. */
interface Timing {
  time: "sign" | "verify";
  runs: number;
}

const bytes = (hex: string) => fromHex(hex) ?? new Uint8Array(0);

function verdictOf(crypto: Crypto, vector: Vector): boolean | string {
  try {
    const { publicKey, message, signature } = vector;
    return crypto.verify(bytes(publicKey), bytes(message), bytes(signature));
  } catch (error) {
    return String(error);
  }
}

function check(crypto: Crypto, vector: Vector): Record<string, unknown> {
  const { name, secretKey, message } = vector;
  const answer = { name, crypto: crypto.name, verdict: verdictOf(crypto, vector) };
  if (secretKey === undefined) return answer;
  const key = bytes(secretKey);
  return {
    ...answer,
    publicKey: toHex(crypto.publicKey(key)),
    signature: toHex(crypto.sign(key, bytes(message))),
  };
}

function measure(crypto: Crypto, { time, runs }: Timing): Record<string, unknown> {
  const secretKey = new Uint8Array(32).fill(7);
  const message = new Uint8Array(300).fill(9);
  const publicKey = crypto.publicKey(secretKey);
  const signature = crypto.sign(secretKey, message);
  const beganMs = uptimeMs();
  for (let i = 0; i < runs; i++) {
    if (time === "sign") crypto.sign(secretKey, message);
    else if (!crypto.verify(publicKey, message, signature)) return { time, wrong: true };
  }
  return { time, microseconds: Math.round(((uptimeMs() - beganMs) * 1000) / runs) };
}

function start(): void {
  const crypto = deviceCrypto();
  const answer = (text: string) => {
    const asked = JSON.parse(text) as Vector | Timing;
    const found = "time" in asked ? measure(crypto, asked) : check(crypto, asked);
    screen.postMessage(JSON.stringify(found));
  };
  screen.onMessage = (text) => guarded(() => answer(String(text)));
}

export default function main(): void {
  guarded(start);
}
