// SPDX-License-Identifier: Apache-2.0
/** What a borrower says of loans, under numbers like all else: requests, top-ups and repayments. */
import { toHex } from "#core/codec/bytes";
import { openSigned, type RecordType } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { ACCEPT, type Refusal, refuse, type Verdict } from "#core/errors/codes";
import { judgeWord, type LoanWord } from "#core/ledger/credit-loans";
import type { LedgerEvent } from "#core/ledger/execute";
import type { LedgerState } from "#core/ledger/state";
import {
  loanRequestRecord,
  repaymentRecord,
  sharedWalletOf,
  topUpRecord,
} from "#core/records/credit";
import type { Said } from "../intake/decode.ts";

type SaidLoan = Extract<Said, { kind: "loan" }>;

/** Opens one of the three; the signature is checked elsewhere. */
export function openLoanWord(crypto: Crypto, content: Uint8Array): SaidLoan | Refusal {
  const request = openSigned(loanRequestRecord, crypto, content);
  if (request.ok) {
    const { value } = request;
    const wallet = toHex(sharedWalletOf(crypto, value));
    return { kind: "loan", signed: request, word: { kind: "request", value, wallet } };
  }
  if (request.code !== "WRONG_KIND") return request;
  const about: [RecordType<Extract<LoanWord, { kind: "repay" }>["value"]>, "top-up" | "repay"][] = [
    [topUpRecord, "top-up"],
    [repaymentRecord, "repay"],
  ];
  for (const [type, kind] of about) {
    const signed = openSigned(type, crypto, content);
    if (signed.ok) return { kind: "loan", signed, word: { kind, value: signed.value } };
    if (signed.code !== "WRONG_KIND") return signed;
  }
  return request;
}

/** The event that the next block applies for a word that was taken. */
export function loanEvent(node: string, { signed, word }: SaidLoan): LedgerEvent {
  return { type: "loan", id: signed.id, node, word };
}

/**
 * Whether a block may apply it as things are: the same answer for the gateway, its restart and the audit.
 * `pending` are the events that wait for their block.
 */
export function checkLoanWord(
  state: LedgerState,
  pending: Iterable<LedgerEvent>,
  bank: string | undefined,
  node: string,
  { signed, word }: SaidLoan,
  slotStartMs: (slot: number) => number,
): Verdict {
  // Another gateway's bank is asked there, unless they share the ledger (`bank` undefined).
  if (bank !== undefined && toHex(word.value.bank) !== bank)
    return refuse("BANK_UNKNOWN", toHex(word.value.bank));
  if (word.kind === "request")
    for (const event of pending)
      if (event.type === "loan" && event.node === node && event.word.kind === "request")
        return refuse("LOAN_LIVE", "a request waits for its block");
  const judged = judgeWord(state, node, signed.id, word, slotStartMs);
  return judged.ok ? ACCEPT : judged;
}
