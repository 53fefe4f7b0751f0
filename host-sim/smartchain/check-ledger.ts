// SPDX-License-Identifier: Apache-2.0
/**
 * I1, I2, I3 and I5 to I10 on the ledger: a second set of books, kept from the effects of blocks and the
 * transactions that they name, beside the state that the gateway holds.
 */
import { bytesEqual } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import type { LedgerState } from "#core/ledger/state";
import {
  type Block,
  type BlockHeader,
  blockRecord,
  type Effect,
  EffectKind,
  headerRecord,
} from "#core/records/block";
import { type TxLeg, TxType } from "#core/records/tx";
import { blockEntry, EntryKind, unpackEntry } from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import { CreditCheck } from "./check-credit.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import { EnergyCheck, type Registers, type TrueMeter } from "./check-energy.ts";
import { must } from "./violation.ts";

interface Range {
  fromMwh: bigint;
  toMwh: bigint;
}

/** Looks at each block with its header, and at the state behind it. */
export interface BlockWatcher {
  block(block: Block, header: BlockHeader, state: LedgerState): void;
  look(state: LedgerState): void;
}

export class LedgerCheck {
  /** Transactions that a block took. */
  readonly finalIds = new Set<string>();
  trades = 0;
  /** Coins of rewards, µc. */
  mintedMicro = 0;
  /** Legs that were sold of an OFFER. */
  offered = 0;
  readonly energy: EnergyCheck;
  readonly credit = new CreditCheck();
  /** Beside the books, where blocks come with headers. */
  watcher: { crypto: Crypto; check: BlockWatcher } | undefined;
  private entries = 0;
  private readonly balances = new Map<string, number>();
  private readonly locks = new Map<
    string,
    { micro: number; node: string; wallet: string | undefined }
  >();
  private readonly ranges = new Map<string, Range[]>();
  /** Of each leg of a SOLD: by the two meters in at most two parts, of which the second was frozen. */
  private readonly paidSold = new Map<string, { qtyWh: number; micro: number; parts: number }>();
  /** What settled each leg of a SOLD by its BOUGHT: that and the coins. */
  readonly settledBy = new Map<string, string>();
  private readonly promised = new Map<string, { qtyWh: number; ecashMicro: number }>();
  private readonly registers = new Map<string, Registers>();
  private readonly traded = new Map<string, bigint>();

  constructor(meter: TrueMeter) {
    this.energy = new EnergyCheck(meter);
  }

  /** Blocks that the log has since the last look. */
  follow(store: LogStore, state: LedgerState, txs: ReadonlyMap<string, SeenTx>): void {
    const blocks: Uint8Array[] = [];
    for (const { index, kind, bytes } of store.read(this.entries + 1)) {
      this.entries = index;
      if (kind === EntryKind.block) blocks.push(bytes);
    }
    this.take(blocks, state, txs);
  }

  /** Entries of blocks, those that led to this state. */
  take(entries: readonly Uint8Array[], state: LedgerState, txs: ReadonlyMap<string, SeenTx>): void {
    for (const entry of entries) {
      const block = blockRecord.decode(unpackEntry(blockEntry, entry).block);
      if (!block.ok) continue;
      this.block(block.value, state, txs);
      if (!this.watcher) continue;
      const { crypto, check } = this.watcher;
      const header = openSigned(headerRecord, crypto, block.value.header);
      if (header.ok) check.block(block.value, header.value, state);
    }
    this.compare(state);
  }

  block(
    block: Pick<Block, "txs" | "rejected" | "effects">,
    state: LedgerState,
    txs: ReadonlyMap<string, SeenTx>,
  ): void {
    const rejected = new Set(block.rejected.map(({ txid }) => hex(txid)));
    for (const txid of block.txs) {
      const id = hex(txid);
      must(!this.finalIds.has(id), "I5", () => `${id} is in two blocks`);
      this.finalIds.add(id);
      const seen = txs.get(id);
      if (seen && !rejected.has(id)) this.legs(seen, txs);
    }
    block.effects.forEach((effect, i) => {
      this.effect(effect, state, txs, block.effects[i + 1]);
    });
  }

  /** I7 to I9: stretches of registers, and what is sold of what was offered. */
  private legs({ tx }: SeenTx, txs: ReadonlyMap<string, SeenTx>): void {
    const { body } = tx;
    const sold = body.type === TxType.sold;
    if (!sold && body.type !== TxType.bought) return;
    this.energy.said(hex(body.from), tx, ({ ref }) => {
      const answered = ref && txs.get(hex(ref))?.tx.body;
      return answered?.legs.find(({ to }) => to && bytesEqual(to, body.from));
    });
    const key = `${hex(body.from)} ${sold ? "export" : "import"}`;
    const ranges = this.ranges.get(key) ?? [];
    this.ranges.set(key, ranges);
    for (const { meter, qtyWh, ref, ecashMicro } of body.legs) {
      must(meter !== undefined, "I7", () => `${key}: a leg without a range`);
      for (const { fromMwh, toMwh } of ranges)
        must(
          meter.toMwh <= fromMwh || meter.fromMwh >= toMwh,
          "I7",
          () => `${key}: ${meter.fromMwh}..${meter.toMwh} is used`,
        );
      ranges.push(meter);
      must(
        meter.toMwh - meter.fromMwh === BigInt(qtyWh) * 1000n,
        "I7",
        () => `${key}: ${qtyWh} Wh of ${meter.toMwh - meter.fromMwh} mWh`,
      );
      this.traded.set(key, (this.traded.get(key) ?? 0n) + BigInt(qtyWh) * 1000n);
      if (!sold || !ref) continue;
      const reserve = this.promise(ref, qtyWh, ecashMicro, txs);
      if (!reserve?.ref) continue;
      this.offered++;
      this.promise(reserve.ref, qtyWh, ecashMicro, txs);
    }
  }

  /** I9: no more is sold of a RESERVE, and of the OFFER that it takes, than it is for. */
  private promise(
    id: Uint8Array,
    qtyWh: number,
    ecashMicro: number,
    txs: ReadonlyMap<string, SeenTx>,
  ): TxLeg | undefined {
    const terms = txs.get(hex(id))?.tx.body.legs[0];
    const before = this.promised.get(hex(id)) ?? { qtyWh: 0, ecashMicro: 0 };
    const now = { qtyWh: before.qtyWh + qtyWh, ecashMicro: before.ecashMicro + ecashMicro };
    this.promised.set(hex(id), now);
    if (!terms) return undefined;
    must(now.qtyWh <= terms.qtyWh, "I9", () => `${now.qtyWh} Wh of ${terms.qtyWh}`);
    must(now.ecashMicro <= terms.ecashMicro, "I9", () => `${now.ecashMicro} µc promised`);
    return terms;
  }

  private effect(
    effect: Effect,
    state: LedgerState,
    txs: ReadonlyMap<string, SeenTx>,
    next: Effect | undefined,
  ): void {
    const { kind, micro, from, to, reserve } = effect;
    const owner = (wallet: Uint8Array | undefined): string =>
      (wallet && state.owners.get(hex(wallet))) ?? "nobody";
    const add = (node: string, more: number): void =>
      void this.balances.set(node, (this.balances.get(node) ?? 0) + more);
    const lock = reserve ? this.locks.get(hex(reserve)) : undefined;
    const { genesis, deposit, flow, reward } = EffectKind;
    if (kind === reward || kind === flow) this.mintedMicro += micro;
    if (kind === genesis || kind === deposit || kind === flow) add(owner(to), micro);
    else if (kind === EffectKind.withdraw) add(owner(from), -micro);
    else if (kind === EffectKind.lock && reserve) {
      must(!lock, "I5", () => `${hex(reserve)} locks twice`);
      const wallet = from && this.credit.shared(hex(from)) ? hex(from) : undefined;
      if (wallet === undefined) add(owner(from), -micro);
      else this.credit.move(wallet, -micro);
      this.locks.set(hex(reserve), { micro, node: owner(from), wallet });
    } else if (kind === EffectKind.release && lock) {
      if (lock.wallet === undefined) add(lock.node, micro);
      else
        this.back(lock.wallet, micro, next, (wallet, more) => {
          add(state.owners.get(wallet) ?? "nobody", more);
        });
      lock.micro -= micro;
    } else if (kind === EffectKind.pay || kind === EffectKind.arbitrate) {
      must(lock !== undefined, "I5", () => "paid out of no lock");
      this.pay(effect, txs);
      add(owner(to), micro);
      lock.micro -= micro;
    } else if (kind !== EffectKind.refund || reserve)
      this.credit.effect(effect, state, (wallet, more) => {
        add(state.owners.get(wallet) ?? "nobody", more);
      });
    if (lock) must(lock.micro >= 0, "I2", () => `a lock holds ${lock.micro} µc`);
  }

  /** To a shared wallet; where its loan is over, to the debt and to the borrower, as the next effects say. */
  private back(
    wallet: string,
    micro: number,
    next: Effect | undefined,
    add: (wallet: string, micro: number) => void,
  ): void {
    const { repay, refund } = EffectKind;
    const own = next?.kind === repay ? next.from : next?.kind === refund ? next.to : undefined;
    const over = own && !this.credit.shared(hex(own)) && (next?.kind === repay || !next?.reserve);
    if (over) add(hex(own), micro);
    else this.credit.move(wallet, micro);
  }

  /** I5 and I10: once, the same amounts on both sides, and in time's order. */
  private pay(effect: Effect, txs: ReadonlyMap<string, SeenTx>): void {
    const { sold, bought, leg, micro, qtyWh, reserve, kind } = effect;
    must(sold !== undefined && reserve !== undefined, "I10", () => "paid for nothing");
    const key = `${hex(sold)} ${leg}`;
    const byMeters = kind === EffectKind.arbitrate;
    const before = this.paidSold.get(key) ?? { qtyWh: 0, micro: 0, parts: 0 };
    must(before.parts < (byMeters ? 2 : 1), "I5", () => `${key} is paid twice`);
    const paid = { qtyWh: before.qtyWh + qtyWh, micro: before.micro + micro };
    this.paidSold.set(key, { ...paid, parts: before.parts + 1 });
    this.trades++;
    if (bought) this.settledBy.set(key, `${hex(bought)} ${micro}`);
    const seller = txs.get(hex(sold));
    const line = seller?.tx.body.legs[leg];
    if (!seller || !line) return;
    const whole = line.ecashMicro === paid.micro && line.qtyWh === paid.qtyWh;
    const part = byMeters && paid.micro < line.ecashMicro && paid.qtyWh < line.qtyWh;
    must(whole || part, "I5", () => `${key}: other amounts`);
    const locked = txs.get(hex(reserve));
    if (locked) must(seller.tMs > locked.tMs, "I10", () => `${key}: SOLD before its RESERVE`);
    const of = seller.tx.body;
    if (byMeters) return this.energy.paid({ ...line, qtyWh }, undefined, hex(line.to!), of.slot);
    const buyer = bought && txs.get(hex(bought));
    must(buyer !== undefined, "I10", () => `${key} has no BOUGHT`);
    const answers = buyer.tx.body.legs.filter(
      ({ ref, to }) => ref && hex(ref) === hex(sold) && to && hex(to) === hex(seller.tx.body.from),
    );
    must(answers.length === 1, "I10", () => `${key}: ${answers.length} answers`);
    const [answer] = answers;
    const same = answer.ecashMicro === micro && answer.qtyWh === qtyWh;
    must(same, "I10", () => `${key}: the BOUGHT says something else`);
    must(buyer.tMs > seller.tMs, "I10", () => `${key}: BOUGHT before SOLD`);
    this.energy.paid(line, answer, hex(buyer.tx.body.from), of.slot);
  }

  /** Both sets of books say the same. */
  private compare(state: LedgerState): void {
    for (const { node, balanceMicro } of state.accounts.values()) {
      const own = this.balances.get(node) ?? 0;
      must(own === balanceMicro, "I5", () => `${node} has ${balanceMicro} µc, not ${own}`);
    }
  }

  /** I1, I2, I7 and I8 on the state as it is. */
  look(state: LedgerState): void {
    this.credit.look(state);
    this.watcher?.check.look(state);
    const { walletsMicro, lockedMicro } = state.sums();
    const { genesisMicro, mintedMicro, burnedMicro, reservesMicro } = state.totals;
    const made = genesisMicro + mintedMicro;
    const held = walletsMicro + lockedMicro + this.credit.sharedMicro + reservesMicro + burnedMicro;
    must(made === held, "I1", () => `${made} µc made, ${held} held`);
    for (const { leftMicro } of state.locks.values())
      must(leftMicro >= 0, "I2", () => `a lock of ${leftMicro} µc`);
    for (const account of state.accounts.values()) {
      const { node, balanceMicro, importMwh, exportMwh } = account;
      must(balanceMicro >= 0, "I2", () => `${node} has ${balanceMicro} µc`);
      const before = this.registers.get(node);
      if (before)
        must(
          importMwh >= before.importMwh && exportMwh >= before.exportMwh,
          "I7",
          () => `${node}: a register falls`,
        );
      this.registers.set(node, { importMwh, exportMwh });
      for (const [name, register] of [
        ["import", importMwh],
        ["export", exportMwh],
      ] as const) {
        const traded = this.traded.get(`${node} ${name}`) ?? 0n;
        must(traded <= register, "I8", () => `${node} ${name}: ${traded} of ${register} mWh`);
      }
    }
  }
}
