// SPDX-License-Identifier: Apache-2.0
/**
 * I4: coins come from nowhere but the genesis block, a bank's capital and the schedules of rewards, counted anew
 * from the effects of blocks.
 */
import { toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import type { RewardTerms } from "#core/ledger/rewards";
import type { LedgerState } from "#core/ledger/state";
import { type Block, type BlockHeader, type Effect, EffectKind } from "#core/records/block";
import { WALLET_BYTES } from "#core/records/common";
import { scheduledBefore } from "#core/rewards/schedule";
import type { BlockWatcher } from "./check-ledger.ts";
import { must } from "./violation.ts";

export class MintCheck implements BlockWatcher {
  private readonly crypto: Crypto;
  /** What each member begins with, µc. */
  private readonly genesisMicro: number;
  /** Undefined: nothing is minted. */
  private readonly terms: RewardTerms | undefined;
  private readonly begun = new Set<string>();
  private genesisSum = 0;
  private readonly capitals = new Map<string, number>();
  private readonly operators = new Map<string, number>();
  private readonly leaders = { count: 0, micro: 0, lastMs: Number.NEGATIVE_INFINITY };
  private readonly flows = { count: 0, micro: 0 };
  private periods = 0;

  constructor(crypto: Crypto, genesisMicro: number, terms: RewardTerms | undefined) {
    this.crypto = crypto;
    this.genesisMicro = genesisMicro;
    this.terms = terms;
  }

  block(block: Block, header: BlockHeader, state: LedgerState): void {
    const { terms } = this;
    if (terms)
      for (const slot of block.closed) if ((slot + 1) % terms.periodSlots === 0) this.periods++;
    const flowsBefore = this.flows.count;
    let rewards = 0;
    for (const effect of block.effects) {
      const { kind, micro } = effect;
      if (kind === EffectKind.genesis) this.genesis(effect, state);
      else if (kind === EffectKind.capital) this.capital(effect);
      else if (kind === EffectKind.reward) {
        must(++rewards === 1, "I4", () => `block ${header.height}: ${rewards} rewards`);
        must(block.txs.length + block.events.length > 0, "I4", () => "a reward for nothing");
        this.reward(effect, header);
      } else if (kind === EffectKind.flow) {
        this.flows.count++;
        this.flows.micro += micro;
      }
      must(kind !== EffectKind.deposit, "I4", () => "a deposit where there is no on-ramp");
    }
    const ended = terms ? block.closed.filter((slot) => (slot + 1) % terms.periodSlots === 0) : [];
    const flows = this.flows.count - flowsBefore;
    must(flows <= ended.length, "I4", () => `${flows} of proof-of-flow, ${ended.length} periods`);
  }

  private genesis({ to, micro }: Effect, state: LedgerState): void {
    const node = (to && state.owners.get(toHex(to))) ?? "nobody";
    must(!this.begun.has(node), "I4", () => `${node} begins twice`);
    must(micro === this.genesisMicro, "I4", () => `${node} begins with ${micro} µc`);
    this.begun.add(node);
    this.genesisSum += micro;
  }

  private capital({ to, micro }: Effect): void {
    const bank = to ? toHex(to) : "nobody";
    must(!this.capitals.has(bank), "I4", () => `the capital of ${bank} comes in twice`);
    this.capitals.set(bank, micro);
  }

  private reward({ to, micro }: Effect, { leader, atMs, height }: BlockHeader): void {
    const { terms, leaders } = this;
    must(terms, "I4", () => `block ${height} has a reward`);
    const wallet = domainHash(this.crypto, "wattle/operator-wallet/1", leader);
    const own = toHex(wallet.slice(0, WALLET_BYTES));
    must(to && toHex(to) === own, "I4", () => `block ${height}: the reward is not its leader's`);
    const { everyMs } = terms.block;
    const early = atMs - leaders.lastMs < everyMs;
    must(!early, "I4", () => `block ${height}: rewards ${atMs - leaders.lastMs} ms apart`);
    leaders.lastMs = atMs;
    leaders.count++;
    leaders.micro += micro;
    this.operators.set(own, (this.operators.get(own) ?? 0) + micro);
  }

  look(state: LedgerState): void {
    const { leaders, flows, terms, periods } = this;
    const { genesisMicro, mintedMicro } = state.totals;
    const begun = [...this.capitals.values()].reduce((sum, micro) => sum + micro, this.genesisSum);
    must(genesisMicro === begun, "I4", () => `${genesisMicro} µc to begin with, not ${begun}`);
    const minted = leaders.micro + flows.micro;
    must(mintedMicro === minted, "I4", () => `${mintedMicro} µc minted, not ${minted}`);
    if (!terms) return must(minted === 0, "I4", () => `${minted} µc minted`);
    const most = scheduledBefore(terms.block.schedule, leaders.count);
    must(leaders.micro <= most, "I4", () => `${leaders.micro} µc to leaders, of ${most}`);
    const flow = scheduledBefore(terms.flow.schedule, periods);
    must(flows.micro <= flow, "I4", () => `${flows.micro} µc by proof-of-flow, of ${flow}`);
    const held = [...state.operators.values()].reduce((sum, { micro }) => sum + micro, 0);
    must(held === leaders.micro, "I4", () => `operators have ${held} µc of ${leaders.micro}`);
  }
}
