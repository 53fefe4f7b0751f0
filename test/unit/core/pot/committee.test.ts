// SPDX-License-Identifier: Apache-2.0
/** Whether a node witnesses, with and without drawing lots. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { epochOf, idOf } from "./world.ts";

test("who has a rank is in the committee, and nobody else, in areas of every size", () => {
  for (const n of [1, 2, 3, 12, 16, 17, 20]) {
    const committees = epochOf(n);
    // The last two are no members.
    for (const author of [0, n - 1, n, 99])
      for (const tick of [0, 1, 7])
        for (let node = 0; node < n + 2; node++)
          assert.equal(
            committees.has(idOf(author), tick, idOf(node)),
            committees.rank(idOf(author), tick, idOf(node)) >= 0,
            `${node} of ${n} for ${author} in tick ${tick}`,
          );
  }
});
