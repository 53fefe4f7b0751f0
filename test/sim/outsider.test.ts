// SPDX-License-Identifier: Apache-2.0
/**
 * What somebody learns who reads everything that outsiders may read of a neighbourhood, for two days: amounts
 * and times, by which trades may be grouped, and nothing else that would bring two of them together.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ascii, fromHex, toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { openSigned, verifySigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { itemSalt, publicBlock, salted } from "#core/ledger/public";
import { type Block, blockRecord, EffectKind, headerRecord } from "#core/records/block";
import { memberRecord } from "#core/records/member";
import { type PublicBlock, publicBlockRecord } from "#core/records/public-block";
import { type Body, bodyRecord, type Tx, TxType } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { walletCommitment } from "#core/wallets";
import { blockEntry, EntryKind, memberEntry, saidEntry, unpackEntry } from "#gateway/entries";
import { openContent, type Said } from "#gateway/intake/decode";
import { crypto, LocalArea, worldOf } from "../helpers/local-area.ts";

const HOMES = 12;
/** Two days of hours. */
const SLOTS = 48;
const CAPACITY_WH = 10_000;
/** Items whose salts the adversary tries. */
const ITEMS_TRIED = 3;
/** A small set, so that nodes go through many of them. */
const WALLETS = 16;

/** Sun by day, load by night, a little different in each home and hour. */
const NET_WH = Array.from({ length: HOMES }, (_, home) =>
  Array.from({ length: SLOTS }, (_, slot) => {
    const sunWh = slot % 24 > 6 && slot % 24 < 18 ? 300 * (home % 3) : 0;
    return 300 + ((home * 37 + slot * 13) % 200) - 2 * sunWh;
  }),
);

/** Another price in each hour of the day. */
const retailMicro = (slot: number) => 220_000 + 7_000 * (slot % 24);

/** What only the members and the gateway know: everything in the log. */
interface Inside {
  blocks: { id: Uint8Array; header: ReturnType<typeof headerOf>["header"]; block: Block }[];
  txs: Map<string, Tx>;
  /** Ids, hashes and keys by what they are. */
  secrets: Map<string, string>;
}

function headerOf(block: Block) {
  const opened = openSigned(headerRecord, crypto, block.header);
  assert.ok(opened.ok);
  return { id: opened.id, header: opened.value, block };
}

function insideOf(area: LocalArea): Inside {
  const inside: Inside = { blocks: [], txs: new Map(), secrets: new Map() };
  const know = (what: string, bytes: Uint8Array) => inside.secrets.set(toHex(bytes), what);
  const claim = ({ walletKey }: { walletKey: Uint8Array }) => {
    know("wallet key", walletKey);
    know("commitment", walletCommitment(crypto, walletKey));
  };
  for (const { kind, bytes } of area.store.read()) {
    if (kind === EntryKind.member) {
      const opened = openSigned(memberRecord, crypto, unpackEntry(memberEntry, bytes).signed);
      assert.ok(opened.ok);
      know("member", opened.id);
      know("node key", opened.value.publicKey);
      claim(opened.value);
    } else if (kind === EntryKind.said) {
      const { node, kind: what, content } = unpackEntry(saidEntry, bytes);
      const said = openContent(crypto, UP_KINDS[what] as Said["kind"], content);
      assert.ok(!("ok" in said));
      know("node id", node);
      know("content", crypto.sha256(content));
      if (said.kind === "tx") {
        know("txid", said.tx.txid);
        inside.txs.set(toHex(said.tx.txid), said.tx);
      } else {
        know(said.kind, said.signed.id);
        if (said.kind === "wallets") claim(said.signed.value);
      }
    } else if (kind === EntryKind.block) {
      const decoded = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
      assert.ok(decoded.ok);
      const sealed = headerOf(decoded.value);
      inside.blocks.push(sealed);
      know("header", sealed.id);
      for (const root of ["stateRoot", "txRoot", "cutRoot", "eventsRoot", "effectsRoot"] as const)
        know(root, sealed.header[root]);
      for (const event of decoded.value.events) know("event", event);
    }
  }
  return inside;
}

let area: LocalArea;
let inside: Inside;
/** What the outsider has read. */
const payloads: Uint8Array[] = [];
const blocks: PublicBlock[] = [];
const ids: Uint8Array[] = [];

before(async () => {
  area = new LocalArea({
    world: worldOf(NET_WH, CAPACITY_WH, 3600, retailMicro),
    wallets: WALLETS,
  });
  area.bus.attach(["wattle/1/a/public/#", "wattle/1/a/trust/#"], (_, payload) => {
    const opened = openSigned(publicBlockRecord, crypto, payload);
    if (!opened.ok) return; // nothing yet
    payloads.push(payload);
    blocks.push(opened.value);
    ids.push(opened.id);
    const { publicKey } = area.gateway.area;
    assert.ok(verifySigned(crypto, publicKey, opened), "signed by the gateway");
  });
  await area.start();
  await area.run();
  await area.settle();
  inside = insideOf(area);
});

test("every block has a public form, in a chain of their own", () => {
  assert.equal(area.gateway.area.settledSlots, SLOTS);
  assert.equal(blocks.length, inside.blocks.length);
  blocks.forEach((block, i) => {
    assert.equal(block.height, i);
    assert.deepEqual(block.prev, i === 0 ? undefined : ids[i - 1]);
    const { header, block: sealed } = inside.blocks[i];
    assert.deepEqual([block.slot, block.atMs], [header.slot, header.atMs]);
    assert.equal(block.items.length, sealed.txs.length + sealed.events.length);
    assert.equal(block.effects.length, sealed.effects.length);
  });
});

const hexOf = (bytes: Uint8Array | undefined) => bytes && toHex(bytes);

test("no address is in two trades: it is locked once, or paid to once", () => {
  const locked = new Map<string, number>();
  const earned = new Set<string>();
  const accounts = new Set<string>();
  let payments = 0;
  for (const { effects, height } of blocks)
    for (const { kind, from, to } of effects) {
      const [payer, payee] = [hexOf(from), hexOf(to)];
      if (kind === EffectKind.lock) {
        assert.ok(payer && !locked.has(payer), `${payer} reserves once, height ${height}`);
        locked.set(payer, height);
      } else if (kind === EffectKind.release) {
        assert.ok(payee && locked.has(payee), "what is released was locked");
      } else if (kind === EffectKind.pay || kind === EffectKind.arbitrate) {
        payments++;
        assert.ok(payer && locked.has(payer), "what is paid was locked");
        assert.ok(payee && !earned.has(payee), `${payee} is paid once, height ${height}`);
        earned.add(payee);
      } else accounts.add((payer ?? payee)!);
    }
  assert.ok(payments > 2 * SLOTS, `${payments} payments`);
  assert.ok(locked.size > 10 * SLOTS, `${locked.size} RESERVEs`);
  for (const address of locked.keys()) assert.ok(!earned.has(address), "a purchase and a sale");
  for (const address of accounts)
    assert.ok(!locked.has(address) && !earned.has(address), "on-ramp addresses do not trade");
});

test("locks are of few sizes: they tell neither the connection nor the price", () => {
  const locks = blocks.flatMap(({ effects }) =>
    effects.filter(({ kind }) => kind === EffectKind.lock),
  );
  const sizes = new Set(locks.map(({ micro }) => Number(micro)));
  assert.ok(locks.length > 10 * SLOTS);
  assert.deepEqual([...sizes], [4_000_000], "10 kW for an hour at 24 prices, of 2.2 to 3.8 coins");
});

test("each address belongs to one trade of one account by what the members know", () => {
  const trades = new Map<string, string>();
  for (const { txid, body } of inside.txs.values())
    body.legs.forEach(({ wallet }, leg) => {
      const sold = body.type === TxType.sold;
      const trade = `${toHex(body.from)} ${body.slot} ${sold ? `${toHex(txid)} ${leg}` : "buys"}`;
      const known = trades.get(toHex(wallet));
      assert.ok(known === undefined || known === trade, `${known} and ${trade}`);
      trades.set(toHex(wallet), trade);
    });
  const shown = new Set(
    blocks.flatMap(({ effects }) => effects.flatMap(({ from, to }) => [from, to])),
  );
  for (const address of shown)
    if (address && !trades.has(toHex(address)))
      assert.ok(
        blocks[0].effects.some(({ to }) => to && toHex(to) === toHex(address)),
        "what is in no trade is of the genesis block",
      );
});

test("no hash occurs twice, and none is one that members know, or follows from one", () => {
  const hashes = new Set<string>();
  for (const { header, items } of blocks)
    for (const value of [header, ...items].map(toHex)) {
      assert.ok(!hashes.has(value), "twice");
      hashes.add(value);
    }
  for (const id of ids) assert.ok(!hashes.has(toHex(id)));
  const derived = new Map(inside.secrets);
  const derive = (what: string, bytes: Uint8Array) => {
    derived.set(toHex(crypto.sha256(bytes)), `hash of ${what}`);
    derived.set(toHex(domainHash(crypto, "wattle/salted/1", bytes)), `unsalted ${what}`);
  };
  for (const [value, what] of inside.secrets) derive(what, fromHex(value)!);
  for (let i = 0; i < 20_000; i++) {
    derive(`the number ${i}`, encodeCbor(i));
    derive(`the text ${i}`, ascii(String(i)));
  }
  for (const value of hashes) assert.equal(derived.get(value), undefined);
});

test("nothing that identifies a member or a record stands in any byte of it", () => {
  const all = Buffer.concat(payloads);
  assert.ok(all.length > 100_000);
  for (const [value, what] of inside.secrets)
    assert.equal(all.indexOf(Buffer.from(value, "hex")), -1, what);
  for (let home = 0; home < HOMES; home++) assert.equal(all.indexOf(`home ${home}`), -1);
  assert.ok(all.indexOf(Buffer.from(ids[3])) >= 0, "what is there is found");
});

/** What an adversary may have found out about a RESERVE but for whose it is. */
interface Overheard extends Pick<Body, "seq" | "prev" | "parents" | "tsMs" | "tick" | "expiryMs"> {
  slot: number;
}

/** Salts that somebody would try who has none. */
function guessedSalts(block: PublicBlock): Uint8Array[] {
  const { height, slot, atMs, header, prev } = block;
  const numbers = [0, 1, height, slot, atMs].map((n) => crypto.sha256(encodeCbor(n)));
  return [new Uint8Array(0), new Uint8Array(32), header, prev ?? header, ...numbers];
}

/**
 * Guesses the bodies of RESERVEs: every node, with every address and amount of the block, and everything else
 * overheard. Returns the owners of addresses that the block confirms, by address.
 */
function confirm(
  block: PublicBlock,
  nodes: readonly Uint8Array[],
  overheard: readonly Overheard[],
  capacityWh: number,
): Map<string, string> {
  const items = new Map(block.items.map((item, i) => [toHex(item), i]));
  const owners = new Map<string, string>();
  const locks = block.effects.filter(({ kind }) => kind === EffectKind.lock);
  for (const known of overheard)
    for (const from of nodes)
      for (const { from: wallet, micro: ecashMicro } of locks) {
        const leg = { to: undefined, ref: undefined, meter: undefined, qtyWh: capacityWh };
        const body = bodyRecord.encode({
          net: "test",
          epoch: 0,
          type: TxType.reserve,
          from,
          cancels: undefined,
          ...known,
          legs: [{ ...leg, wallet: wallet!, ecashMicro }],
        });
        const txid = domainHash(crypto, bodyRecord.domain, body);
        const bare = [txid, crypto.sha256(txid), domainHash(crypto, "wattle/salted/1", txid)];
        for (const salt of guessedSalts(block))
          for (let i = 0; i < ITEMS_TRIED; i++)
            bare.push(salted(crypto, salt, txid), salted(crypto, itemSalt(crypto, salt, i), txid));
        if (bare.some((guess) => items.has(toHex(guess)))) owners.set(toHex(wallet!), toHex(from));
      }
  return owners;
}

test("who guesses a body right cannot confirm it; without the salt the same guess is confirmed", () => {
  const nodes = area.running.map((running) => running!.node.idBytes);
  const first = (sealed: Inside["blocks"][number]): Tx[] =>
    sealed.block.txs.slice(0, ITEMS_TRIED).map((txid) => inside.txs.get(toHex(txid))!);
  const reserving = inside.blocks.filter((sealed) => {
    const txs = first(sealed);
    return txs.length === ITEMS_TRIED && txs.every(({ body }) => body.type === TxType.reserve);
  });
  assert.ok(reserving.length >= 5, `${reserving.length} blocks with RESERVEs`);
  for (const sealed of reserving.slice(0, 3)) {
    const overheard = first(sealed).map(({ body }): Overheard => {
      const { seq, prev, parents, tsMs, tick, expiryMs, slot } = body;
      return { seq, prev, parents, tsMs, tick, expiryMs, slot };
    });
    const { height } = sealed.header;
    const found = confirm(blocks[height], nodes, overheard, CAPACITY_WH);
    assert.equal(found.size, 0, "nothing is confirmed");
    // The gateway that does not salt.
    const bare = publicBlock(crypto, "a", sealed, new Uint8Array(32), blocks[height].prev);
    const owners = confirm(bare, nodes, overheard, CAPACITY_WH);
    for (const { body } of first(sealed)) {
      const owner = owners.get(toHex(body.legs[0].wallet));
      assert.equal(owner, toHex(body.from), "the owner of an address is found");
    }
  }
});

test("a member can show an outsider that its transaction is in a block", () => {
  const { salts } = area.gateway.area.publicChain;
  let shown = 0;
  salts.forEach((salt, i) => {
    const height = blocks.length - salts.length + i;
    const { id, block } = inside.blocks[height];
    assert.deepEqual(salted(crypto, salt, id), blocks[height].header);
    [...block.txs, ...block.events].forEach((item, at) => {
      assert.deepEqual(salted(crypto, itemSalt(crypto, salt, at), item), blocks[height].items[at]);
      shown++;
    });
  });
  assert.ok(salts.length >= 2 && shown > HOMES, `${salts.length} salts, ${shown} items`);
});
