// SPDX-License-Identifier: Apache-2.0
/** A key-value store on the power of a simulated board; a cut leaves a torn value behind. */
import type { KeyValueStore } from "#meter/ports";
import type { Power } from "./power.ts";

/** `entries` outlives the starts of the board. */
export function poweredStore(entries: Map<string, Uint8Array>, power: Power): KeyValueStore {
  return {
    get: (key) => entries.get(key)?.slice(),
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
    set: (key, value) =>
      power.step(
        () => void entries.set(key, value.slice()),
        (noise) => {
          const torn = value.slice();
          torn.fill(0xff, Math.floor((value.length * noise()) / 256));
          entries.set(key, torn);
        },
      ),
    delete: (key) =>
      power.step(
        () => void entries.delete(key),
        () => {},
      ),
  };
}
