// SPDX-License-Identifier: Apache-2.0
/**
 * What the linked JavaScript takes of a chip's flash, from the C file that the SDK's linker writes (8.2.3),
 * with the sizes that its tables have on a 32-bit chip. A compiler for RISC-V makes 2 % more of it
 * (docs/firmware.md).
 */

/** Bytes on a 32-bit chip (xs/sources/xsAll.h). */
const SLOT_BYTES = 16;
const POINTER_BYTES = 4;
const ID_BYTES = 2;
/** A txScript: a module's name, code and host functions. */
const SCRIPT_BYTES = 36;

export interface FlashUse {
  /** Objects, functions and everything else that was made while preloading. */
  slotBytes: number;
  /** Byte code. */
  codeBytes: number;
  /** Names of properties, other strings, and tables. */
  nameBytes: number;
}

/** @param linked the text of mc.xs.c, one character a byte */
export function flashUse(linked: string): FlashUse {
  const count = (name: string) =>
    Number(new RegExp(`^#define mx${name}Count (\\d+)`, "m").exec(linked)?.[1] ?? 0);
  // The compiler keeps equal literals once, and aligns them.
  const codes = new Set<string>();
  const strings = new Set<string>();
  for (const [, code, text] of linked.matchAll(/(\(txByte\*\))?"((?:[^"\\\n]|\\.)*)"/g))
    (code === undefined ? strings : codes).add(text);
  let codeBytes = sum(codes);
  // Modules that are not preloaded.
  for (const [, bytes] of linked.matchAll(/^static const txU1 gxCode\d+\[(\d+)\];/gm))
    codeBytes += Number(bytes);
  const pointers = ["Keys", "Names", "Symbols", "Slot", "BigInt", "RegExp"];
  return {
    slotBytes: SLOT_BYTES * (count("Heap") + count("Stack")),
    codeBytes,
    nameBytes:
      sum(strings) +
      pointers.reduce((bytes, name) => bytes + POINTER_BYTES * count(name), 0) +
      ID_BYTES * count("Keys") +
      SCRIPT_BYTES * count("Scripts"),
  };
}

function sum(literals: Iterable<string>): number {
  let bytes = 0;
  for (const text of literals) {
    const length = text.replace(/\\(x[\da-f]{2}|[0-7]{3}|.)/g, "_").length + 1;
    bytes += POINTER_BYTES * Math.ceil(length / POINTER_BYTES);
  }
  return bytes;
}
