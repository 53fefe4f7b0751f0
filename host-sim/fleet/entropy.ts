// SPDX-License-Identifier: Apache-2.0
/** The randomness of simulated nodes. */
import { hash, randomBytes } from "node:crypto";
import type { Entropy } from "#core/crypto/port";
import type { NodeSetup } from "./types.ts";

const DOMAIN = "wattle/fleet/entropy/1\0";

/** `seeded`: a run replays. `real`: the system's generator. */
export type EntropyKind = "seeded" | "real";

/**
 * A stream per node and start, the same on every engine:
 * SHA-256(domain ‖ seed ‖ boots ‖ counter), numbers as 8 bytes, counter from 0.
 */
export function seededEntropy(seed: number, boots: number): Entropy {
  const block = Buffer.alloc(DOMAIN.length + 24);
  block.write(DOMAIN, "latin1");
  block.writeDoubleLE(seed, DOMAIN.length);
  block.writeDoubleLE(boots, DOMAIN.length + 8);
  let counter = 0;
  let rest: Uint8Array = new Uint8Array(0);
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        if (rest.length === 0) {
          block.writeDoubleLE(counter++, DOMAIN.length + 16);
          rest = hash("sha256", block, "buffer");
        }
        const taken = rest.subarray(0, length - at);
        bytes.set(taken, at);
        rest = rest.subarray(taken.length);
        at += taken.length;
      }
      return bytes;
    },
  };
}

export function entropyFor(kind: EntropyKind, setup: NodeSetup): Entropy {
  if (kind === "seeded") return seededEntropy(setup.seed, setup.boots ?? 0);
  return { bytes: (length) => new Uint8Array(randomBytes(length)) };
}
