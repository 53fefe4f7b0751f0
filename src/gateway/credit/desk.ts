// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's bank at its desk: it makes its offer, tells borrowers what blocks did with their words, signs
 * tokens, and keeps the chain of each token's payments. What is owed is in the ledger alone; here is nothing
 * that does not follow from the blocks.
 */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import { PAYMENTS_LISTED_MAX } from "#core/credit/bounds";
import { debtMicro, isLive } from "#core/credit/loan";
import { domainHash } from "#core/crypto/domain";
import { assert } from "#core/errors/assert";
import { codeOfWire } from "#core/errors/codes";
import { type CreditEntry, hasCredit, lineAt } from "#core/ledger/credit-state";
import type { LedgerEvent } from "#core/ledger/execute";
import { bankRecord, blacklistRecord } from "#core/records/bank";
import { EffectKind } from "#core/records/block";
import { WALLET_BYTES } from "#core/records/common";
import {
  type CreditToken,
  creditNoticeRecord,
  creditTokenRecord,
  LOAN_STATES,
  nextPayment,
  paymentLink,
  paymentsRecord,
} from "#core/records/credit";
import { type Tx, TxType } from "#core/records/tx";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { SealedBlock } from "../chain/chain.ts";
import { bankEntry, EntryKind, packEntry, unpackEntry } from "../entries.ts";
import { Latency } from "./latency.ts";
import { payAtOnce } from "./pay.ts";

/** What a borrower was told of a token whose time is over. */
const OVER = "over";

/** The payments of one token, as blocks have them. */
export interface Paid {
  count: number;
  digest: Uint8Array;
  links: Uint8Array[];
}

export class CreditDesk {
  /** Version of the last offer that the log has; 0 for none. */
  private version = 0;
  /** In a consortium: the offer that has to go through the feed. */
  wish: Uint8Array | undefined;
  /** Payments by token, of loans that go on. */
  private readonly paid = new Map<string, Paid>();
  /** What each borrower was told last. */
  private readonly told = new Map<string, string>();
  /** BOUGHTs on credit of this turn, and all that are paid and in no block yet. */
  private fresh: { id: string; atMs: number }[] = [];
  readonly promised = new Map<string, number>();
  private blacklisted = 0;
  /** Real time at which the oldest message of this turn arrived; 0 while the log is replayed. */
  arrivedMs = 0;
  readonly latency = new Latency();
  /** Words of borrowers that wait for their block: who said them. */
  private readonly words = new Map<string, { node: string; asks: boolean }>();
  /** The slot in which a block last answered each. */
  private readonly served = new Map<string, number>();
  /** Paid with this turn: said when it is durable. */
  private answered: number[] = [];
  /** Insufficient balance, refusals and the like, by code. */
  readonly refused = new Map<string, number>();

  /** At the start: the operator's offer, where it is another than the log's. */
  begin(area: Area, batch: Batch): void {
    const { credit, net } = area.options;
    if (!credit) return;
    const { capitalMicro, terms } = credit;
    const known = area.chain.state.banks.peek(area.id);
    const offer = { net, bank: area.idBytes, version: this.version + 1, capitalMicro, terms };
    // The capital is what the bank was opened with: only terms change.
    if (known) offer.capitalMicro = known.capitalMicro;
    if (known && sameTerms(area, offer, known)) return;
    if (this.version > (known?.version ?? 0)) return; // one waits for its block
    const { bytes } = area.sign(bankRecord, { ...offer, atMs: area.world.nowMs() });
    if (area.shared) this.wish = bytes;
    else this.offered(area, batch, bytes);
  }

  /** An offer takes effect with the next block: this gateway's own, or of another that shares the ledger. */
  offered(area: Area, batch: Batch, signed: Uint8Array): void {
    batch.log(EntryKind.bank, packEntry(bankEntry, { signed }));
    this.enter(area, signed);
  }

  /** An offer of the log waits for the next block. */
  replay(area: Area, packed: Uint8Array): void {
    this.enter(area, unpackEntry(bankEntry, packed).signed);
  }

  private enter(area: Area, signed: Uint8Array): void {
    const event = offerEvent(area.ports.crypto, signed);
    assert(event, "LOG_BANK");
    if (event.bank === area.id) this.version = event.offer.version;
    area.chain.addEvent(event);
  }

  /**
   * Whether a borrower waits for a block: it may not reserve before it has its token. Once in a slot for
   * each: who asks again waits for the slot's own.
   */
  due({ chain, world }: Area): boolean {
    if (!hasCredit(chain.state)) return false;
    for (const event of chain.waiting)
      if (event.type === "loan" && event.word.kind === "request")
        if (this.served.get(event.node) !== (world.openSlot ?? 0)) return true;
    return false;
  }

  /** A transaction went into the DAG: a BOUGHT of a RESERVE on credit is paid with this turn. */
  heard({ chain }: Area, { txid, body }: Tx): void {
    if (body.type !== TxType.bought || !hasCredit(chain.state)) return;
    const node = toHex(body.from);
    if (!body.legs.some(({ wallet }) => lineAt(chain.state, node, toHex(wallet)))) return;
    this.fresh.push({ id: toHex(txid), atMs: this.arrivedMs });
  }

  /** Pays what came in; the answers go out when the turn is durable. */
  pay(area: Area, batch: Batch): void {
    if (this.fresh.length === 0) return;
    const fresh = this.fresh.splice(0);
    for (const { id, atMs } of fresh) this.promised.set(id, atMs);
    payAtOnce(area, batch, this, new Set(fresh.map(({ id }) => id)));
  }

  /** A payment is signed, and goes out with this turn. */
  answer(bought: string): void {
    const atMs = this.promised.get(bought);
    if (atMs) this.answered.push(atMs);
  }

  /** What this turn had to say is said. */
  flushed(nowMs: number): void {
    for (const atMs of this.answered.splice(0)) this.latency.paid(nowMs - atMs);
  }

  /** A word was taken, and waits for its block. */
  took(id: Uint8Array, node: string, asks: boolean): void {
    this.words.set(toHex(id), { node, asks });
  }

  /** What was paid with a token, as far as blocks have it. */
  paidWith(token: string): Paid {
    return this.paid.get(token) ?? { count: 0, digest: fromHex(token)!, links: [] };
  }

  /** Another gateway's state is in place: what this one's bank said last is in it. */
  resume({ id, chain }: Area, paid: ReadonlyMap<string, Paid>): void {
    this.version = chain.state.banks.peek(id)?.version ?? 0;
    for (const event of chain.waiting)
      if (event.type === "bank" && event.bank === id)
        this.version = Math.max(this.version, event.offer.version);
    for (const [token, payments] of paid) this.paid.set(token, payments);
  }

  /** A block was decided or replayed; the state is that after it. */
  follow(area: Area, { block, header }: SealedBlock): void {
    const { state } = area.chain;
    for (const event of block.events) {
      const id = toHex(event);
      const word = this.words.get(id);
      if (word?.asks) this.served.set(word.node, header.slot);
      this.words.delete(id);
    }
    if (this.fresh.length > 0) {
      // At a restart: what a block of the log has is paid for good.
      const sealed = new Set(block.txs.map(toHex));
      this.fresh = this.fresh.filter(({ id }) => !sealed.has(id));
    }
    if (!hasCredit(state)) return;
    const tokens = new Map<string, string>();
    for (const { line } of state.credits.values()) if (line) tokens.set(line.wallet, line.token);
    for (const { kind, from, sold, leg, bought } of block.effects) {
      if (kind !== EffectKind.pay && kind !== EffectKind.arbitrate) continue;
      const token = from && tokens.get(toHex(from));
      if (!token || !sold) continue;
      const link = paymentLink(area.ports.crypto, { sold, leg, bought });
      const { count, digest, links } = this.paidWith(token);
      const next = nextPayment(area.ports.crypto, digest, link);
      this.paid.set(token, { count: count + 1, digest: next, links: [...links, link] });
    }
  }

  /** Tells borrowers what a decided block did. */
  decided(area: Area, batch: Batch, sealed: SealedBlock): void {
    const { state } = area.chain;
    if (!hasCredit(state)) return;
    this.notify(area, batch, sealed);
    this.follow(area, sealed);
    const nowMs = area.ports.time.nowMs();
    for (const { id, tMs } of sealed.vertices) {
      const atMs = this.promised.get(id);
      this.promised.delete(id);
      if (!atMs) continue; // none of this turn's, or heard by an earlier life
      this.latency.final(nowMs - atMs, Math.max(0, sealed.header.atMs - tMs));
    }
    for (const entry of state.credits.values()) this.tell(area, batch, entry, false);
    this.broadcast(area, batch);
  }

  /** Refusals of a block: of words, and of RESERVEs that a token did not pay for. */
  private notify(area: Area, batch: Batch, { block, vertices }: SealedBlock): void {
    for (const { txid, code } of block.rejected) {
      const id = toHex(txid);
      const tx = vertices.find((vertex) => vertex.id === id)?.tx;
      const reserve = tx?.body.type === TxType.reserve ? toHex(tx.body.from) : undefined;
      const name = codeOfWire(code) ?? String(code);
      const node = this.words.get(id)?.node ?? (name.startsWith("TOKEN_") ? reserve : undefined);
      const session = node === undefined ? undefined : area.sessions.get(node);
      if (!session || !area.serves(session)) continue;
      this.refused.set(name, (this.refused.get(name) ?? 0) + 1);
      const { net } = area.options;
      const about = { net, bank: area.idBytes, node: session.idBytes, about: txid, code };
      const { bytes } = area.sign(creditNoticeRecord, { ...about, atMs: area.world.nowMs() });
      batch.send(area.topics.down(session.id, "credit"), bytes);
    }
  }

  /** A member is (back) on the air: its loan. */
  greet(area: Area, batch: Batch, node: string): void {
    const entry = area.chain.state.credits.peek(node);
    if (entry) this.tell(area, batch, entry, true);
  }

  /** The newest token of a loan, where it is new to its borrower; at its end with all its payments. */
  private tell(area: Area, batch: Batch, entry: Readonly<CreditEntry>, again: boolean): void {
    const { node, line } = entry;
    const session = area.sessions.get(node);
    if (!line || line.home !== area.id || !session?.online) return;
    const { loan, heldMicro, token } = line;
    const over = loan.swept ? OVER : "";
    const key = [token, loan.version, loan.state, heldMicro, debtMicro(loan), over].join();
    const before = this.told.get(node);
    if (before === key && !again) return;
    this.told.set(node, key);
    const { bytes } = area.sign(creditTokenRecord, tokenOf(area, entry, this.paidWith(token)));
    batch.send(area.topics.down(node, "credit"), bytes);
    if (!loan.swept) return;
    if (again || !before?.endsWith(OVER)) this.sendPayments(area, batch, entry);
    if (!isLive(loan)) this.paid.delete(token);
  }

  /** All payments of a token whose time is over, in parts that a chip can read. */
  private sendPayments(area: Area, batch: Batch, { node, line }: Readonly<CreditEntry>): void {
    const { links } = this.paidWith(line!.token);
    const frame = { net: area.options.net, bank: area.idBytes, node: fromHex(node)! };
    for (let first = 0; first < links.length; first += PAYMENTS_LISTED_MAX) {
      const part = links.slice(first, first + PAYMENTS_LISTED_MAX);
      const value = { ...frame, token: fromHex(line!.token)!, first, links: part };
      const { bytes } = area.sign(paymentsRecord, value);
      batch.send(area.topics.down(node, "credit"), bytes);
    }
  }

  /** The blacklist, whenever it has grown (paper 1, III-3). */
  private broadcast(area: Area, batch: Batch): void {
    const nodes: string[] = [];
    for (const { node, line } of area.chain.state.credits.values())
      if (line?.loan.state === "BLACKLIST") nodes.push(node);
    if (nodes.length === this.blacklisted) return;
    this.blacklisted = nodes.length;
    const { header } = area.chain.head!;
    const { bytes } = area.sign(blacklistRecord, {
      net: area.options.net,
      bank: area.idBytes,
      nodes: nodes.sort().map((node) => fromHex(node)!),
      height: header.height,
      atMs: header.atMs,
    });
    batch.send(area.topics.blacklist, bytes, true);
  }
}

/** The event of a bank's signed offer; undefined where it is none. The signature is checked elsewhere. */
export function offerEvent(
  crypto: Area["ports"]["crypto"],
  signed: Uint8Array,
): Extract<LedgerEvent, { type: "bank" }> | undefined {
  const opened = openSigned(bankRecord, crypto, signed);
  if (!opened.ok) return undefined;
  const { value: offer, id } = opened;
  const hash = domainHash(crypto, "wattle/bank-wallet/1", offer.bank);
  const wallet = toHex(hash.slice(0, WALLET_BYTES));
  return { type: "bank", id, bank: toHex(offer.bank), wallet, offer };
}

/** Whether these bytes are the offer of this gateway's bank, as the ledger takes it. */
export function isOffer(
  area: Area,
  bytes: Uint8Array,
  gateway: string,
  publicKey: Uint8Array,
): boolean {
  const opened = openSigned(bankRecord, area.ports.crypto, bytes);
  if (!opened.ok || !verifySigned(area.ports.crypto, publicKey, opened)) return false;
  const { net, bank, version } = opened.value;
  const known = area.chain.state.banks.peek(gateway)?.version ?? 0;
  return net === area.options.net && toHex(bank) === gateway && version > known;
}

function sameTerms(
  area: Area,
  offer: Parameters<typeof bankRecord.encode>[0] extends infer T ? Omit<T, "atMs"> : never,
  known: { version: number; terms: Readonly<typeof offer.terms> },
): boolean {
  const bytes = (terms: typeof offer.terms) =>
    bankRecord.encode({ ...offer, terms, version: 1, bank: area.idBytes, atMs: 0 });
  return bytesEqual(bytes(offer.terms), bytes(known.terms));
}

/** The token of a borrower's line as the ledger has it now. */
export function tokenOf(
  area: Area,
  { node, onTime, late, line }: Readonly<CreditEntry>,
  { count, digest }: Paid,
): CreditToken {
  assert(line && area.chain.head, "CREDIT_LINE", node);
  const { loan, token, wallet, heldMicro } = line;
  const { header } = area.chain.head;
  const { version, balanceMicro, amountMicro, principalMicro, alphaPpm, betaPpm, months } = loan;
  const { validUntilMs, repayByMs, defaultAtMs } = loan;
  return {
    net: area.options.net,
    bank: fromHex(line.home)!,
    lender: fromHex(line.bank)!,
    node: fromHex(node)!,
    token: fromHex(token)!,
    wallet: fromHex(wallet)!,
    ...{ version, state: LOAN_STATES.indexOf(loan.state), balanceMicro, heldMicro, amountMicro },
    ...{ principalMicro, debtMicro: debtMicro(loan), alphaPpm, betaPpm, months },
    ...{ validUntilMs, repayByMs, defaultAtMs, onTime, late, payments: count, digest },
    height: header.height,
    atMs: header.atMs,
  };
}
