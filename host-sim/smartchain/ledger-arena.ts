// SPDX-License-Identifier: Apache-2.0
/**
 * The rules of blocks against people who sell the same energy or the same coins twice: the real executor, one
 * transaction a block, honest and hostile ones by seed, and the second set of books beside it.
 */
import { assert } from "#core/errors/assert";
import { executeBlock, type LedgerEvent } from "#core/ledger/execute";
import type { ForkMap } from "#core/ledger/fork-map";
import { LedgerState, type Pair } from "#core/ledger/state";
import { type Body, type Tx, type TxLeg, TxType } from "#core/records/tx";
import { type Random, randomStream } from "../worlds/random.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import type { Registers } from "./check-energy.ts";
import { LedgerCheck } from "./check-ledger.ts";
import { Lab, type Person } from "./lab.ts";

/** Rules that can be switched off. */
export type LedgerDefence =
  | "ranges"
  | "paid-once"
  | "reserved"
  | "offered"
  | "metered"
  | "arbitrated"
  | "terms"
  | "later";

const SLOT_MS = 60_000;
const SELLERS = 2;
const BUYERS = 2;
const QTY_WH = 100;
const SHORT_WH = 60;
const PRICE_MICRO = 1000;

export interface LedgerArenaOptions {
  seed: number;
  off?: LedgerDefence;
}

class LedgerArena {
  readonly check = new LedgerCheck((node, slot) => this.counted(node, slot));
  blocks = 0;
  rejected = 0;
  private readonly lab: Lab;
  private readonly random: Random;
  private readonly off: LedgerDefence | undefined;
  private readonly state = new LedgerState();
  private readonly txs = new Map<string, SeenTx>();
  private tMs = 0;
  private serial = 0;

  constructor({ seed, off }: LedgerArenaOptions) {
    this.lab = new Lab(seed, SELLERS + BUYERS);
    this.random = randomStream(seed, 41);
    this.off = off;
  }

  run(): void {
    const { people } = this.lab;
    this.block({
      events: people.map((person) => this.member(person)),
      mints: people.map(({ id }) => ({
        kind: "genesis" as const,
        wallet: hex(walletOf(id)),
        micro: 10_000_000,
      })),
    });
    this.block({ events: people.map((person) => this.reading(person, 0)) });
    for (let slot = 2; slot < 5; slot++) this.slot(slot);
  }

  private slot(slot: number): void {
    const { random } = this;
    const { people } = this.lab;
    const [sellers, buyers] = [people.slice(0, SELLERS), people.slice(SELLERS)];
    // Buyers reserve for one contract and a half: the second does not fit.
    this.tMs = slot * SLOT_MS - 1000;
    const reserves = buyers.map((buyer) => {
      const leg = { qtyWh: 150, ecashMicro: (QTY_WH * PRICE_MICRO * 3) / 2 };
      return this.say(buyer, TxType.reserve, slot, [
        { ...NO_LEG, wallet: walletOf(buyer.id), ...leg },
      ]);
    });
    const taken = this.offer(sellers[slot % SELLERS], buyers, slot);
    const pairs: Pair[] = [];
    buyers.forEach((buyer, b) => {
      for (const seller of sellers)
        pairs.push({
          slot,
          seller: hex(seller.id),
          buyer: hex(buyer.id),
          reserve: hex(reserves[b].txid),
          qtyWh: QTY_WH,
          priceMicro: PRICE_MICRO,
          ecashMicro: QTY_WH * PRICE_MICRO,
          state: "open",
        });
    });
    const readings = people.map((person) => this.reading(person, slot));
    this.block({ events: [...readings, { id: this.id(), type: "clearing", pairs }] });
    this.tMs = (slot + 1) * SLOT_MS;
    this.deliver(sellers[slot % SELLERS], taken, slot);
    const buying = pairs.map((pair) => {
      const seller = sellers.find(({ id }) => hex(id) === pair.seller)!;
      const buyer = buyers.find(({ id }) => hex(id) === pair.buyer)!;
      const buy = this.trade(seller, buyer, reserves[buyers.indexOf(buyer)], slot);
      if (random.below(2) === 0) return buy;
      buy();
      return undefined;
    });
    for (const buy of buying) buy?.();
    this.block({ closed: [slot] });
  }

  /** An OFFER to all, of which each buyer wants everything. */
  private offer(seller: Person, buyers: readonly Person[], slot: number): [Person, Tx][] {
    const terms = { qtyWh: QTY_WH, ecashMicro: QTY_WH * PRICE_MICRO };
    const own = { ...NO_LEG, wallet: walletOf(seller.id), ...terms };
    const offer = this.say(seller, TxType.offer, slot, [own]);
    return buyers.map((buyer) => {
      const leg = { ...NO_LEG, wallet: walletOf(buyer.id), to: seller.id, ref: offer.txid };
      return [buyer, this.say(buyer, TxType.reserve, slot, [{ ...leg, ...terms }])];
    });
  }

  private deliver(seller: Person, taken: readonly [Person, Tx][], slot: number): void {
    for (const [buyer, reserve] of taken) {
      const { claimedExportMwh } = this.state.account(hex(seller.id));
      this.say(seller, TxType.sold, slot, [this.leg(buyer, seller, reserve, claimedExportMwh)]);
    }
  }

  /** SOLD, and what a cheat says besides. Returns what says BOUGHT. */
  private trade(seller: Person, buyer: Person, reserve: Tx, slot: number): () => void {
    const { random } = this;
    const sell = (shift: bigint, early = false): Tx => {
      const { claimedExportMwh } = this.state.account(hex(seller.id));
      const leg = this.leg(buyer, seller, reserve, claimedExportMwh + shift);
      return this.say(seller, TxType.sold, slot, [leg], early ? -2 * SLOT_MS : 1);
    };
    const kind = random.below(7);
    let sold = sell(kind === 1 ? 1_000_000n : 0n, kind === 2);
    if (kind > 0) sold = this.ofState(sold, seller, buyer, slot) ?? sell(0n);
    const buy = (qtyWh = QTY_WH, early = false): void => {
      const { claimedImportMwh } = this.state.account(hex(buyer.id));
      const leg = this.leg(seller, buyer, sold, claimedImportMwh, qtyWh);
      this.say(buyer, TxType.bought, slot, [leg], early ? -1000 : 1);
    };
    return () => {
      if (kind === 6) return; // its meter decides
      if (kind === 5) buy(QTY_WH - 1 - random.below(QTY_WH / 2));
      if (kind === 3) buy(QTY_WH, true);
      buy();
      if (kind === 4) buy();
      if (kind === 4) sell(0n);
    };
  }

  /** The SOLD that the contract has, if it has one. */
  private ofState(sold: Tx, seller: Person, buyer: Person, slot: number): Tx | undefined {
    const pair = this.state.pairs.get(`${slot}|${hex(seller.id)}|${hex(buyer.id)}`);
    return pair?.sold && hex(pair.sold.txid) === hex(sold.txid) ? sold : undefined;
  }

  private leg(to: Person, own: Person, ref: Tx, fromMwh: bigint, qtyWh = QTY_WH): TxLeg {
    return {
      to: to.id,
      wallet: walletOf(own.id),
      ref: ref.txid,
      qtyWh,
      ecashMicro: QTY_WH * PRICE_MICRO,
      meter: { fromMwh, toMwh: fromMwh + BigInt(qtyWh) * 1000n },
    };
  }

  private say(author: Person, type: number, slot: number, legs: TxLeg[], stepMs = 1): Tx {
    const changes: Partial<Body> = { type, slot, legs, seq: ++this.serial };
    const tx = this.lab.tx(author, this.lab.body(author, changes), []);
    this.tMs += Math.max(stepMs, 0);
    const tMs = stepMs < 0 ? this.tMs + stepMs : this.tMs;
    const id = hex(tx.txid);
    this.txs.set(id, { id, tx, tMs, approved: false, weight: 1, parents: [] });
    this.block({ txs: [{ tx, tMs }] });
    return tx;
  }

  private block(plan: Partial<Parameters<typeof executeBlock>[1]>): void {
    const { state, off, check } = this;
    const type = plan.txs?.[0]?.tx.body.type;
    const shows = off === "metered" ? type : off === "arbitrated" && plan.closed;
    let kept = shows ? this.unmeter() : () => {};
    if (off === "reserved" && type === TxType.sold) kept = this.unpromise();
    this.weaken(plan.txs?.[0]?.tx);
    const whole = { events: [], mints: [], txs: [], closed: [], ...plan };
    const { rejected, effects } = executeBlock(state, whole, (slot) => slot * SLOT_MS);
    kept();
    this.blocks++;
    this.rejected += rejected.length;
    const txs = whole.txs.map(({ tx }) => tx.txid);
    check.block({ txs, rejected, effects }, state, this.txs);
    check.look(state);
  }

  private weaken(tx: Tx | undefined): void {
    const { state, off } = this;
    const type = tx?.body.type;
    // What the buyer says is what was meant.
    if (off === "terms" && type === TxType.bought)
      for (const pair of changed(state.pairs))
        if (pair.sold && tx?.body.legs.some(({ ref }) => ref && hex(ref) === hex(pair.sold!.txid)))
          Object.assign(pair, { qtyWh: tx.body.legs[0].qtyWh });
    if (off === "ranges")
      for (const account of changed(state.accounts))
        Object.assign(account, { claimedExportMwh: 0n, claimedImportMwh: 0n });
    if (off === "paid-once")
      for (const pair of changed(state.pairs))
        if (pair.state === "paid") {
          pair.state = "sold";
          const lock = state.locks.get(pair.reserve);
          if (!lock) continue;
          lock.promisedMicro = pair.ecashMicro;
          // There have to be coins to pay it with once more: the buyer's free ones.
          lock.leftMicro += pair.ecashMicro;
          state.account(lock.node).balanceMicro -= pair.ecashMicro;
        }
    if (off === "offered")
      for (const offer of changed(state.offers))
        Object.assign(offer, { soldWh: 0, reservedWh: type === TxType.sold ? offer.qtyWh : 0 });
    if (off === "later") {
      for (const lock of changed(state.locks)) Object.assign(lock, { tMs: 0 });
      for (const pair of changed(state.pairs)) if (pair.sold) pair.sold = { ...pair.sold, tMs: 0 };
    }
  }

  /** Registers that show anything, until what is returned is called. */
  private unmeter(): () => void {
    const accounts = changed(this.state.accounts);
    const before = accounts.map(({ importMwh, exportMwh }) => ({ importMwh, exportMwh }));
    const shown = before.map(({ importMwh, exportMwh }) => ({
      importMwh: importMwh + 10n ** 9n,
      exportMwh: exportMwh + 10n ** 9n,
    }));
    accounts.forEach((account, i) => void Object.assign(account, shown[i]));
    return () =>
      accounts.forEach((account, i) => {
        account.importMwh -= shown[i].importMwh - before[i].importMwh;
        account.exportMwh -= shown[i].exportMwh - before[i].exportMwh;
      });
  }

  /** RESERVEs that promise nothing, until what is returned is called. */
  private unpromise(): () => void {
    const before = changed(this.state.locks).map((lock) => [lock, lock.promisedMicro] as const);
    for (const [lock] of before) lock.promisedMicro = 0;
    return () => {
      for (const [lock, micro] of before) lock.promisedMicro += micro;
    };
  }

  private member({ id, publicKey }: Person): LedgerEvent {
    const wallets = { set: 0, commitment: id, wallets: [hex(walletOf(id))] };
    const member = { publicKey, name: hex(id), capacityWh: 1000 } as never;
    return { id: this.id(), type: "member", node: hex(id), member, wallets };
  }

  /** All but one count a contract in every slot, those of sellers out and those of buyers in. */
  private counted(node: string, boundary: number): Registers | undefined {
    const index = this.lab.people.findIndex(({ id }) => hex(id) === node);
    if (index < 0) return undefined;
    const sells = index < SELLERS;
    const mwh = BigInt(boundary * (index === SELLERS ? SHORT_WH : QTY_WH) * 1000);
    return { importMwh: sells ? 0n : mwh, exportMwh: sells ? mwh : 0n };
  }

  /** At the end of `slot`. */
  private reading({ id }: Person, slot: number): LedgerEvent {
    const reading = { boundary: slot + 1, ...this.counted(hex(id), slot) } as never;
    return { id: this.id(), type: "reading", node: hex(id), reading };
  }

  private id(): Uint8Array {
    return this.lab.crypto.sha256(Buffer.from(String(++this.serial)));
  }
}

const NO_LEG = { to: undefined, ref: undefined, meter: undefined };

/** Any address that is the account's alone. */
function walletOf(id: Uint8Array): Uint8Array {
  const wallet = new Uint8Array(20);
  wallet.set(id);
  return wallet;
}

/** Throws a Violation (I1, I2, I5 to I10). */
export function ledgerArena(options: LedgerArenaOptions): {
  blocks: number;
  rejected: number;
  trades: number;
} {
  const arena = new LedgerArena(options);
  arena.run();
  assert(arena.check.trades > 0 || options.off !== undefined, "ARENA_IDLE");
  return { blocks: arena.blocks, rejected: arena.rejected, trades: arena.check.trades };
}

/** All entries of a table, to change. */
function changed<T>(table: ForkMap<T>): T[] {
  return [...table.keys()].map((key) => table.get(key)!);
}
