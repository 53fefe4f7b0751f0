// SPDX-License-Identifier: Apache-2.0
/** A gateway joins that reaches none of those that the ledger began with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

test("it learns everything from one that joined before it, and has its voice", async () => {
  const world = smallWorld(3, 8, 6, 900);
  const town = new Town({ seed: 3, gateways: 4, spare: 2, world, crypto: keyedCrypto() });
  await town.start();
  await town.runFor(300);
  const [first, second, third, fourth, fifth, sixth] = town.gateways;
  const { net } = first.options;
  const changed = (number: number, joins: typeof fifth) => {
    const publicKey = town.crypto.publicKey(joins.options.secretKey);
    const entrant = { publicKey, beaconKey: publicKey, area: undefined, url: undefined };
    return { net, number, leaves: undefined, joins: entrant };
  };
  for (const { gateway } of [first, second, third]) gateway!.wish(changed(1, fifth));
  await town.runFor(300);
  await fifth.start();
  await town.runFor(1500);
  for (const { gateway } of [first, second, third, fifth]) gateway!.wish(changed(2, sixth));
  await town.runFor(500);
  const { partners } = first.gateway!.seat!.replica;
  assert.equal(partners.version, 2);
  const old = new Set([first, second, third, fourth].map(({ id }) => id));
  // Until it has come to where it joined: then all are its partners.
  const joined = () => sixth.gateway?.seat?.replica.partners.has(sixth.id) ?? false;
  town.net.tap = (from, to, _kind, bytes) => {
    const apart = (from === sixth.id && old.has(to)) || (to === sixth.id && old.has(from));
    return apart && !joined() ? undefined : bytes;
  };
  // Without one of six a quorum needs its voice.
  first.crash(Number.POSITIVE_INFINITY);
  await town.runFor(2000);
  const heightOf = ({ gateway }: typeof sixth) => gateway!.seat!.replica.at.height;
  const before = heightOf(second);
  await sixth.start();
  await town.runFor(30_000);
  assert.equal(joined(), true);
  assert.ok(heightOf(sixth) > before + 3, `${heightOf(sixth)} after ${before}`);
  const head = ({ gateway }: typeof sixth) => toHex(gateway!.area.chain.head!.id);
  for (const one of [second, third, fourth, fifth]) assert.equal(head(one), head(sixth));
});
