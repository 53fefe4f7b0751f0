// SPDX-License-Identifier: Apache-2.0
/** The public form of a block: what is left out, in which order, and how it is salted. */
import assert from "node:assert/strict";
import { createHash, hkdfSync } from "node:crypto";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { blockSalt, itemSalt, publicBlock, salted, saltKeyOf } from "#core/ledger/public";
import { type Block, type BlockHeader, type Effect, EffectKind } from "#core/records/block";
import { publicBlockRecord } from "#core/records/public-block";
import { crypto, named } from "./world.ts";

const SECRET = named("gateway");
const SALT_KEY = saltKeyOf(crypto, SECRET);

/** H(domain, parts) by another implementation. */
function hash(domain: string, ...parts: (Uint8Array | number)[]): string {
  const sum = createHash("sha256").update(domain).update(Uint8Array.of(0));
  for (const part of parts)
    if (typeof part === "number") sum.update(Uint8Array.of(0, 0, part >> 8, part & 255));
    else sum.update(part);
  return sum.digest("hex");
}

function effect(kind: number, from: string, to: string, micro: number): Effect {
  const wallet = (name: string) => (name === "" ? undefined : named(name, 20));
  const ids = { reserve: named("r"), sold: named("s"), leg: 3, bought: named("b") };
  return { kind, ...ids, from: wallet(from), to: wallet(to), micro, qtyWh: 77 };
}

const EFFECTS = [
  effect(EffectKind.release, "", "b", 5),
  effect(EffectKind.pay, "b", "s", 10),
  effect(EffectKind.arbitrate, "c", "s2", 20),
  effect(EffectKind.lock, "d", "", 100),
  effect(EffectKind.lock, "b", "", 100),
  effect(EffectKind.genesis, "", "z", 1),
];
const HEADER = { net: "t", height: 258, slot: 7, atMs: 1_800_000_000_000 } as BlockHeader;
const BLOCK = {
  txs: [named("tx 1"), named("tx 2")],
  events: [named("event")],
  effects: EFFECTS,
} as Partial<Block> as Block;
const SEALED = { id: named("header"), header: HEADER, block: BLOCK };

test("salts follow from the gateway's secret key, the height and the place", () => {
  const key = hkdfSync("sha256", SECRET, "", "wattle/block-salt-key/1", 32);
  assert.equal(toHex(SALT_KEY), Buffer.from(key).toString("hex"));
  const salt = blockSalt(crypto, SALT_KEY, 258);
  assert.equal(toHex(salt), hash("wattle/block-salt/1", SALT_KEY, 258));
  assert.equal(toHex(itemSalt(crypto, salt, 300)), hash("wattle/item-salt/1", salt, 300));
  assert.equal(toHex(salted(crypto, salt, SECRET)), hash("wattle/salted/1", salt, SECRET));
});

test("transactions and events stand there as salted hashes, each with a salt of its own", () => {
  const salt = blockSalt(crypto, SALT_KEY, 258);
  const { header, items, prev, area, net, height, slot, atMs } = publicBlock(
    crypto,
    "street",
    SEALED,
    salt,
    undefined,
  );
  assert.equal(toHex(header), hash("wattle/salted/1", salt, SEALED.id));
  const all = [...BLOCK.txs, ...BLOCK.events];
  const expected = all.map((item, i) => {
    const own = Buffer.from(hash("wattle/item-salt/1", salt, i), "hex");
    return hash("wattle/salted/1", own, item);
  });
  assert.deepEqual(items.map(toHex), expected);
  assert.deepEqual([net, area, height, slot], ["t", "street", 258, 7]);
  assert.deepEqual([prev, atMs], [undefined, HEADER.atMs]);
});

test("effects say who and how much, by kind and address, and energy for payments only", () => {
  const salt = blockSalt(crypto, SALT_KEY, 1);
  const made = publicBlock(crypto, "street", SEALED, salt, named("before"));
  const of = (block: typeof made) =>
    block.effects.map(({ kind, from, to, micro, qtyWh }) => {
      const [payer, payee] = [from, to].map((wallet) => (wallet ? toHex(wallet) : ""));
      return { kind, payer, payee, micro, qtyWh };
    });
  const found = of(made);
  assert.deepEqual(
    found.map(({ kind }) => kind),
    [1, 4, 4, 5, 6, 7],
  );
  assert.ok(found[1].payer < found[2].payer, "of one kind by address");
  for (const { kind, qtyWh } of found) assert.equal(qtyWh, kind === 5 || kind === 7 ? 77 : 0);
  const shuffled = { ...SEALED, block: { ...BLOCK, effects: [...EFFECTS].reverse() } };
  const again = publicBlock(crypto, "street", shuffled, salt, named("before"));
  assert.deepEqual(of(again), found, "the order in which they came does not show");
  const bytes = Buffer.from(publicBlockRecord.encode(made));
  for (const id of ["r", "s", "b", "header", "tx 1", "tx 2", "event"])
    assert.equal(bytes.indexOf(named(id)), -1, id);
  assert.ok(bytes.indexOf(named("before")) > 0);
});
