// SPDX-License-Identifier: Apache-2.0
/**
 * Banks again from the log: each offer is its gateway's, and after every block loans, tokens and books keep
 * their invariants. Prices and states follow from executing the block, as everything else does.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { creditFaults } from "#core/ledger/credit-loans";
import { hasCredit } from "#core/ledger/credit-state";
import { bankRecord } from "#core/records/bank";
import { offerEvent } from "../credit/desk.ts";
import { creditFacts } from "../credit/facts.ts";
import { bankEntry } from "../entries.ts";
import { openEntry } from "./open.ts";
import type { Context } from "./state.ts";

export function auditBank(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, bankEntry, bytes);
  if (!entry) return;
  const opened = openSigned(bankRecord, ports.crypto, entry.signed);
  if (!opened.ok) return findings.fault("RECORD_MALFORMED", {}, `bank: ${opened.detail}`);
  const { net, bank } = opened.value;
  // What a gateway offered counts, though it left with the same turn.
  const own =
    state.consortium?.partners.keyOf(toHex(bank)) ??
    state.gateways.find(({ node }) => bytesEqual(node, bank))?.publicKey;
  const { id: message, signature } = opened;
  const publicKey = own ?? state.world.gatewayKey;
  findings.signature({ publicKey, message, signature }, "SIGNATURE_GATEWAY", {}, "bank");
  if (net !== state.net || !own)
    findings.fault("WRONG_ORIGIN", {}, `bank of ${toHex(bank)} in ${net}`);
  const event = offerEvent(ports.crypto, entry.signed);
  if (event) state.pending.set(toHex(event.id), event);
}

/** I1, I3, I23, I24 and I27 to I29 after a block; and what the summary says of credit. */
export function checkCredit({ state, findings }: Context, height: number): void {
  const { ledger, summary } = state;
  if (!hasCredit(ledger)) return;
  for (const fault of creditFaults(ledger)) findings.fault("CREDIT", { height }, fault);
  summary.credit = creditFacts(ledger, (node) => state.nameOf(node));
}
