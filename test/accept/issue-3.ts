// SPDX-License-Identifier: Apache-2.0
/** "Done when" of issue 3: who is who. Parts: issue-3-*.ts. */
import type { Line } from "./harness.ts";
import { attacks } from "./issue-3-attacks.ts";
import { secureDemo } from "./issue-3-demo.ts";

export const issue3: Line[] = [secureDemo, attacks];
