// SPDX-License-Identifier: Apache-2.0
/** The operator's commands and the running gateway, over the folder that they share. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";
import { consortiumAgree, consortiumShow, consortiumWish } from "#node/cli/consortium";
import type { Addresses } from "#node/config/addresses";
import { gatewayConfig, loadGatewayConfig } from "#node/config/gateway-config";
import { Desk } from "#node/consortium/desk";

const crypto = keyedCrypto();
const areaOf = (index: number) => `street-${index + 1}`;
const urlOf = (index: number) => `mqtt://gw${index + 1}:1883`;

/** This town's keys are hashes; one that is nobody's has nothing but ones. */
const isTownKey = (publicKey: Uint8Array) => publicKey.some((byte) => byte !== 1);

interface Place {
  config: string;
  desk: Desk;
}

/** Four gateways of a town, a fifth that is none yet, and each one's folder with its desk. */
async function start(t: TestContext) {
  const world = smallWorld(3, 8, 6, 900);
  const town = new Town({ seed: 3, gateways: 4, spare: 1, world, crypto });
  await town.start();
  await town.runFor(300);
  const dir = mkdtempSync(join(tmpdir(), "wattle-desk-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const gateways = town.gateways.slice(0, 4).map(entryOf);
  const places = town.gateways.map((_, index) => placeOf(town, dir, index, gateways));
  return { town, dir, places, fifth: entryOf(town.gateways[4], 4) };
}

function entryOf({ options }: TownGateway, index: number) {
  const publicKey = toHex(crypto.publicKey(options.secretKey));
  const beaconKey = publicKey.repeat(3); // this town has a hash in place of BLS
  return { publicKey, beaconKey, area: areaOf(index), url: urlOf(index) };
}

function placeOf(town: Town, dir: string, index: number, gateways: object[]): Place {
  const config = join(dir, `${areaOf(index)}.json`);
  const { net } = town.gateways[0].options;
  const consortium = { gateways, joined: index > 3, folder: areaOf(index) };
  const worldStart = "2026-01-01T00:00:00Z";
  writeFileSync(config, JSON.stringify({ net, area: areaOf(index), worldStart, consortium }));
  const desk = deskOf(town, config, index);
  return { config, desk };
}

function deskOf(town: Town, file: string, index: number): Desk {
  const { net, area, consortium } = loadGatewayConfig(file);
  const addresses = { of: (partner: object) => listed(consortium!.gateways, partner) };
  return new Desk({
    ...{ folder: consortium!.folder, net, crypto, silent: () => [], log: () => {} },
    isKey: isTownKey,
    addresses: addresses as Addresses,
    own: { area, url: urlOf(index) },
    get gateway() {
      return town.gateways[index].gateway!;
    },
  });
}

/** Where a first gateway is, or what a change said of one that joined. */
function listed(
  gateways: readonly { publicKey: string; area: string; url?: string }[],
  partner: { publicKey?: Uint8Array; area?: string; url?: string },
) {
  return gateways.find((one) => one.publicKey === toHex(partner.publicKey!)) ?? partner;
}

interface Ran {
  code: number;
  out: string;
}

/** Runs a command while the gateway's desk looks, as it does every second. */
async function run(
  { config, desk }: Place,
  command: (options: Parameters<typeof consortiumWish>[0]) => Promise<number>,
  more: object = {},
): Promise<Ran> {
  let out = "";
  const say = (text: string) => void (out += text);
  let over = false;
  const ran = command({ config, say, err: say, isKey: isTownKey, ...more }).finally(() => {
    over = true;
  });
  while (!over) {
    desk.look();
    await new Promise(setImmediate);
  }
  return { code: await ran, out };
}

test("three of four operators: the fifth joins, and all of it is shown", async (t) => {
  const { town, dir, places, fifth } = await start(t);
  const [first, second, third] = places;
  first.desk.look();
  const file = join(dir, "fifth.json");
  writeFileSync(file, JSON.stringify({ id: "", ...fifth, url: undefined }));
  const asked = await run(first, consortiumWish, { file, url: fifth.url });
  assert.equal(asked.code, 0, asked.out);
  assert.match(asked.out, /is said to all/);
  await town.runFor(300);
  second.desk.look();
  const shown = await run(second, consortiumShow);
  assert.match(shown.out, /to be change 1: street-5 joins at mqtt:\/\/gw5:1883/);
  assert.match(shown.out, /for it: street-1; 2 more are needed/);
  assert.equal((await run(second, consortiumAgree)).code, 0);
  await town.runFor(300);
  third.desk.look();
  assert.equal((await run(third, consortiumAgree)).code, 0);
  await town.runFor(300);
  for (const { desk } of places.slice(0, 4)) desk.look();
  const json = JSON.parse((await run(first, consortiumShow, { json: true })).out);
  assert.equal(json.change, 1);
  assert.equal(json.gateways.length, 5);
  assert.deepEqual(json.open, []);
  assert.equal(json.wish.state, "done");
  const block = JSON.parse((await run(first, consortiumShow, { asConfig: true })).out);
  assert.deepEqual(block.consortium.addresses, [
    { publicKey: fifth.publicKey, area: "street-5", url: fifth.url },
  ]);
  const whole = { area: "street-5", worldStart: "2026-01-01T00:00:00Z", ...block };
  assert.equal(gatewayConfig(whole, { file: "", dir: "/" }).consortium?.joined, true);
});

test("a wish that cannot be is refused with cause and cure, and one is said once", async (t) => {
  const { town, dir, places, fifth } = await start(t);
  const [first] = places;
  first.desk.look();
  const refused = async (
    command: typeof consortiumWish,
    more: object,
    text: RegExp,
    code: number,
  ) => {
    const ran = await run(first, command, more);
    assert.equal(ran.code, code, ran.out);
    assert.match(ran.out, text);
  };
  await refused(
    consortiumWish,
    { gateway: "street-9" },
    /no gateway of the consortium. Give one/,
    2,
  );
  await refused(consortiumAgree, {}, /0 wishes; there are: none/, 2);
  await refused(consortiumWish, { file: join(dir, "none.json") }, /no such file/, 2);
  const file = join(dir, "fifth.json");
  writeFileSync(file, JSON.stringify({ ...fifth, area: "street 5" }));
  await refused(consortiumWish, { file }, /area cannot be used/, 2);
  writeFileSync(file, JSON.stringify({ ...fifth, area: "street-2" }));
  await refused(consortiumWish, { file }, /its area is another gateway's/, 1);
  writeFileSync(file, JSON.stringify({ ...fifth, url: "mqtt://me:secret@gw5" }));
  await refused(consortiumWish, { file }, /passwords go into consortium.addresses/, 2);
  writeFileSync(file, JSON.stringify({ ...fifth, url: "mqtts://gw5:88830" }));
  await refused(consortiumWish, { file }, /mqtts:\/\/gw5:88830: .* port from 1 to 65535/, 2);
  writeFileSync(file, JSON.stringify({ ...fifth, publicKey: "01".repeat(32) }));
  await refused(consortiumWish, { file }, /0101: the public key .* is nobody's. copy it whole/, 2);
  const old = await run(first, consortiumWish, { gateway: "street-4" });
  assert.match(old.out, /is said to all/);
  const { replica } = town.gateways[0].gateway!.seat!;
  const { backlog } = replica;
  for (let i = 0; i < 5; i++) first.desk.look();
  assert.equal(replica.backlog, backlog);
});

test("a wish waits for a gateway that is stopped, and counts at its next start", async (t) => {
  const { town, places } = await start(t);
  const [first, , , fourth] = places;
  fourth.desk.look();
  const victim = town.gateways[3];
  victim.crash(Number.POSITIVE_INFINITY);
  const stopped = { ...fourth, desk: { look: () => {} } as Desk };
  const ran = await run(stopped, consortiumWish, { gateway: "street-1", answerMs: 10 });
  assert.equal(ran.code, 0);
  assert.match(ran.out, /has not answered/);
  await town.gateways[3].start();
  await town.runFor(500);
  deskOf(town, fourth.config, 3).look();
  await town.runFor(500);
  first.desk.look();
  const json = JSON.parse((await run(first, consortiumShow, { json: true })).out);
  assert.deepEqual(json.open[0].by, [victim.id]);
  assert.equal(json.open[0].missing, 2);
});

test("what fails in the folder is a warning; what fails in the gateway is none", async (t) => {
  const { town, places } = await start(t);
  const [first] = places;
  first.desk.look();
  const ran = { ...first, desk: { look: () => {} } as Desk };
  await run(ran, consortiumWish, { gateway: "street-4", answerMs: 10 });
  const { store } = town.gateways[0];
  const append = store.append.bind(store);
  store.append = () => {
    throw new Error("the disk is full");
  };
  assert.throws(() => first.desk.look(), /the disk is full/);
  store.append = append;
  const folder = join(first.config, "..", areaOf(0));
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "no folder");
  deskOf(town, first.config, 0).look();
});
