// SPDX-License-Identifier: Apache-2.0
/** "Done when" of issue 2: the firmware. Parts: issue-2-*.ts. */
import { existsSync } from "node:fs";
import type { Finding, Line } from "./harness.ts";
import { cutWays, powerCuts } from "./issue-2-cuts.ts";
import { drivers } from "./issue-2-drivers.ts";
import { newcomer } from "./issue-2-newcomer.ts";
import { link, simulator } from "./issue-2-sdk.ts";
import { provision, update } from "./issue-2-wire.ts";

/** A part that is imported where it is there. */
const BUDGETS = new URL("./issue-2-budgets.ts", import.meta.url);

const budgets: Line = {
  name: "budgets",
  title: "static arena, peaks, bytecodes and growth of the device's own creation on 32-bit XS",
  takes: "5 min",
  ci: false,
  async run(find) {
    if (!existsSync(BUDGETS)) return find("budgets", "measured", `no ${BUDGETS.pathname}`, "skip");
    const part: { budgets(): Promise<Finding[]> } = await import(BUDGETS.href);
    for (const { what, required, measured, pass } of await part.budgets())
      find(what, required, measured, pass);
  },
};

export const issue2: Line[] = [
  link,
  simulator,
  budgets,
  drivers,
  powerCuts,
  cutWays,
  update,
  provision,
  newcomer,
];
