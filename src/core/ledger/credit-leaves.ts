// SPDX-License-Identifier: Apache-2.0
/** The leaves of banks and borrowers, and the entries again from them. */
import { toHex } from "../codec/bytes.ts";
import type { CborValue } from "../codec/cbor.ts";
import { hash, type Infer, list, optional, struct, u64, uint } from "../codec/schema.ts";
import { CREDIT_POINTS_MAX, LOANS_COUNTED_MAX } from "../credit/bounds.ts";
import type { Crypto } from "../crypto/port.ts";
import { bankTerms } from "../records/bank.ts";
import { nodeId, wallet } from "../records/common.ts";
import { LOAN_STATES } from "../records/credit.ts";
import type { BankEntry, CreditEntry } from "./credit-state.ts";
import { hex, Leaf, leaf, type StateLeaf } from "./leaves.ts";

const count = uint();
const flag = uint(1);

/** What follows a leaf's kind. */
export const BANK_SHAPE = struct({
  bank: nodeId,
  wallet,
  version: count,
  terms: bankTerms,
  book: struct({
    capitalMicro: count,
    reserveMicro: count,
    outstandingMicro: count,
    interestMicro: count,
    penaltiesMicro: count,
    writtenOffMicro: count,
    distributedMicro: count,
  }),
});

const LOAN_SHAPE = struct({
  state: uint(LOAN_STATES.length - 1),
  version: count,
  alphaPpm: count,
  betaPpm: count,
  months: count,
  validUntilMs: count,
  repayByMs: count,
  defaultAtMs: count,
  principalMicro: count,
  amountMicro: count,
  balanceMicro: count,
  spentMicro: count,
  principalPaidMicro: count,
  chargePaidMicro: count,
  swept: flag,
});

export const CREDIT_SHAPE = struct({
  node: nodeId,
  onTime: uint(LOANS_COUNTED_MAX),
  late: uint(LOANS_COUNTED_MAX),
  /** Moved up: there are no negative numbers on the wire. */
  points: uint(2 * CREDIT_POINTS_MAX),
  /** One more than the time; 0 for none. */
  first: count,
  firstImportMwh: u64,
  boughtWh: count,
  paidMicro: count,
  soldDays: list(count, 7),
  periodWh: count,
  line: optional(
    struct({
      bank: nodeId,
      home: nodeId,
      token: hash,
      wallet,
      unsecured: flag,
      uncoveredWh: count,
      heldMicro: count,
      loan: LOAN_SHAPE,
    }),
  ),
});

export function bankLeaf(crypto: Crypto, entry: Readonly<BankEntry>): StateLeaf {
  const { bank, wallet: address, version, terms, ...book } = entry;
  const fields = { bank: hex(bank), wallet: hex(address), version, terms, book };
  return leafOf(crypto, Leaf.bank, fields.bank, BANK_SHAPE.encode(fields, "bank"));
}

export function creditLeaf(crypto: Crypto, entry: Readonly<CreditEntry>): StateLeaf {
  const { node, onTime, late, points, firstMs, firstImportMwh, line } = entry;
  const { boughtWh, paidMicro, soldDays, periodWh } = entry;
  const fields: Infer<typeof CREDIT_SHAPE> = {
    node: hex(node),
    ...{ onTime, late, points: points + CREDIT_POINTS_MAX, first: firstMs + 1, firstImportMwh },
    ...{ boughtWh, paidMicro, soldDays: [...soldDays], periodWh },
    line: line && {
      bank: hex(line.bank),
      home: hex(line.home),
      token: hex(line.token),
      wallet: hex(line.wallet),
      unsecured: line.unsecured ? 1 : 0,
      uncoveredWh: line.uncoveredWh,
      heldMicro: line.heldMicro,
      loan: {
        ...line.loan,
        state: LOAN_STATES.indexOf(line.loan.state),
        swept: line.loan.swept ? 1 : 0,
      },
    },
  };
  return leafOf(crypto, Leaf.credit, fields.node, CREDIT_SHAPE.encode(fields, "credit"));
}

/** The fields after the id, which a leaf has in front. */
function leafOf(crypto: Crypto, kind: number, id: Uint8Array, fields: CborValue): StateLeaf {
  return leaf(crypto, kind, id, (fields as CborValue[]).slice(1));
}

export function bankOfLeaf(fields: Infer<typeof BANK_SHAPE>): BankEntry {
  const { bank, wallet: address, version, terms, book } = fields;
  return { bank: toHex(bank), wallet: toHex(address), version, terms, ...book };
}

export function creditOfLeaf(fields: Infer<typeof CREDIT_SHAPE>): CreditEntry {
  const { node, first, points, line, ...rest } = fields;
  return {
    ...rest,
    node: toHex(node),
    points: points - CREDIT_POINTS_MAX,
    firstMs: first - 1,
    line: line && {
      bank: toHex(line.bank),
      home: toHex(line.home),
      token: toHex(line.token),
      wallet: toHex(line.wallet),
      unsecured: line.unsecured === 1,
      uncoveredWh: line.uncoveredWh,
      heldMicro: line.heldMicro,
      loan: { ...line.loan, state: LOAN_STATES[line.loan.state], swept: line.loan.swept === 1 },
    },
  };
}
