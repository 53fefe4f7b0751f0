// SPDX-License-Identifier: Apache-2.0
/**
 * Factory reset. There are two kinds, and one that there is not:
 *
 * - Settings: whatever belongs to an owner (Wi-Fi, broker and its authority, area, gateway, name, prices).
 * What
 *   belongs to the board and its connection stays: driver, calibration, direction, capacity. Identity,
 * journal
 *   and registers stay, so that no number is used twice.
 * - Identity: a new key and claim code. The journal's numbers belong to the old key and go with it: a new
 *   member begins at number one, and the old key, which could sign a number again, is overwritten. What the
 *   old identity said and had no receipt for is lost.
 * - Registers go on through both: they are carried from the old journal into the new one, and no reset
 *   touches the registers' own keys.
 *
 * A reset of the identity is one intent in the store, carried out at the next start, before anything else
 * reads the store: a running node would write its old journal over the new one. Each step can be done again,
 * and the intent goes last, so that a power cut at any point ends in the whole old or the whole new identity.
 * The new key stands before the numbers begin anew: the old key never meets fresh numbers.
 */
import { bytes, FieldFault, struct, uint } from "#core/codec/schema";
import { Journal } from "../journal.ts";
import type { KeyValueStore, Log } from "../ports.ts";
import { firstState, type NodeState } from "../state.ts";
import type { ProvisionContext } from "./context.ts";
import { type IdentityPorts, type KeyCopy, newSecretKey, writeIdentity } from "./identity.ts";
import { withoutOwner } from "./settings.ts";
import { readSealed, writeSealed } from "./two-slots.ts";

const INTENT_KEY = "k2";
const CLAIM_KEY = "k1";
const intentField = struct({ generation: uint(), secretKey: bytes(32) });

/** Forgets what belongs to an owner. Whatever runs with it starts again (ProvisionPorts.changed). */
export function resetSettings({
  authority,
  store,
  ports,
}: Pick<ProvisionContext, "authority" | "store" | "ports">): void {
  // First, so that no cut leaves the next owner with the authority of the one before.
  authority.clear();
  store.replaceAll(withoutOwner(store.settings));
  ports.log("info", "settings-reset");
}

/**
 * Writes down that the next start begins with a new identity, number `generation`. From here on it will
 * happen. @returns false where the entropy source is stuck; then nothing is written
 */
export function planNewIdentity(ports: IdentityPorts, generation: number): boolean {
  const secretKey = newSecretKey(ports.crypto, ports.entropy);
  if (!secretKey) return false;
  const intent = { generation, secretKey };
  writeSealed(ports.store, INTENT_KEY, intentField.encode(intent, INTENT_KEY) as number[]);
  return true;
}

/** Carries out a reset of the identity that was planned. Call it before anything else reads the store. */
export function finishReset({ store, crypto, log }: Omit<IdentityPorts, "entropy">): boolean {
  const stored = readSealed(store, INTENT_KEY);
  if (stored === "missing") return false;
  const intent = readIntent(stored);
  if (!intent) {
    // Cut while it was written: nobody was told that it would happen.
    log("warn", "reset-torn");
    store.delete(INTENT_KEY);
    return false;
  }
  writeIdentity(store, crypto, intent);
  renewJournal(store, log);
  store.delete(CLAIM_KEY);
  store.delete(INTENT_KEY);
  log("info", "identity-reset", { generation: intent.generation });
  return true;
}

function readIntent(stored: ReturnType<typeof readSealed>): KeyCopy | undefined {
  if (!Array.isArray(stored)) return undefined;
  try {
    return intentField.decode(stored, INTENT_KEY);
  } catch (error) {
    if (error instanceof FieldFault) return undefined;
    throw error;
  }
}

/** The journal of a new member, with the registers of the old one. */
function renewJournal(store: KeyValueStore, log: Log): void {
  const hadOne = store.get("s0") ?? store.get("s1") ?? store.keys("o")[0];
  if (hadOne === undefined) return;
  const journal = new Journal(store);
  const old = journal.recover();
  const lost = journal.outbox.length;
  if (lost > 0) log("warn", "reset-unreceipted", { lost });
  const state = carried(old);
  // Newer than anything there, in both slots, before the messages that hold older states go.
  journal.save(state);
  journal.save(state);
  for (const key of store.keys("o")) store.delete(key);
}

/**
 * The state of a new member of this device: all but what belongs to the old key, its account and its market.
 * Boundaries are numbered by a gateway's world, which may be another one.
 */
function carried(old: NodeState): NodeState {
  const first = firstState();
  return {
    ...old,
    saidSeq: first.saidSeq,
    receiptedSeq: first.receiptedSeq,
    digest: first.digest,
    txSeq: first.txSeq,
    txid: first.txid,
    txMs: first.txMs,
    boundary: first.boundary,
    boundaryImportMwh: first.boundaryImportMwh,
    boundaryExportMwh: first.boundaryExportMwh,
    lastNetMwh: first.lastNetMwh,
    carryImportMwh: first.carryImportMwh,
    carryExportMwh: first.carryExportMwh,
    freeMicro: first.freeMicro,
    lockedMicro: first.lockedMicro,
    accountMs: first.accountMs,
    slots: first.slots,
    gateways: first.gateways,
    arrived: first.arrived,
  };
}
