// SPDX-License-Identifier: Apache-2.0
/**
 * A whole update of a board whose power goes at chosen steps: writes and erases of images, of the
 * bootloader's notes and of the stored progress alike. Pure, so that XS runs it too.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import type { Code } from "#core/errors/codes";
import { releaseRecord, SECTOR_BYTES } from "#core/records/release";
import { type Behaviour, Board, plainOperator } from "#host-sim/flash/board";
import { makeImage } from "#host-sim/flash/image";
import { activeEntry, ImageState, readEntries } from "#host-sim/flash/otadata";
import { CUT_MODES, type Cut, type CutMode, Power } from "#host-sim/flash/power";

export interface UpdateCase {
  name: string;
  /** What the new image does on the board. */
  behaviour?: Behaviour;
  /** The source serves another image, which is whole for itself. */
  evil?: boolean;
  /** A bootloader that cannot roll back. */
  noRollback?: boolean;
  /** The version inside the image, where it is not the one of the release. */
  inside?: { major: number; minor: number; patch: number };
  /** How it ends without cuts: the new image, or the old one with a code. */
  ends: "new" | Code;
}

export const UPDATE_CASES: readonly UpdateCase[] = [
  { name: "a good image", ends: "new" },
  { name: "an image that finds no network", behaviour: { network: false }, ends: "TRIAL_GATES" },
  { name: "an image that finds no meter", behaviour: { meter: false }, ends: "TRIAL_GATES" },
  { name: "an image that crashes", behaviour: { crashAfterMs: 900 }, ends: "TRIAL_CUT" },
  { name: "another image than the signed one", evil: true, ends: "UPDATE_HASH" },
  {
    name: "an image of another version than its release",
    inside: { major: 1, minor: 1, patch: 0 },
    ends: "UPDATE_VERSION",
  },
  { name: "a good image, no rollback in the bootloader", noRollback: true, ends: "new" },
  {
    name: "no meter, no rollback in the bootloader",
    behaviour: { meter: false },
    noRollback: true,
    ends: "TRIAL_GATES",
  },
  {
    name: "a crash, no rollback in the bootloader",
    behaviour: { crashAfterMs: 900 },
    noRollback: true,
    ends: "TRIAL_CUT",
  },
];

/** Four sectors and a half, in chunks of a quarter. */
export const SIZE_BYTES = 18_000;
const CHUNK_BYTES = 1024;
const SLOT_SECTORS = 6;
const OLD = { major: 1, minor: 0, patch: 9 };
const NEW = { major: 1, minor: 1, patch: 1 };

export interface UpdateOutcome {
  steps: number;
  starts: number;
  cuts: number;
  receivedBytes: number;
  state: string;
  code: string | undefined;
  image: "old" | "new";
}

/** SHA-256 of the image that the release of a plain case names. */
export function signedHash(crypto: Crypto): Uint8Array {
  return crypto.sha256(makeImage(crypto, NEW, SIZE_BYTES, 2));
}

/** Runs a case to its end, and asserts what must hold at every start on the way. */
export function runUpdate(
  crypto: Crypto,
  what: UpdateCase,
  cuts: readonly Cut[],
  seed = 1,
): UpdateOutcome {
  const releaseKey = crypto.sha256(Uint8Array.of(7));
  const oldImage = makeImage(crypto, OLD, 15_000, 1);
  const newImage = makeImage(crypto, what.inside ?? NEW, SIZE_BYTES, 2);
  const evil = makeImage(crypto, NEW, SIZE_BYTES, 3);
  const signed = signRecord(releaseRecord, crypto, releaseKey, {
    board: "sim",
    firmware: NEW,
    sizeBytes: SIZE_BYTES,
    sha256: crypto.sha256(newImage),
    minimum: { major: 1, minor: 0, patch: 0 },
    chunkBytes: CHUNK_BYTES,
  });
  const names = new Map([
    [toHex(crypto.sha256(oldImage)), "old" as const],
    [toHex(crypto.sha256(newImage)), "new" as const],
  ]);
  const served = what.evil ? evil : newImage;
  const board = new Board({
    crypto,
    config: { board: "sim", releaseKey: crypto.publicKey(releaseKey) },
    slotSectors: SLOT_SECTORS,
    factory: oldImage,
    behaviour: new Map([[toHex(crypto.sha256(newImage)), what.behaviour ?? {}]]),
    operator: plainOperator(signed.bytes, signed.id, served, CHUNK_BYTES),
    power: new Power(cuts, seed),
    rollback: !what.noRollback,
  });
  board.run();
  for (const start of board.starts) assert(names.has(start), "RAN_ANOTHER_IMAGE", start);
  const image = names.get(board.starts[board.starts.length - 1])!;
  const { state, code } = board.updater!;
  checkEnd(board, image, what);
  return {
    steps: board.power.steps,
    starts: board.starts.length,
    cuts: board.cuts,
    receivedBytes: board.receivedBytes,
    state,
    code,
    image,
  };
}

/** The end is one that lasts: another start brings the same image, which is nobody's trial. */
function checkEnd(board: Board, image: "old" | "new", what: UpdateCase): void {
  const { state, code } = board.updater!;
  const detail = `${what.name}: ${image}, ${state}, ${code}; ${board.logs.slice(-8).join("; ")}`;
  // Without a state where the power went right after the last write.
  if (image === "new") assert(!code && /^(confirmed|idle)$/.test(state), "NOT_CONFIRMED", detail);
  else assert(state === "failed" && code !== undefined, "OLD_WITHOUT_REASON", detail);
  const before = board.starts[board.starts.length - 1];
  board.power.cuts.length = 0;
  const { steps } = board.power;
  board.start();
  assert(!board.live(), "NOT_THE_END", detail);
  assert(board.starts[board.starts.length - 1] === before, "ANOTHER_AFTER_RESTART", detail);
  assert(board.power.steps === steps, "WRITES_AT_REST", detail);
  const entries = readEntries(board.flash);
  const active = activeEntry(entries);
  assert(active >= 0 && entries[active].state === ImageState.valid, "NOT_VALID", detail);
}

/** What a single cut may not change: where it ends, and that it goes on where it was. */
function checkCut(what: UpdateCase, whole: UpdateOutcome, cut: UpdateOutcome): string | undefined {
  if (cut.cuts !== 1) return `${cut.cuts} cuts`;
  if (cut.image !== whole.image) return `ends with the ${cut.image} image`;
  if (cut.code !== whole.code) return `ends with ${cut.code}`;
  // A wrong image that was erased, but not yet counted, is counted again.
  const more = what.evil ? 0 : SECTOR_BYTES;
  if (cut.receivedBytes > whole.receivedBytes + more && !what.evil)
    return `${cut.receivedBytes} bytes received, ${whole.receivedBytes} without a cut`;
  return undefined;
}

export interface Sweep {
  steps: number;
  cases: number;
  faults: string[];
}

/** One cut at every step, in each of `modes`; torn ones with every seed. */
export function sweepUpdate(
  crypto: Crypto,
  what: UpdateCase,
  modes: readonly CutMode[] = CUT_MODES,
  seeds: readonly number[] = [1],
): Sweep {
  const whole = runUpdate(crypto, what, []);
  const sweep: Sweep = { steps: whole.steps, cases: 0, faults: [] };
  if ((whole.image === "new" ? "new" : whole.code) !== what.ends)
    sweep.faults.push(`without a cut it ends with ${whole.image}, ${whole.code}`);
  for (let step = 1; step <= whole.steps; step++)
    for (const mode of modes)
      for (const seed of mode === "torn" ? seeds : [1]) {
        sweep.cases++;
        let fault: string | undefined;
        try {
          fault = checkCut(what, whole, runUpdate(crypto, what, [{ step, mode }], seed * 7919));
        } catch (error) {
          fault = error instanceof Error ? error.message : String(error);
        }
        if (fault) sweep.faults.push(`${mode} step ${step}, seed ${seed}: ${fault}`);
      }
  return sweep;
}
