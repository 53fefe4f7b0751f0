// SPDX-License-Identifier: Apache-2.0
/**
 * The public form of a block. It follows from the block and a salt that the gateway derives from its secret
 * key; members are told the salts of their blocks.
 *
 *   salt_h = H("wattle/block-salt/1", salt key, h as u32);  salt_hi = H("wattle/item-salt/1", salt_h, i as u32)
 *   header = H("wattle/salted/1", salt_h, block id);  item i = H("wattle/salted/1", salt_hi, item)
 *
 * Without the salts the hashes would be an oracle: a body holds little that an outsider could not guess.
 */
import { ascii, compareBytes } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import { hkdfSha256 } from "../crypto/hkdf.ts";
import type { Crypto } from "../crypto/port.ts";
import { type Block, type BlockHeader, EffectKind } from "../records/block.ts";
import type { PublicBlock, PublicEffect } from "../records/public-block.ts";

/** The gateway's key for salts, from its secret key. */
export function saltKeyOf(crypto: Crypto, secretKey: Uint8Array): Uint8Array {
  return hkdfSha256(crypto, secretKey, ascii("wattle/block-salt-key/1"));
}

/** The salt of the block at `height`. */
export function blockSalt(crypto: Crypto, saltKey: Uint8Array, height: number): Uint8Array {
  return domainHash(crypto, "wattle/block-salt/1", saltKey, u32(height));
}

/** What has to be revealed to show that item `index` is in the block. */
export function itemSalt(crypto: Crypto, salt: Uint8Array, index: number): Uint8Array {
  return domainHash(crypto, "wattle/item-salt/1", salt, u32(index));
}

/** A hash that only those can compute who know the salt. */
export function salted(crypto: Crypto, salt: Uint8Array, item: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/salted/1", salt, item);
}

/** The public form of a block. */
export function publicBlock(
  crypto: Crypto,
  area: string,
  sealed: { id: Uint8Array; header: BlockHeader; block: Block },
  salt: Uint8Array,
  prev: Uint8Array | undefined,
): PublicBlock {
  const { id, header, block } = sealed;
  const { net, height, slot, atMs } = header;
  const items = [...block.txs, ...block.events].map((item, i) =>
    salted(crypto, itemSalt(crypto, salt, i), item),
  );
  const effects = block.effects
    .map(({ kind, from, to, micro, qtyWh }): PublicEffect => {
      const paid = kind === EffectKind.pay || kind === EffectKind.arbitrate;
      return { kind, from, to, micro, qtyWh: paid ? qtyWh : 0 };
    })
    .sort(byAddress);
  const saltedId = salted(crypto, salt, id);
  return { net, area, height, prev, header: saltedId, slot, atMs, effects, items };
}

const NONE = new Uint8Array(0);

function byAddress(a: PublicEffect, b: PublicEffect): number {
  return (
    a.kind - b.kind ||
    compareBytes(a.from ?? NONE, b.from ?? NONE) ||
    compareBytes(a.to ?? NONE, b.to ?? NONE) ||
    a.micro - b.micro
  );
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
