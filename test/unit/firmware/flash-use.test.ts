// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { flashUse } from "#tools/firmware/flash-use";

/** The parts of the linker's file that count. */
const LINKED = String.raw`
#define mxHeapCount 4
#define mxStackCount 1
#define mxKeysCount 2
#define mxScriptsCount 1
static const txU1 gxCode3[306];
static const txSlot gxHeap[mxHeapCount] = {
/* 0000 */	{ NULL, {.ID = 14, .kind = XS_KEY_X_KIND}, .value = { .key = { "AggregateError", 0x152618 } }},
/* 0001 */	{ NULL, {.ID = 15, .kind = XS_CODE_X_KIND}, .value = { .code = { (txByte*)"\x0c\x01\"A", NULL } }},
/* 0002 */	{ NULL, {.ID = 16, .kind = XS_CODE_X_KIND}, .value = { .code = { (txByte*)"\x0c\x01\"A", NULL } }},
/* 0003 */	{ NULL, {.ID = 17, .kind = XS_STRING_X_KIND}, .value = { .string = "AggregateError" } },
};
`;

test("slots by number, equal code and names once, aligned", () => {
  assert.deepEqual(flashUse(LINKED), {
    slotBytes: 16 * 5,
    codeBytes: 306 + 8,
    nameBytes: 16 + (4 + 2) * 2 + 36,
  });
});
