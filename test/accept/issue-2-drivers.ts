// SPDX-License-Identifier: Apache-2.0
/** Drivers: their vectors on both engines, and damaged frames. */
import { ensureXsHost, XsBuildError } from "#host-sim/xs-host/build";
import { onCi } from "../data.ts";
import { CHECK, VectorsHost } from "../xs/vectors-host.ts";
import type { Find, Line } from "./harness.ts";
import { CASES, FUZZERS, type Fuzzer, fuzz } from "./issue-2-fuzz.ts";
import { censuses, VECTOR_SETS } from "./issue-2-vectors.ts";

export const drivers: Line = {
  name: "drivers",
  title: "driver vectors: every frame type, sign and phase; 10 000 damaged frames per driver",
  takes: "20 s",
  ci: true,
  async run(find, say, { seed }) {
    for (const [census, must] of censuses()) {
      const { meter, frames, refused } = census;
      const what = `${meter}, ${frames} frames, ${refused} faults: types | signs | phases`;
      find(what, must, census);
    }
    for (const { driver, check } of VECTOR_SETS)
      find(`vectors of ${driver} on V8: disagreeing`, "none", check().join("; ") || "none");
    await onXs(find);
    const waiting = [...FUZZERS];
    // Two cores: two threads.
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        say(next.name);
        await damaged(next, seed, find);
      }
    };
    await Promise.all([lane(), lane()]);
  },
};

async function onXs(find: Find): Promise<void> {
  try {
    await ensureXsHost();
  } catch (error) {
    if (!(error instanceof XsBuildError && error.missing) || onCi()) throw error;
    return find("vectors on XS", "agree", error.message, "skip");
  }
  const host = await VectorsHost.start("native", true);
  try {
    for (const { driver } of VECTOR_SETS) {
      const faults = await host.check(CHECK[driver], null);
      find(`vectors of ${driver} on XS: disagreeing`, "none", faults.join("; ") || "none");
    }
  } finally {
    await host.close();
  }
}

async function damaged({ name, weak }: Fuzzer, seed: number, find: Find): Promise<void> {
  const { damaged, wrong, stuck, between, note, seconds } = await fuzz(name, seed);
  const what = `${name}, damaged by seed ${seed}${note && `; ${note}`}`;
  const right = damaged >= CASES && wrong.length === 0;
  if (weak) {
    // What the checksum cannot exclude is counted, not hidden (src/drivers/cse7766/README.md).
    const near = `${between} of ${damaged}, each between its sound neighbours`;
    const others = wrong.length > 0 ? `; ${wrong.length} others${first(wrong)}` : "";
    find(
      what,
      "accepted: none but between its sound neighbours",
      `accepted: ${near}${others}`,
      right,
    );
  } else {
    const accepted = `accepted: ${wrong.length} of ${damaged}${first(wrong)}`;
    find(what, `accepted: 0 of ${CASES}`, accepted, right);
  }
  const bad = `${stuck.length}${first(stuck)} (${seconds.toFixed(1)} s)`;
  find(`${name}: hung, or the next sound one not taken`, 0, bad, stuck.length === 0);
}

function first(lines: readonly string[]): string {
  return lines.length === 0 ? "" : ` (${lines[0]})`;
}
