// SPDX-License-Identifier: Apache-2.0
/**
 * Where coins come from and go to: the genesis block, and the operator's standing orders at a slot's
 * end. No more.
 */
import { toHex } from "#core/codec/bytes";
import { hasCredit } from "#core/ledger/credit-state";
import type { MintOrder } from "#core/ledger/execute";
import { type Block, EffectKind } from "#core/records/block";
import { walletOf } from "#core/wallets";
import type { Context } from "./state.ts";

/** The coins that a block brings in, after checking that it may. */
export function checkMints(context: Context, height: number, block: Block): MintOrder[] {
  const { state, findings } = context;
  const genesis: MintOrder[] = [];
  const deposits: MintOrder[] = [];
  const mints: MintOrder[] = [];
  const withdrawals: MintOrder[] = [];
  for (const { kind, from, to, micro } of block.effects) {
    if (kind === EffectKind.withdraw)
      withdrawals.push({ kind: "withdraw", wallet: from ? toHex(from) : "", micro });
    if (kind !== EffectKind.genesis && kind !== EffectKind.deposit) continue;
    const wallet = to ? toHex(to) : "";
    const code = kind === EffectKind.genesis ? "GENESIS" : "DEPOSIT";
    if (!state.ownsWallet(wallet)) {
      findings.fault(code, { height }, `to the unknown wallet ${wallet}`);
      continue;
    }
    const mint: MintOrder = { kind: code === "GENESIS" ? "genesis" : "deposit", wallet, micro };
    mints.push(mint);
    (code === "GENESIS" ? genesis : deposits).push(mint);
  }
  if (genesis.length > 0) checkGenesis(context, height, genesis);
  if (deposits.length > 0) checkDeposits(context, height, block, deposits);
  return [...mints, ...checkWithdrawals(context, height, block, withdrawals)];
}

/**
 * The standing order pays accounts out down to one level, from free coins. Returns those that can be carried
 * out: the others are faults.
 */
function checkWithdrawals(
  { state, findings }: Context,
  height: number,
  block: Block,
  orders: MintOrder[],
): MintOrder[] {
  const fault = (detail: string) => findings.fault("WITHDRAW", { height }, detail);
  if (orders.length > 0 && block.closed.length === 0) fault("not at a slot's end");
  const { ledger } = state;
  const served = new Set<string>();
  let levelMicro: number | undefined;
  return orders.filter(({ wallet, micro }) => {
    const node = ledger.owners.get(wallet);
    if (node === undefined || ledger.freeOf(node) < micro || served.has(node)) {
      fault(`${micro} µc from wallet ${wallet}`);
      return false;
    }
    served.add(node);
    if (wallet !== ledger.newestSet(node).wallets[0]) fault("from another than a first address");
    const level = ledger.freeOf(node) + ledger.lockedOf(node) - micro;
    levelMicro ??= level;
    if (level !== levelMicro) fault(`${state.nameOf(node)} is left with ${level} µc`);
    return true;
  });
}

/** Once, the same for each member that the first block has. */
function checkGenesis(
  { ports, state, findings }: Context,
  height: number,
  mints: MintOrder[],
): void {
  if (height !== 0) return findings.fault("GENESIS", { height }, "coins after the first block");
  const wallets = new Set(mints.map(({ wallet }) => wallet));
  for (const { id, member } of state.members.values())
    if (!wallets.delete(toHex(walletOf(ports.crypto, member.walletKey, 0))))
      findings.fault("GENESIS", { height, node: state.nameOf(id) }, "no coins for this member");
  if (wallets.size > 0) findings.fault("GENESIS", { height }, "to another than a first address");
  if (mints.length !== state.members.size || mints.some(({ micro }) => micro !== mints[0].micro))
    findings.fault("GENESIS", { height }, "not the same amount once for each member");
}

/**
 * The standing order brings every account below one level up to another. The log does not hold the
 * two levels, but with any two of them all deposits of a block reach the same level, and whoever
 * got none owns at least as much as each that got some.
 */
function checkDeposits(
  { state, findings }: Context,
  height: number,
  block: Block,
  mints: MintOrder[],
): void {
  if (block.closed.length === 0) findings.fault("DEPOSIT", { height }, "not at a slot's end");
  const { ledger } = state;
  const byWallet = new Map(mints.map((mint) => [mint.wallet, mint.micro]));
  if (byWallet.size !== mints.length) findings.fault("DEPOSIT", { height }, "twice to a wallet");
  const lockedMicro = new Map<string, number>();
  for (const { node, leftMicro } of ledger.locks.values())
    lockedMicro.set(node, (lockedMicro.get(node) ?? 0) + leftMicro);
  let levelMicro: number | undefined;
  let richestServed = 0;
  let poorestLeft = Number.MAX_SAFE_INTEGER;
  for (const node of ledger.accounts.keys()) {
    const [first] = ledger.newestSet(node).wallets;
    const owned = ledger.freeOf(node) + (lockedMicro.get(node) ?? 0);
    const micro = byWallet.get(first);
    byWallet.delete(first);
    if (micro === undefined) poorestLeft = Math.min(poorestLeft, owned);
    else {
      richestServed = Math.max(richestServed, owned);
      levelMicro ??= owned + micro;
      if (owned + micro !== levelMicro)
        findings.fault("DEPOSIT", { height, node: state.nameOf(node) }, "to another level");
    }
  }
  if (byWallet.size > 0) findings.fault("DEPOSIT", { height }, "to another than a first address");
  if (richestServed >= poorestLeft)
    findings.fault("DEPOSIT", { height }, `an account with ${poorestLeft} µc got none`);
}

/** I1, and the totals for the summary. */
export function checkCoins({ state, findings }: Context, height: number): void {
  const { totals } = state.ledger;
  const sums = state.ledger.sums();
  const { sharedMicro } = state.ledger;
  state.summary.coins = { ...totals, ...sums, ...(hasCredit(state.ledger) && { sharedMicro }) };
  const made = totals.genesisMicro + totals.mintedMicro;
  const held =
    sums.walletsMicro + sums.lockedMicro + sharedMicro + totals.reservesMicro + totals.burnedMicro;
  if (made !== held) findings.fault("COINS", { height }, `${made} µc made, ${held} µc held`);
}
