// SPDX-License-Identifier: Apache-2.0
/** A gateway that carries firmware: what it announces, whom it answers, and how often. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { memberRecord } from "#core/records/member";
import {
  type Chunk,
  chunkRecord,
  type Fetch,
  fetchRecord,
  parseVersion,
  type Release,
  releaseRecord,
} from "#core/records/release";
import { isNothing } from "#core/topics";
import { claimWallets } from "#core/wallets";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { FirmwareShelf, GatewayPorts } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";
import { crypto, named } from "../../helpers/local-area.ts";

const OPERATOR = named("operator");
const SIZE = 9_000;
const image = Uint8Array.from({ length: SIZE }, (_, i) => (i * 11) & 0xff);

function release(version: string, change: Partial<Release> = {}) {
  const value = {
    board: "rig",
    firmware: parseVersion(version)!,
    sizeBytes: SIZE,
    sha256: crypto.sha256(image),
    minimum: parseVersion("0.0.0")!,
    chunkBytes: 1024,
    ...change,
  };
  return signRecord(releaseRecord, crypto, OPERATOR, value);
}

interface Sent {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
}

const OPTIONS: GatewayOptions = {
  net: "test",
  area: "a",
  secretKey: named("gateway"),
  admit: "open",
  expectNodes: 9,
  genesisMicro: 1,
  deposit: undefined,
  slotMs: 900_000,
  worldStartMs: 1_700_000_000_000,
  slots: undefined,
  clock: { kind: "barrier" },
  slotTimeoutMs: 30_000,
  tickMs: 30_000,
  ageMaxMs: 120_000,
  market: {
    timing: "ex-post",
    mode: "auction",
    pricing: "uniform",
    kPermille: 500,
  },
};

async function carrier(signed: Uint8Array[]) {
  const sent: Sent[] = [];
  const logs: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const shelf = { signed, whole: true };
  const firmware: FirmwareShelf = {
    releases: () => shelf.signed,
    read: (sha256, offset, length) =>
      shelf.whole && sha256 === toHex(crypto.sha256(image))
        ? image.slice(offset, offset + length)
        : undefined,
  };
  const ports: GatewayPorts = {
    crypto,
    verifier: {
      verify: (jobs) => jobs.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
    },
    store: openMemoryStore(),
    bus: {
      publish: (topic, payload, { retain }) => void sent.push({ topic, payload, retain }),
      subscribe: () => {},
      close: async () => {},
    },
    tariff: { feedInMicro: 1, retailMicro: () => 2 },
    time: { nowMs: () => clock.nowMs, wakeAfter: () => {} },
    probe: () => {},
    log: (level, event, facts) => logs.push(`${level} ${event} ${facts?.code ?? ""}`.trim()),
    shelf: firmware,
  };
  const gateway = new Gateway(OPTIONS, ports);
  await gateway.start();
  const announced = () => sent.filter(({ topic }) => topic.startsWith("wattle/1/a/update/"));
  const ask = async (node: string, asked: Fetch): Promise<Chunk[]> => {
    const before = sent.length;
    gateway.deliver(`wattle/1/a/node/${node}/up/update`, fetchRecord.encode(asked));
    await gateway.process();
    return sent.slice(before).map(({ topic, payload, retain }) => {
      assert.equal(topic, `wattle/1/a/node/${node}/down/update`);
      assert.equal(retain, false);
      const chunk = chunkRecord.decode(payload);
      assert.ok(chunk.ok);
      return chunk.value;
    });
  };
  /** A member of the area; its id. */
  const join = async (name: string): Promise<string> => {
    const secretKey = named(name);
    const publicKey = crypto.publicKey(secretKey);
    const id = nodeIdOf(crypto, publicKey);
    const node = toHex(id);
    const wallets = claimWallets(crypto, secretKey, "test", id, 0, 1);
    const member = { net: "test", publicKey, name, capacityWh: 1, ...wallets };
    const { bytes } = signRecord(memberRecord, crypto, secretKey, member);
    gateway.deliver(`wattle/1/a/node/${node}/up/enrol`, bytes);
    await gateway.process();
    return node;
  };
  return { gateway, sent, logs, clock, shelf, announced, ask, join, store: ports.store };
}

test("the newest release of each board is announced, retained, and once", async () => {
  const signed = [release("1.1.0"), release("1.10.0"), release("1.9.0")];
  const other = release("0.1.0", { board: "other" });
  const { gateway, announced } = await carrier([...signed, other].map(({ bytes }) => bytes));
  assert.deepEqual(
    announced().map(({ topic, retain }) => [topic, retain]),
    [
      ["wattle/1/a/update/rig", true],
      ["wattle/1/a/update/other", true],
    ],
  );
  assert.deepEqual(announced()[0].payload, signed[1].bytes);
  assert.deepEqual(
    [...gateway.updates.versions()],
    [
      ["rig", "1.10.0"],
      ["other", "0.1.0"],
    ],
  );
  gateway.publishFirmware();
  assert.equal(announced().length, 2, "nothing has changed");
});

test("a release that is put there, and one that is taken away", async () => {
  const { gateway, announced, shelf } = await carrier([release("1.1.0").bytes]);
  const next = release("1.2.0");
  shelf.signed = [release("1.1.0").bytes, next.bytes];
  gateway.publishFirmware();
  assert.deepEqual(announced()[1].payload, next.bytes);
  shelf.signed = [release("1.1.0").bytes];
  gateway.publishFirmware();
  assert.deepEqual(announced()[2].payload, release("1.1.0").bytes, "the older one again");
  shelf.signed = [];
  gateway.publishFirmware();
  assert.ok(isNothing(announced()[3].payload), "cleared");
  assert.equal(announced()[3].retain, true);
});

test("what cannot be read is not announced", async () => {
  const senseless = release("1.0.0", { minimum: parseVersion("2.0.0")! }).bytes;
  const { announced, logs } = await carrier([Uint8Array.of(1), senseless, release("1.1.0").bytes]);
  assert.equal(announced().length, 1);
  assert.deepEqual(
    logs.filter((line) => line.startsWith("warn")),
    ["warn release-unreadable MALFORMED", "warn release-unreadable FIELD_RANGE"],
  );
});

test("a member gets the pieces that it asks for", async () => {
  const { bytes, id } = release("1.1.0");
  const { ask, join, gateway, store } = await carrier([bytes]);
  const node = await join("m");
  const { length } = store;
  const chunks = await ask(node, { release: id, offset: 2048, chunks: 3 });
  assert.deepEqual(
    chunks.map(({ offset }) => offset),
    [2048, 3072, 4096],
  );
  assert.deepEqual(chunks[1].bytes, image.slice(3072, 4096));
  const end = await ask(node, { release: id, offset: 8192, chunks: 4 });
  assert.deepEqual(
    end.map(({ bytes: piece }) => piece.length),
    [SIZE - 8192],
    "the last chunk is shorter, and nothing comes after it",
  );
  assert.deepEqual(await ask(node, { release: id, offset: 0, chunks: 0 }), []);
  assert.equal(gateway.updates.servedBytes, 3072 + SIZE - 8192);
  assert.equal(store.length, length, "nothing of it is in the log");
});

test("who is no member, and what makes no sense, gets nothing", async () => {
  const { bytes, id } = release("1.1.0");
  const { ask, join, gateway, sent } = await carrier([bytes]);
  const stranger = "ab".repeat(16);
  assert.deepEqual(await ask(stranger, { release: id, offset: 0, chunks: 1 }), []);
  const node = await join("m");
  assert.deepEqual(await ask(node, { release: id, offset: 100, chunks: 1 }), []);
  assert.deepEqual(await ask(node, { release: id, offset: 9216, chunks: 1 }), []);
  const before = sent.length;
  gateway.deliver(`wattle/1/a/node/${node}/up/update`, Uint8Array.of(0x83, 21, 1));
  await gateway.process();
  assert.equal(sent.length, before);
  const { byCode } = gateway.area.counters;
  assert.equal(byCode.get("UNKNOWN_NODE"), 1);
  assert.equal(byCode.get("FIELD_RANGE"), 2);
  assert.equal(byCode.get("MALFORMED"), 1);
});

test("a release that is not held is said to be gone; one whose image is away just now is not", async () => {
  const { bytes, id } = release("1.1.0");
  const { ask, join, shelf } = await carrier([bytes]);
  const node = await join("m");
  const [gone] = await ask(node, { release: named("no such"), offset: 1024, chunks: 2 });
  assert.deepEqual([gone.offset, gone.bytes.length], [1024, 0]);
  shelf.whole = false;
  assert.deepEqual(await ask(node, { release: id, offset: 0, chunks: 2 }), []);
});

test("each node gets so much and no more, and a clock that is set back gives nothing", async () => {
  const { bytes, id } = release("1.1.0");
  const { ask, join, clock, gateway } = await carrier([bytes]);
  const [one, two] = [await join("one"), await join("two")];
  const asked = { release: id, offset: 0, chunks: 1 };
  let answered = 0;
  for (let i = 0; i < 50; i++) answered += (await ask(one, asked)).length;
  assert.equal(answered, 32);
  assert.equal(gateway.area.counters.byCode.get("UPDATE_RATE"), 18);
  assert.equal((await ask(two, asked)).length, 1, "the other has its own share");
  clock.nowMs += 1000;
  answered = 0;
  for (let i = 0; i < 50; i++) answered += (await ask(one, asked)).length;
  assert.equal(answered, 4);
  clock.nowMs -= 60_000;
  assert.equal((await ask(one, asked)).length, 0);
  clock.nowMs += 3_600_000;
  answered = 0;
  for (let i = 0; i < 50; i++) answered += (await ask(one, asked)).length;
  assert.equal(answered, 32, "no more than at once");
});

test("all nodes together get 2 MiB a second", async () => {
  const { bytes, id } = release("1.1.0", { chunkBytes: 2048 });
  const { ask, join } = await carrier([bytes]);
  const asked = { release: id, offset: 0, chunks: 4 };
  let served = 0;
  for (let n = 0; n < 12; n++) {
    const node = await join(`n${n}`);
    for (let i = 0; i < 32; i++) served += (await ask(node, asked)).length * 2048;
  }
  assert.equal(served, 2 * 1024 * 1024);
});
