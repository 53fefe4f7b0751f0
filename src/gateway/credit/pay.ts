// SPDX-License-Identifier: Apache-2.0
/**
 * A payment by token does not wait for a block (paper 1, III-2): all that waits for one is executed on a fork
 * of the ledger, and where a BOUGHT's coins come out of a shared wallet there, the bank says so at once, to seller
 * and buyer. The block that follows executes the same.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { lineAt } from "#core/ledger/credit-state";
import { executeBlock } from "#core/ledger/execute";
import { type Effect, EffectKind } from "#core/records/block";
import { nextPayment, type Payment, paymentLink, paymentRecord } from "#core/records/credit";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { CreditDesk } from "./desk.ts";

/** Says the payments of these BOUGHTs (ids in hex) that fit. */
export function payAtOnce(
  area: Area,
  batch: Batch,
  desk: CreditDesk,
  boughts: ReadonlySet<string>,
): void {
  const { chain, world, ports } = area;
  const fork = chain.state.fork(ports.crypto);
  const { events, vertices } = chain.pendingInput(world.openSlot ?? 0, [], []);
  const times = new Map(vertices.map(({ id, tMs }) => [id, tMs]));
  const txs = vertices.map(({ tx, tMs }) => ({ tx, tMs }));
  const plan = { events, mints: [], txs, closed: [] };
  const { effects } = executeBlock(fork, plan, (slot) => world.startMs(slot));
  for (const [wallet, paid] of byWallet(effects)) {
    const owner = chain.state.locks.peek(toHex(paid[0].reserve!))?.node;
    const line = owner === undefined ? undefined : lineAt(fork, owner, wallet);
    if (!line || owner === undefined || line.home !== area.id) continue;
    // Payments are the last versions of the token: events of the block come before its transactions.
    let { version, balanceMicro } = line.loan;
    version -= paid.length;
    for (const { micro } of paid) balanceMicro += micro;
    let { count, digest } = desk.paidWith(line.token);
    for (const effect of paid) {
      version++;
      balanceMicro -= effect.micro;
      count++;
      const { sold, leg, bought, to, micro } = effect;
      if (!sold || !bought || !to) continue;
      digest = nextPayment(ports.crypto, digest, paymentLink(ports.crypto, { sold, leg, bought }));
      const id = toHex(bought);
      if (!boughts.has(id)) continue;
      const place = { net: area.options.net, bank: area.idBytes, node: fromHex(owner)! };
      const what = { token: fromHex(line.token)!, version, balanceMicro, sold, leg, bought, to };
      const said: Payment = {
        ...place,
        ...what,
        micro,
        payments: count,
        digest,
        atMs: times.get(id)!,
      };
      const { bytes } = area.sign(paymentRecord, said);
      const seller = fork.owners.peek(toHex(to));
      for (const node of [owner, seller])
        if (node !== undefined) batch.send(area.topics.down(node, "credit"), bytes);
      desk.answer(id);
    }
  }
}

/** Payments in their order, by the address that they come from. */
function byWallet(effects: readonly Effect[]): Map<string, Effect[]> {
  const paid = new Map<string, Effect[]>();
  for (const effect of effects) {
    if (effect.kind !== EffectKind.pay || !effect.from) continue;
    const wallet = toHex(effect.from);
    paid.set(wallet, [...(paid.get(wallet) ?? []), effect]);
  }
  return paid;
}
