// SPDX-License-Identifier: Apache-2.0
/** Each member's latest trade that a block settled, with the proof that the block has it. */
import { toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { merkleProofs } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import type { LedgerState } from "#core/ledger/state";
import { type Effect, EffectKind, effectStruct } from "#core/records/block";
import { type Settlement, settlementRecord } from "#core/records/settlement";
import type { SealedBlock } from "./chain.ts";

export class Settlements {
  /** By member. */
  readonly all = new Map<string, Settlement>();

  /** A block was sealed or replayed: `state` is that after it. */
  follow(crypto: Crypto, state: LedgerState, { block, headerBytes }: SealedBlock): void {
    const { effects } = block;
    if (!effects.some(paid)) return;
    const { proofs } = merkleProofs(
      crypto,
      effects.map((effect) => encodeCbor(effectStruct.encode(effect, "effect"))),
    );
    effects.forEach((effect, index) => {
      if (!paid(effect)) return;
      const path = proofs[index];
      const proof = { header: headerBytes, effect, index, effects: effects.length, path };
      for (const address of [effect.from!, effect.to!]) {
        const name = toHex(address);
        const node = state.owners.peek(name);
        const sets = node === undefined ? [] : state.accountOf(node).sets;
        const set = sets.find(({ wallets }) => wallets.includes(name));
        if (node === undefined || !set) continue; // of a trade long ago, which was frozen
        const wallet = set.wallets.indexOf(name);
        this.all.set(node, { ...proof, walletSet: set.set, wallet });
      }
    });
  }

  /** What is sent to `node`, of any block, or only of the one with this header; undefined where there is none. */
  of(node: string, headerBytes?: Uint8Array): Uint8Array | undefined {
    const settlement = this.all.get(node);
    if (!settlement || (headerBytes && settlement.header !== headerBytes)) return undefined;
    return settlementRecord.encode(settlement);
  }
}

function paid({ kind }: Effect): boolean {
  return kind === EffectKind.pay || kind === EffectKind.arbitrate;
}
