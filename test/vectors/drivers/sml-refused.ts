// SPDX-License-Identifier: Apache-2.0
/** SML files that are refused, each between sound ones that are taken. */
import {
  entry,
  list,
  message,
  messages,
  NONE,
  octets,
  signed,
  smlFile,
  transport,
  twoWay,
  unsigned,
  W,
  WH,
} from "./sml-file.ts";
import { BOTH, type SmlVector } from "./sml-vector.ts";

/** A file that is refused between sound ones, with its faults. */
function refused(name: string, piece: Uint8Array, ...faults: string[]): SmlVector {
  const pieces = [
    smlFile(twoWay(1, 2, 3)),
    smlFile(twoWay(1, 2, 3)),
    piece,
    smlFile(twoWay(4, 5, -6)),
  ];
  const samples = [
    { counts: [1n, 2n], powerMw: 3000 },
    { counts: [4n, 5n], powerMw: -6000 },
  ];
  return { name, pieces, counters: BOTH, samples, faults };
}

/** A sound file with other entries behind the usual ones. */
function more(...entries: number[][]): Uint8Array {
  return smlFile([...twoWay(1, 2, 3), ...entries]);
}

/** A file whose only message has this body. */
function body(bytes: number[]): Uint8Array {
  return transport(message(0x0701, bytes));
}

function cut(file: Uint8Array, fromEnd: number): Uint8Array {
  return file.subarray(0, file.length - fromEnd);
}

function turned(file: Uint8Array, at: number): Uint8Array {
  return file.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
}

function nested(depth: number): number[] {
  let element = [...NONE];
  for (let i = 0; i < depth; i++) element = list(element);
  return element;
}

const SOUND = smlFile(twoWay(1, 2, 3));
const EMPTY_LIST = [NONE, NONE, NONE, NONE, list(), NONE, NONE];

export const REFUSED_FILES: readonly SmlVector[] = [
  refused("a bit turned", turned(SOUND, 60), "checksum"),
  refused("a bit of the checksum turned", turned(SOUND, SOUND.length - 1), "checksum"),
  refused("another checksum", smlFile(twoWay(1, 2, 3), { crc: "kermit" }), "checksum"),
  refused(
    "a message's checksum is wrong",
    smlFile(twoWay(1, 2, 3), { listChecksum: [1, 2] }),
    "checksum",
  ),
  refused(
    "a register twice",
    more(entry({ name: [1, 8, 0], unit: WH, value: unsigned(1) })),
    "range",
  ),
  refused("a power twice", more(entry({ name: [16, 7, 0], unit: W, value: unsigned(1) })), "range"),
  refused("a register missing", smlFile(twoWay(1, 2, 3).slice(0, 2)), "range"),
  refused("no register", smlFile([]), "range"),
  refused("no list", transport(message(0x0201, list(NONE))), "range"),
  refused("no message", transport([]), "range"),
  refused("energy in W", more(entry({ name: [1, 8, 1], unit: W, value: unsigned(1) })), "range"),
  refused("energy without a unit", more(entry({ name: [1, 8, 1], value: unsigned(1) })), "range"),
  refused(
    "an unknown unit",
    more(entry({ name: [1, 8, 1], unit: 0x7f, value: unsigned(1) })),
    "range",
  ),
  refused(
    "a scaler beyond all",
    more(entry({ name: [1, 8, 1], unit: WH, scaler: 10, value: unsigned(1) })),
    "range",
  ),
  refused(
    "energy below zero",
    more(entry({ name: [1, 8, 1], unit: WH, value: signed(-1) })),
    "range",
  ),
  refused(
    "energy beyond all",
    more(entry({ name: [1, 8, 1], unit: WH, value: unsigned(2n ** 64n - 1n, 8) })),
    "range",
  ),
  refused(
    "power beyond all",
    more(entry({ name: [1, 7, 0], unit: W, value: unsigned(2n ** 40n, 6) })),
    "range",
  ),
  refused(
    "energy as text",
    more(entry({ name: [1, 8, 1], unit: WH, value: octets([1]) })),
    "range",
  ),
  refused(
    "the PIN has lapsed",
    smlFile([
      entry({ name: [1, 8, 0], unit: WH, scaler: 3, value: unsigned(1) }),
      entry({ name: [2, 8, 0], unit: WH, scaler: 3, value: unsigned(1) }),
    ]),
    "range",
  ),
  refused(
    "energy as a list",
    more(entry({ name: [1, 8, 1], unit: WH, value: list(NONE) })),
    "framing",
  ),
  refused(
    "a scaler without a sign",
    more(list(octets([1, 0, 1, 8, 1, 255]), NONE, NONE, unsigned(WH), unsigned(1), NONE, NONE)),
    "framing",
  ),
  refused(
    "a number of nine bytes",
    more(entry({ name: [1, 8, 1], unit: WH, value: unsigned(1, 9) })),
    "framing",
  ),
  refused(
    "a number of no bytes",
    more(entry({ name: [1, 8, 1], unit: WH, value: [0x61] })),
    "framing",
  ),
  refused(
    "an end within a message",
    more(entry({ name: [1, 8, 1], unit: WH, value: [0] })),
    "framing",
  ),
  refused("a reserved type", more(entry({ name: [96, 8, 1], value: [0x22, 0x01] })), "framing"),
  refused(
    "reserved bits in a length",
    more(entry({ name: [96, 8, 1], value: [0x81, 0x12, 0] })),
    "framing",
  ),
  refused(
    "a length of four bytes",
    more(entry({ name: [96, 8, 1], value: [0x80, 0x80, 0x80, 0x05, 9] })),
    "framing",
  ),
  refused(
    "a length shorter than itself",
    more(entry({ name: [96, 8, 1], value: [0x80, 0x01] })),
    "framing",
  ),
  refused(
    "a length beyond the file",
    more(entry({ name: [96, 8, 1], value: [0x8f, 0x0f] })),
    "framing",
  ),
  refused(
    "an entry of six elements",
    more(list(octets([1, 0, 1, 8, 0, 255]), NONE, NONE, NONE, NONE, NONE)),
    "framing",
  ),
  refused(
    "lists within lists, too deep",
    more(entry({ name: [96, 8, 1], value: nested(9) })),
    "framing",
  ),
  refused("a list of more than there is", body([0x77, 1, 1, 1, 1, 0xff, 0x0f, 1]), "framing"),
  refused(
    "more elements than any file",
    body(list(...EMPTY_LIST.slice(0, 3), list(...new Array(1100).fill(NONE)))),
    "framing",
  ),
  refused(
    "text where a message should be",
    transport([...messages([]), ...octets([1, 2])]),
    "framing",
  ),
  refused("a message without its end", transport(messages([]).slice(0, -1)), "framing"),
  refused(
    "a padding of four",
    transport(messages(twoWay(1, 2, 3)), "x25", { count: 4 }),
    "framing",
  ),
  refused(
    "a padding that is not zero",
    transport(messages(twoWay(1, 2, 3)), "x25", { count: 1, fill: 7 }),
    "framing",
  ),
  refused(
    "a file that is too long",
    more(entry({ name: [96, 1, 0], value: octets(new Array(2048).fill(7)) })),
    "framing",
  ),
  refused(
    "an escape that is none",
    Uint8Array.of(...SOUND.subarray(0, 40), 27, 27, 27, 27, 2, 1, 1, 1),
    "framing",
  ),
  refused("noise", Uint8Array.of(1, 2, 3, 0x1b, 4), "framing"),
  refused("light is no noise", new Uint8Array(20)),
  // The end of a file: 1B1B1B1B 1A pp cc cc. Cut off before each of its bytes, and before its last data.
  ...[9, 8, 7, 6, 5, 4, 3, 2, 1].map((left) =>
    refused(
      `cut off ${left} bytes before its end`,
      cut(SOUND, left),
      left >= 5 ? "framing" : "checksum",
    ),
  ),
];
