// SPDX-License-Identifier: Apache-2.0
/**
 * A node that is short of coins borrows, pays with its token, and repays from later income (paper 1, III).
 * All of it stays in memory: after a start the gateway says again what is owed.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { type Code, codeOfWire } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import {
  type CreditToken,
  creditNoticeRecord,
  creditTokenRecord,
  LOAN_STATES,
  loanRequestRecord,
  nextPayment,
  type Payment,
  type Payments,
  paymentLink,
  paymentRecord,
  paymentsRecord,
  repaymentRecord,
} from "#core/records/credit";
import type { Notice } from "#core/records/notice";
import type { NodeConfig } from "./config.ts";
import type { MeterNode } from "./node.ts";
import type { NodePorts } from "./ports.ts";
import { heldElsewhere, sharedOut } from "./reserver.ts";
import { planReserve } from "./trader.ts";

/** Slots after a refusal before a node asks again; twice as many after each further one, up to 32 times. */
const PAUSE_SLOTS = 4;
const PAUSES_MAX = 5;
/** Real time that a node waits for its bank, ms: an answer may be lost with its connection. */
const ANSWER_MS = 20_000;
/** What is worth a message: a twentieth of the debt, or of the cap. */
const SHARE_WORTH = 20;

/** What a node knows of its loan. */
type Known = Omit<CreditToken, "net" | "node">;

export class Borrower {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly raise: (code: string, detail: string) => void;
  private token: Known | undefined;
  /** Id and number of the request that waits for its answer. */
  private asked: { id: Uint8Array; seq: number; untilMs: number } | undefined;
  /** Whether a repayment waits for its block. */
  private repaying = false;
  private refusals = 0;
  private notBeforeSlot = 0;
  /** Why there was no loan the last time. */
  refused: Code | undefined;
  /** Bills that a bank paid at once: to this node, and by its token. */
  readonly paid = { income: 0, incomeMicro: 0, spent: 0, spentMicro: 0 };
  /** How far the list of a token's payments has come that is over. */
  private listed: { count: number; digest: Uint8Array } | undefined;

  constructor(
    node: MeterNode,
    config: NodeConfig,
    ports: NodePorts,
    raise: (code: string, detail: string) => void,
  ) {
    this.node = node;
    this.config = config;
    this.ports = ports;
    this.raise = raise;
  }

  /** What is owed, µc. */
  get debtMicro(): number {
    return this.token?.debtMicro ?? 0;
  }

  /** State of the present loan or the last; undefined before the first. */
  get state(): (typeof LOAN_STATES)[number] | undefined {
    return this.token && LOAN_STATES[this.token.state];
  }

  /** Whether the barrier clock has to stand still until the bank has answered. */
  get waits(): boolean {
    return this.asked !== undefined;
  }

  /** Real time until it waits no longer; undefined where it does not. */
  delayMs(): number | undefined {
    return this.asked && Math.max(0, this.asked.untilMs - this.ports.time.uptimeMs());
  }

  /** Whether `wallet` is the one that this node shares with the bank. */
  shares(wallet: Uint8Array | undefined): boolean {
    return (
      wallet !== undefined && this.token !== undefined && bytesEqual(this.token.wallet, wallet)
    );
  }

  /** Coins of the token that no RESERVE holds, for a slot that ends at `endMs`. */
  private fundsFor(endMs: number): number {
    const { token } = this;
    if (!token || this.state !== "ACTIVE" || endMs > token.validUntilMs) return 0;
    let free = token.balanceMicro - token.heldMicro;
    for (const memory of this.node.state.slots)
      if (this.shares(memory.reserveWallet) && memory.reserveMs > token.atMs)
        free -= memory.reserveMicro;
    return Math.max(0, free);
  }

  /** What to lock with the token, where it reaches further than own coins do. */
  reserve(
    own: { qtyWh: number } | undefined,
    slot: number,
    capMicro: number,
    endMs: number,
  ): { qtyWh: number; ecashMicro: number; wallet: Uint8Array } | undefined {
    const { token, config } = this;
    if (!token || own?.qtyWh === config.capacityWh) return undefined;
    const held = heldElsewhere(this.node.state.slots, slot, (wallet) => this.shares(wallet));
    const funds = sharedOut(this.fundsFor(endMs), held);
    const plan = planReserve(config.capacityWh, capMicro, funds);
    if (!plan || plan.qtyWh <= (own?.qtyWh ?? 0)) return undefined;
    return { ...plan, wallet: token.wallet };
  }

  /** Borrows or repays, where the policy says so; harmless to repeat. `ownMicro` are free coins. */
  resume(notice: Notice, ownMicro: number): void {
    const { policy, capacityWh } = this.config;
    const { credit } = policy;
    const { speaker, clock } = this.node;
    if (this.delayMs() === 0) this.denied(undefined, notice.slot);
    if (!credit || this.asked || speaker.full) return;
    const state = this.state;
    const live = state === "ACTIVE" || state === "LATE" || state === "DEFAULT";
    const priceMicro = Math.min(policy.bidMicro ?? notice.retailMicro, notice.retailMicro);
    const full = planReserve(capacityWh, priceMicro, Number.MAX_SAFE_INTEGER / 4);
    const needMicro = 2 * (full?.ecashMicro ?? 0); // for this slot and the next
    if (live) this.repay(ownMicro, needMicro, clock.nowMs());
    // While its token pays it may ask for more of the same.
    const over = live && (state !== "ACTIVE" || clock.nowMs() >= this.token!.validUntilMs);
    if (over || this.repaying || state === "BLACKLIST" || capacityWh === 0) return;
    if (notice.slot < this.notBeforeSlot) return;
    const lentMicro = live ? this.token!.principalMicro : 0;
    if ((credit.capMicro - lentMicro) * SHARE_WORTH < credit.capMicro) return;
    const fundsMicro = ownMicro + (live ? this.token!.balanceMicro : 0);
    if (live && fundsMicro >= needMicro) return;
    if (credit.borrow === "need" && ownMicro >= needMicro) return;
    this.ask(notice.gateway, credit.capMicro - lentMicro, credit.alphaMaxPpm);
  }

  private ask(bank: Uint8Array, amountMicro: number, alphaMaxPpm: number): void {
    const { config, node, ports } = this;
    const said = node.state.saidSeq + 1;
    const { bytes, id } = signRecord(loanRequestRecord, ports.crypto, config.secretKey, {
      net: config.net,
      node: node.idBytes,
      bank: bank.slice(),
      amountMicro,
      alphaMaxPpm,
      walletSet: node.state.wallets.set,
      said,
    });
    const untilMs = ports.time.uptimeMs() + ANSWER_MS;
    if (node.speaker.say(node.state, "loan", bytes)) this.asked = { id, seq: said, untilMs };
  }

  private repay(ownMicro: number, needMicro: number, nowMs: number): void {
    const { token, config, node, ports } = this;
    if (!token || this.repaying || this.state === "DEFAULT" || ownMicro === 0) return;
    if (config.policy.credit?.repay === "never") return;
    const { debtMicro, validUntilMs, balanceMicro, heldMicro } = token;
    const due = this.state === "LATE" || nowMs >= validUntilMs;
    // Who always has a loan would pay for the next one at once.
    if (!due && config.policy.credit?.borrow === "always") return;
    // What the token still has comes back with the last of the debt.
    const left = balanceMicro - heldMicro;
    const all = due || ownMicro - debtMicro + left >= needMicro;
    const surplus = Math.min(debtMicro, all ? ownMicro : ownMicro - needMicro);
    if (surplus <= 0 || (!due && surplus * SHARE_WORTH < debtMicro)) return;
    const { bytes } = signRecord(repaymentRecord, ports.crypto, config.secretKey, {
      net: config.net,
      node: node.idBytes,
      bank: token.bank,
      token: token.token,
      version: token.version,
      amountMicro: surplus,
      said: node.state.saidSeq + 1,
    });
    this.repaying = node.speaker.say(node.state, "loan", bytes);
  }

  /** The gateway refused what was said under `seq`. */
  onRefused(seq: number, code: number, slot: number): void {
    if (this.asked?.seq === seq) this.denied(codeOfWire(code), slot);
    else if (this.node.speaker.waiting(seq)?.kind === "loan") this.repaying = false;
  }

  private denied(code: Code | undefined, slot: number): void {
    this.asked = undefined;
    this.refused = code;
    this.notBeforeSlot = slot + (PAUSE_SLOTS << Math.min(this.refusals, PAUSES_MAX));
    this.refusals++;
    this.ports.log("info", "no-loan", { code: code ?? "" });
  }

  /** A new account statement: what was said of repayments is in a block by now. */
  onAccount(): void {
    this.repaying = false;
  }

  /** Another gateway is there, or the connection is new. */
  forget(): void {
    this.asked = undefined;
    this.repaying = false;
  }

  /** Something of a bank. */
  onCredit(payload: Uint8Array, slot: number): void {
    const { crypto } = this.ports;
    const token = openSigned(creditTokenRecord, crypto, payload);
    if (token.ok) return this.signed(token, () => this.onToken(token.value));
    const payment = openSigned(paymentRecord, crypto, payload);
    if (payment.ok) return this.signed(payment, () => this.onPayment(payment.value));
    const notice = openSigned(creditNoticeRecord, crypto, payload);
    if (notice.ok)
      return this.signed(notice, () => {
        const { about, code } = notice.value;
        if (this.asked && bytesEqual(this.asked.id, about)) this.denied(codeOfWire(code), slot);
        else this.repaying = false;
        this.ports.log("warn", "credit-notice", { code: codeOfWire(code) ?? code });
      });
    const payments = openSigned(paymentsRecord, crypto, payload);
    if (payments.ok) return this.signed(payments, () => this.onPayments(payments.value));
    this.raise("GATEWAY_SIGNATURE", "credit");
  }

  /** Only the gateway that is heard has a bank for this node, or speaks for another's. */
  private signed(
    opened: { value: { net: string; bank: Uint8Array }; id: Uint8Array; signature: Uint8Array },
    then: () => void,
  ): void {
    const { gatewayKey } = this.node;
    const { net, bank } = opened.value;
    const { crypto } = this.ports;
    const own = net === this.config.net && bytesEqual(bank, nodeIdOf(crypto, gatewayKey));
    if (!own || !verifySigned(crypto, gatewayKey, opened))
      return this.raise("GATEWAY_SIGNATURE", "credit");
    then();
  }

  private onToken(token: CreditToken): void {
    if (toHex(token.node) !== this.node.id) return;
    const known = this.token;
    const same = known !== undefined && bytesEqual(known.token, token.token);
    // An old one says nothing: versions only rise, and so does the chain's height.
    if (same && (token.version < known.version || token.height < known.height)) return;
    if (!same && known && token.height < known.height) return;
    const more = known !== undefined && token.principalMicro > known.principalMicro;
    if (this.asked && (more || bytesEqual(this.asked.id, token.token))) {
      this.asked = undefined;
      this.refusals = 0;
      this.refused = undefined;
    }
    this.repaying = false;
    const { net: _, node: __, ...rest } = token;
    this.token = own(rest);
    this.listed = { count: 0, digest: this.token.token };
    this.ports.log("info", "credit-token", {
      state: LOAN_STATES[token.state],
      version: token.version,
      balanceMicro: token.balanceMicro,
      debtMicro: token.debtMicro,
    });
    this.node.settled();
  }

  /** The bank paid a bill: this node's own, or one to it. */
  private onPayment(payment: Payment): void {
    const { token, paid, ports } = this;
    const { micro, version, balanceMicro, digest } = payment;
    if (toHex(payment.node) !== this.node.id) {
      paid.income++; // it is the bank's word, and the next block shows it
      paid.incomeMicro += micro;
      return ports.log("debug", "paid-at-once", { micro });
    }
    if (!token || !bytesEqual(token.token, payment.token) || version <= token.version) return;
    if (payment.payments === token.payments + 1) {
      const link = paymentLink(ports.crypto, payment);
      if (!bytesEqual(nextPayment(ports.crypto, token.digest, link), digest))
        return this.raise("GATEWAY_CREDIT", `payment ${payment.payments}`);
    }
    paid.spent++;
    paid.spentMicro += micro;
    token.version = version;
    token.heldMicro = Math.max(0, token.heldMicro - micro);
    token.balanceMicro = balanceMicro;
    token.payments = payment.payments;
    token.digest = digest.slice();
  }

  /** The payments of a token that is over: their chain has to end where the token says. */
  private onPayments({ token: id, first, links }: Payments): void {
    const { token, listed, ports } = this;
    if (!token || !listed || !bytesEqual(token.token, id) || first !== listed.count) return;
    let { count, digest } = listed;
    for (const link of links) {
      digest = nextPayment(ports.crypto, digest, link);
      count++;
    }
    this.listed = { count, digest };
    if (count === token.payments && !bytesEqual(digest, token.digest))
      this.raise("GATEWAY_CREDIT", `${count} payments`);
  }
}

/** With byte strings of its own: views would keep the whole message. */
function own(token: Known): Known {
  const { bank, token: id, wallet, digest } = token;
  return {
    ...token,
    ...{ bank: bank.slice(), token: id.slice(), wallet: wallet.slice(), digest: digest.slice() },
  };
}
