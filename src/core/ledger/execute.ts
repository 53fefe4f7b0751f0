// SPDX-License-Identifier: Apache-2.0
/**
 * Executing a block: the same function for the gateway that proposes it, for one that audits it, for the
 * restart from disk and for the offline verifier. Its input is what the block lists; its output must match
 * the block's effects and roots.
 */
import { toHex } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { merkleRoot } from "../crypto/merkle.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import { WIRE } from "../errors/codes.ts";
import { rejectedStruct } from "../records/account.ts";
import { type Block, type Effect, effectStruct } from "../records/block.ts";
import type { Member } from "../records/member.ts";
import type { Reading } from "../records/reading.ts";
import type { Tx } from "../records/tx.ts";
import type { WalletSet } from "../wallets.ts";
import { applyTx, burn, closeSlot, contract, mint } from "./apply.ts";
import type { FeederWord } from "./arbitrate.ts";
import { applyCredit, type CreditEvent } from "./credit-loans.ts";
import { countReading } from "./credit-trade.ts";
import { applyRewards, type RewardPlan } from "./rewards.ts";
import type { LedgerState, Pair } from "./state.ts";

/** A signed record that a block applies beside transactions. */
export type LedgerEvent = CreditEvent | TradeEvent;
type TradeEvent = { id: Uint8Array } & (
  | { type: "member"; node: string; member: Member; wallets: WalletSet }
  | { type: "wallets"; node: string; wallets: WalletSet }
  | { type: "reading"; node: string; reading: Reading }
  | { type: "clearing"; pairs: Pair[] }
);

/** Coins that come in or go out through the operator's on-ramp; `wallet` is any address of the account. */
export interface MintOrder {
  kind: "genesis" | "deposit" | "withdraw";
  wallet: string;
  micro: number;
}

/** What a block does, in the order in which it does it. */
export interface BlockPlan {
  events: LedgerEvent[];
  mints: MintOrder[];
  txs: { tx: Tx; tMs: number }[];
  closed: number[];
  /** Where leaders and sellers are rewarded. */
  reward?: RewardPlan;
}

export type BlockResult = Pick<Block, "rejected" | "effects">;

/**
 * Changes `state` as the plan says; what does not fit is rejected with its code and changes nothing. `word` is
 * what the area's feeder meter says at the close of a slot, where there is one.
 */
export function executeBlock(
  state: LedgerState,
  plan: BlockPlan,
  slotStartMs: (slot: number) => number,
  word: (slot: number) => FeederWord | undefined = () => undefined,
): BlockResult {
  const effects: Effect[] = [];
  const rejected: Block["rejected"] = [];
  for (const event of plan.events) {
    if (event.type === "member") state.addAccount(event.node, event.member, event.wallets);
    else if (event.type === "wallets") state.addWallets(event.node, event.wallets);
    else if (event.type === "reading") {
      state.read(event.node, event.reading);
      countReading(state, event.node, slotStartMs(event.reading.boundary));
    } else if (event.type === "clearing") contract(state, event.pairs);
    else {
      const verdict = applyCredit(state, event, slotStartMs, effects);
      if (!verdict.ok) rejected.push({ txid: event.id, code: WIRE[verdict.code] });
    }
  }
  for (const { kind, wallet, micro } of plan.mints)
    if (kind === "withdraw") burn(state, wallet, micro, effects);
    else mint(state, kind, wallet, micro, effects);
  for (const { tx, tMs } of plan.txs) {
    const verdict = applyTx(state, tx, tMs, slotStartMs, effects);
    if (!verdict.ok) rejected.push({ txid: tx.txid, code: WIRE[verdict.code] });
  }
  for (const slot of plan.closed) closeSlot(state, slot, effects, { slotStartMs, word });
  const filled = plan.txs.length + plan.events.length > 0;
  if (plan.reward) applyRewards(state, plan.reward, filled, plan.closed, effects);
  return { rejected, effects };
}

/** A block as it comes out, and the state that it would leave: nothing has changed yet. */
export interface PreparedBlock {
  body: Omit<Block, "header">;
  roots: ReturnType<typeof blockRoots> & { stateRoot: Uint8Array };
  fork: LedgerState;
}

/**
 * Executes a plan on a fork of `state`. Several may be prepared on one state; `state.adopt(fork)` makes one of
 * them the block that was, and the others void.
 */
export function prepareBlock(
  crypto: Crypto,
  state: LedgerState,
  plan: BlockPlan,
  slotStartMs: (slot: number) => number,
  word?: (slot: number) => FeederWord | undefined,
): PreparedBlock {
  const fork = state.fork(crypto);
  const { rejected, effects } = executeBlock(fork, plan, slotStartMs, word);
  const txs = plan.txs.map(({ tx }) => tx);
  const body = {
    cut: antichain(txs),
    txs: txs.map(({ txid }) => txid),
    rejected,
    effects,
    events: plan.events.map(({ id }) => id),
    closed: plan.closed,
  };
  return { body, roots: { ...blockRoots(crypto, body), stateRoot: fork.root(crypto) }, fork };
}

/** The Merkle roots of a block's lists, as its header has them. */
export function blockRoots(crypto: Crypto, block: Omit<Block, "header">) {
  return {
    txCount: block.txs.length,
    cutRoot: merkleRoot(crypto, block.cut),
    txRoot: merkleRoot(crypto, block.txs),
    rejectedRoot: merkleRoot(
      crypto,
      block.rejected.map((entry) => encodeCbor(rejectedStruct.encode(entry, "rejected"))),
    ),
    effectsRoot: merkleRoot(
      crypto,
      block.effects.map((effect) => encodeCbor(effectStruct.encode(effect, "effect"))),
    ),
    eventsRoot: merkleRoot(crypto, [
      ...block.events,
      ...block.closed.map((slot) => encodeCbor(slot)),
    ]),
  };
}

/** Tips of a set of transactions: those that no other of the set approves. */
export function antichain(txs: readonly Tx[]): Uint8Array[] {
  const approved = new Set<string>();
  for (const tx of txs) for (const parent of tx.body.parents) approved.add(toHex(parent));
  const tips = txs.filter((tx) => !approved.has(toHex(tx.txid))).map((tx) => tx.txid);
  assert(txs.length === 0 || tips.length > 0, "CUT_EMPTY");
  return tips;
}
