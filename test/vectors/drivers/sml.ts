// SPDX-License-Identifier: Apache-2.0
/**
 * Checks the SML driver against the files of sml-taken.ts and sml-refused.ts, through its serial line.
 * Imports nothing of Node, so that the same function runs in a bundle on the XS engine.
 */
import { Sml } from "#drivers/sml/sml";
import type { EnergySample } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../helpers/driver-io.ts";
import { sendPieces } from "./pieces.ts";
import { same } from "./same.ts";
import { REFUSED_FILES } from "./sml-refused.ts";
import { TAKEN_FILES } from "./sml-taken.ts";
import type { SmlVector } from "./sml-vector.ts";

export const SML_VECTORS: readonly SmlVector[] = [...TAKEN_FILES, ...REFUSED_FILES];

function check(vector: SmlVector): string[] {
  const faults: string[] = [];
  const seen: string[] = [];
  const samples: EnergySample[] = [];
  const timer = new ManualTimer();
  const line = new FakeSerial();
  const driver = new Sml({
    sensor: line.construction,
    timer,
    crc: vector.crc,
    registers: vector.registers,
    onSample: (sample) => samples.push(sample),
    onFault: (fault) => seen.push(fault),
  });
  for (const piece of vector.pieces) {
    timer.advance(2000);
    sendPieces(line, piece);
  }
  const counters = driver.counters.map(({ name, mwh }) => [name, mwh]);
  if (!same(counters, vector.counters ?? [])) faults.push(`counters ${counters}`);
  const said = samples.map(({ uptimeMs, ...sample }) => sample);
  if (!same(said, vector.samples ?? []))
    faults.push(`samples ${said.map(({ counts, powerMw }) => `${counts} ${powerMw}`)}`);
  if (!same(driver.sample(), samples[samples.length - 1])) faults.push("the newest sample");
  if (!same(seen, vector.faults ?? [])) faults.push(`faults ${seen}`);
  driver.close();
  if (timer.pending > 0 || line.closed !== 1) faults.push("not closed");
  return faults;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkSml(vectors: readonly SmlVector[] = SML_VECTORS): string[] {
  return vectors.flatMap((vector) => check(vector).map((fault) => `${vector.name}: ${fault}`));
}
