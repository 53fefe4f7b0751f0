// SPDX-License-Identifier: Apache-2.0
/** Writes selection.json: `node test/vectors/dag/make.ts`. The tests compare every engine with it. */
import { writeFileSync } from "node:fs";
import { type SelectionVector, selectionsOf } from "./check.ts";

const LAST = 20;
const node = { capacity: 128, window: 64, grows: false };
const gateway = { capacity: 128, window: 128, grows: true };
const setups = [
  { name: "a quiet area on a node", seed: 1, ...node, inFlight: 0, count: 150 },
  { name: "three under way on a node", seed: 2, ...node, inFlight: 3, count: 300 },
  { name: "ten under way on a gateway", seed: 3, ...gateway, inFlight: 10, count: 400 },
];
const vectors = setups.map((setup): SelectionVector => {
  const vector = { ...setup, choices: [], weights: [] };
  return { ...vector, ...selectionsOf(vector, LAST) };
});
writeFileSync(new URL("selection.json", import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`);
