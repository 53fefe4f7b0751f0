// SPDX-License-Identifier: Apache-2.0
/** What a block says that it did, against what it does on the auditor's ledger. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { codeOfWire } from "#core/errors/codes";
import type { BlockResult } from "#core/ledger/execute";
import { type Block, type Effect, EffectKind, effectStruct } from "#core/records/block";
import type { Context } from "./state.ts";

const EFFECT_NAMES = new Map<number, string>();
for (const [name, kind] of Object.entries(EffectKind)) EFFECT_NAMES.set(kind, name);

export function compareOutcome(
  context: Context,
  height: number,
  block: Block,
  result: BlockResult,
): void {
  compareRejected(context, height, block, result);
  compareEffects(context, height, block.effects, result.effects);
  for (const { code } of result.rejected) {
    context.state.summary.rejectedTxs++;
    context.state.countCode(codeOfWire(code) ?? `code ${code}`);
  }
}

function compareRejected(
  { findings }: Context,
  height: number,
  block: Block,
  result: BlockResult,
): void {
  const found = new Map(block.rejected.map(({ txid, code }) => [toHex(txid), code]));
  for (const { txid, code } of result.rejected) {
    const id = toHex(txid);
    const listed = found.get(id);
    found.delete(id);
    if (listed === code) continue;
    const said = listed === undefined ? "not rejected" : `rejected with ${codeOfWire(listed)}`;
    const detail = `${said}, the ledger rejects it with ${codeOfWire(code)}`;
    findings.fault("BLOCK_REJECTED", { height, txid: id }, detail);
  }
  for (const [txid, code] of found)
    findings.fault(
      "BLOCK_REJECTED",
      { height, txid },
      `rejected with ${codeOfWire(code) ?? code}, the ledger accepts it`,
    );
}

/** In order: the first difference says it all, for what follows is shifted by it. */
function compareEffects(
  { findings }: Context,
  height: number,
  listed: readonly Effect[],
  made: readonly Effect[],
): void {
  const length = Math.max(listed.length, made.length);
  for (let i = 0; i < length; i++) {
    if (listed[i] && made[i] && sameEffect(listed[i], made[i])) continue;
    const detail = `effect ${i}: ${describe(listed[i])}, the ledger gives ${describe(made[i])}`;
    return findings.fault("BLOCK_EFFECTS", { height }, detail);
  }
}

function sameEffect(a: Effect, b: Effect): boolean {
  if (a.kind !== b.kind || a.micro !== b.micro || a.qtyWh !== b.qtyWh) return false;
  const bytes = (effect: Effect) => encodeCbor(effectStruct.encode(effect, "effect"));
  return bytesEqual(bytes(a), bytes(b));
}

function describe(effect: Effect | undefined): string {
  if (!effect) return "none";
  const to = effect.to ? ` to ${toHex(effect.to)}` : "";
  return `${EFFECT_NAMES.get(effect.kind)} ${effect.micro} µc${to}`;
}
