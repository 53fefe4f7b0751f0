// SPDX-License-Identifier: Apache-2.0
/** A street with a bank in the ledger, to test credit with. */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import type { Verdict } from "#core/errors/codes";
import {
  applyCredit,
  type CreditEvent,
  creditFaults,
  judgeWord,
  type LoanWord,
} from "#core/ledger/credit-loans";
import { creditSeen } from "#core/ledger/credit-state";
import type { BankTerms } from "#core/records/bank";
import { sharedWalletOf } from "#core/records/credit";
import { type Tx, TxType } from "#core/records/tx";
import { termsOf } from "#gateway/credit/terms";
import {
  crypto,
  idOf,
  legOf,
  named,
  nodeOf,
  pairOf,
  reserve,
  SLOT_MS,
  slotStartMs,
  txOf,
  World,
} from "./world.ts";

const BANK = idOf("bank");
export const CAPITAL = 50_000_000;
const PRICES = { feedInMicro: 80_000, retailMicro: 300_000 };

/** A token for four slots, four more to repay, two of patience. */
function termsWith(changes: Partial<BankTerms> = {}): BankTerms {
  const times = { validMs: 4 * SLOT_MS, bufferMs: 4 * SLOT_MS, patienceMs: 2 * SLOT_MS };
  return { ...termsOf("meter-backed", PRICES, times), ...changes };
}

/** A seller s and buyers b and c without coins, and a bank. */
export class Street extends World {
  private said = 0;

  constructor(changes: Partial<BankTerms> = {}, capitalMicro = CAPITAL) {
    super("s", "b", "c");
    this.bank("bank", capitalMicro, changes);
    for (const name of ["s", "b", "c"]) this.read(name, 0, 0n, 0n);
  }

  bank(name: string, capitalMicro: number, changes: Partial<BankTerms> = {}, version = 1): Verdict {
    const terms = termsWith(changes);
    const offered = { net: "t", bank: idOf(name), version, capitalMicro, terms, atMs: 0 };
    const place = { bank: nodeOf(name), wallet: toHex(named(`reserve ${name}`, 20)) };
    return this.credit({ type: "bank", id: named(`bank ${name}`), ...place, offer: offered });
  }

  credit(event: CreditEvent): Verdict {
    const before = this.snapshot();
    const verdict = applyCredit(this.state, event, slotStartMs, this.effects);
    if (!verdict.ok) assert.equal(this.snapshot(), before, "a refusal changes nothing");
    assert.deepEqual(creditFaults(this.state), []);
    this.state.assertConserved();
    return verdict;
  }

  word(name: string, word: LoanWord, id = named(`word ${++this.said}`)): Verdict {
    const judged = judgeWord(this.state, nodeOf(name), id, word, slotStartMs);
    const verdict = this.credit({ type: "loan", id, node: nodeOf(name), word });
    assert.equal(judged.ok, verdict.ok, "asked ahead, the answer is the same");
    return verdict;
  }

  ask(
    name: string,
    amountMicro = 5_000_000,
    changes: { bank?: string; set?: number } = {},
  ): Verdict {
    const { bank = "bank", set: walletSet = 0 } = changes;
    const said = ++this.said;
    const place = { net: "t", node: idOf(name), bank: idOf(bank) };
    const value = { ...place, amountMicro, alphaMaxPpm: 350_000, walletSet, said };
    const wallet = toHex(sharedWalletOf(crypto, value));
    return this.word(name, { kind: "request", value, wallet });
  }

  about(name: string, amountMicro: number, version?: number) {
    const line = this.line(name);
    const place = { net: "t", node: idOf(name), bank: BANK };
    const token = line ? new Uint8Array(Buffer.from(line.token, "hex")) : named("none");
    const seen = version ?? line?.loan.version ?? 1;
    return { ...place, token, version: seen, amountMicro, said: ++this.said };
  }

  repay(name: string, micro: number): Verdict {
    return this.word(name, { kind: "repay", value: this.about(name, micro) });
  }

  topUp(name: string, micro: number, version?: number): Verdict {
    return this.word(name, { kind: "top-up", value: this.about(name, micro, version) });
  }

  line(name: string) {
    return creditSeen(this.state, nodeOf(name)).line;
  }

  loan(name: string) {
    return this.line(name)!.loan;
  }

  record(name: string) {
    const { onTime, late, points } = creditSeen(this.state, nodeOf(name));
    return { onTime, late, points };
  }

  /** A RESERVE of 1000 Wh out of the shared wallet. */
  fromShared(name: string, slot: number, micro: number, owner = name): Tx {
    const tx = reserve(`on credit ${name} ${slot} ${micro}`, name, slot, 1000, micro);
    const wallet = new Uint8Array(Buffer.from(this.line(owner)!.wallet, "hex"));
    tx.body.legs[0] = { ...tx.body.legs[0], wallet };
    return tx;
  }

  /** b buys 1000 Wh of s for `micro`, on credit, in slot `slot`. */
  buy(slot: number, micro: number, name = "b"): void {
    const lock = this.fromShared(name, slot, micro);
    assert.ok(this.apply(lock, slotStartMs(slot) - 10).ok);
    this.meter(slot + 1, name);
    const pair = pairOf(slot, "s", name, lock, 1000, micro);
    this.contract(pair);
    const sold = txOf(`sold ${name} ${slot}`, "s", {
      type: TxType.sold,
      slot,
      legs: [legOf("s", name, lock, pair, BigInt(slot) * 2_000_000n)],
    });
    assert.ok(this.apply(sold, slotStartMs(slot + 1) + 1).ok);
    const leg = { ...legOf(name, "s", sold, pair, BigInt(slot) * 2_000_000n) };
    const bought = txOf(`bought ${name} ${slot}`, name, {
      type: TxType.bought,
      slot,
      legs: [{ ...leg, wallet: lock.body.legs[0].wallet }],
    });
    const verdict = this.apply(bought, slotStartMs(slot + 1) + 2);
    assert.ok(verdict.ok, JSON.stringify(verdict));
  }

  private meter(boundary: number, name: string): void {
    const mwh = BigInt(boundary) * 2_000_000n;
    this.read("s", boundary, 0n, mwh);
    this.read(name, boundary, mwh, 0n);
  }

  kinds(): number[] {
    return this.effects.map(({ kind }) => kind);
  }
}
