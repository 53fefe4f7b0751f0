// SPDX-License-Identifier: Apache-2.0
/** Fuzzed enrolment: what a node without a certificate may say, damaged in every way, while others ask too. */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { signRecord } from "#core/codec/record";
import { REQUESTS_MAX } from "#core/limits";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { crypto } from "../helpers/local-area.ts";
import { Rng } from "../property/rng.ts";
import { dialAs, hangUp, sayAll } from "./dial.ts";
import { mutate } from "./mutate.ts";
import { helloOf, NET, type Person, person } from "./people.ts";
import { type Group, type Scene, TOPICS } from "./scene.ts";

const group = "enrolment";
/** Whatever is wrong with such a message. ENROL_PENDING is not among them: that one would wait for approval. */
const FAULTS = [
  ...["OVERSIZED", "MALFORMED", "NON_CANONICAL", "WRONG_KIND", "UNSUPPORTED_VERSION"],
  ...["FIELD_RANGE", "WRONG_NET", "NODE_MISMATCH", "BAD_SIGNATURE", "CERT_INVALID", "ENROL_FULL"],
];
const faultCodes = FAULTS.map((code) => `message ${code}`);
/** Each says a part of them: a broker lets one client say 4000 at once. */
const FUZZERS = 8;
/** Messages on their way at once. */
const WINDOW = 200;
/** What a gateway's memory may grow by meanwhile, bytes: V8 collects when it likes. */
const GROWTH_MAX = 256 * 1024 * 1024;
const PATIENCE_MS = 5_000;
/** An honest request has its file by then, ms. */
const HONEST_MS = 10_000;

export const fuzzGroup: Group = {
  name: group,
  async run(scene) {
    await fuzzed(scene);
    await oneManyWishes(scene);
    await tooLarge(scene);
    if (scene.scale.full) await manyNodes(scene);
  },
};

function requestOf(who: Person, changes: Partial<Enrol> = {}): Uint8Array {
  const value: Enrol = {
    net: NET,
    publicKey: who.publicKey,
    name: who.name,
    meter: `M-${who.name}`,
    connectionW: 10_000,
    wallets: new Uint8Array(32).fill(3),
    claim: new Uint8Array(32).fill(4),
    renews: 0,
    atMs: 1_700_000_000_000,
    ...changes,
  };
  return signRecord(enrolRecord, crypto, who.secretKey, value).bytes;
}

async function fuzzed(scene: Scene): Promise<void> {
  const { stage, report, scale, seller } = scene;
  const honest = Array.from({ length: scale.full ? 8 : 2 }, (_, i) => person(`newcomer ${i}`));
  let growth = 0;
  let slowestMs = 0;
  await report.run({
    group,
    attack: `${scale.fuzzed} fuzzed requests, hellos and certificates (seed ${scale.seed})`,
    codes: faultCodes,
    act: async () => {
      const before = (await stage.metrics()).get("process_resident_memory_bytes") ?? 0;
      const waiting = new Set(stage.requests());
      const members = (await stage.metrics()).get("wattle_members");
      const each = Math.ceil(scale.fuzzed / FUZZERS);
      const fuzzers = Array.from({ length: FUZZERS }, (_, i) => person(`fuzzer ${i}`));
      const attack = Promise.all(
        fuzzers.map((who, i) =>
          // Each with its own choices: which of them is served first is the machine's.
          fuzzBy(
            scene,
            who,
            new Rng(scale.seed * FUZZERS + i),
            Math.min(each, scale.fuzzed - i * each),
            seller,
          ),
        ),
      );
      for (const who of honest) slowestMs = Math.max(slowestMs, await honestRequest(scene, who));
      await attack;
      const after = await stage.metrics();
      growth = (after.get("process_resident_memory_bytes") ?? 0) - before;
      const known = new Set([...waiting, ...honest.map(({ id }) => id)]);
      const accepted = stage.requests().filter((id) => !known.has(id)).length;
      const joined = (after.get("wattle_members") ?? 0) - (members ?? 0);
      const besides = ["message ENROL_PENDING"];
      return { tries: scale.fuzzed, successes: accepted + joined, besides };
    },
  });
  await report.run({
    group,
    attack: `honest requests meanwhile: the slowest took ${Math.round(slowestMs)} ms; memory +${growth >> 20} MiB`,
    codes: [],
    act: async () => ({
      tries: honest.length,
      successes: (slowestMs > HONEST_MS ? 1 : 0) + (growth > GROWTH_MAX ? 1 : 0),
      counts: 0,
    }),
  });
}

/** `count` messages that are wrong, on the two topics that are open to `who`. */
async function fuzzBy(
  { stage }: Scene,
  who: Person,
  rng: Rng,
  count: number,
  other: Person,
): Promise<void> {
  const { gatewayKey, authority } = stage;
  const certificate = authority.issue(who.publicKey);
  const seeds = {
    enrol: [requestOf(who), helloOf(who, gatewayKey), requestOf(other), helloOf(other, gatewayKey)],
    certificate: [certificate, authority.issue(other.publicKey)],
  };
  const foreign = [authority.record(), authority.list([1]), certificate, requestOf(who)];
  const client = await dialAs(stage, who, { from: "127.0.0.10" });
  for (let sent = 0; sent < count; sent += WINDOW) {
    const messages = Array.from({ length: Math.min(WINDOW, count - sent) }, () => {
      const kind = rng.below(3) === 0 ? "certificate" : "enrol";
      const valid = seeds[kind];
      const others = kind === "enrol" ? foreign.slice(0, 3) : [foreign[0], foreign[1], foreign[3]];
      return {
        topic: TOPICS.up(who.id, kind),
        payload: mutate(rng, rng.pick(valid), valid, others),
      };
    });
    await sayAll(client, messages);
  }
  await hangUp(client);
}

/** Somebody asks as one should; how long it took until the operator had it, ms. */
async function honestRequest({ stage }: Scene, who: Person): Promise<number> {
  const startMs = performance.now();
  const client = await dialAs(stage, who, { from: "127.0.0.11" });
  await sayAll(client, [{ topic: TOPICS.up(who.id, "enrol"), payload: requestOf(who) }]);
  await stage.until(() => stage.requests().includes(who.id), "an honest request");
  await hangUp(client);
  return performance.now() - startMs;
}

/** One node wants something else with each message: it has one request all the same. */
async function oneManyWishes(scene: Scene): Promise<void> {
  const { stage, report, scale } = scene;
  const who = person("undecided");
  const count = scale.full ? 1000 : 100;
  const newcomer = person("newcomer behind it");
  let tookMs = 0;
  await report.run({
    group,
    attack: "one node asks for another thing with each message",
    codes: ["message ENROL_PENDING", "message RATE_LIMITED"],
    act: async () => {
      const before = stage.requests().length;
      const client = await dialAs(stage, who, { from: "127.0.0.12" });
      const topic = TOPICS.up(who.id, "enrol");
      const wishes = Array.from({ length: count }, (_, i) => requestOf(who, { renews: i }));
      const said = sayAll(
        client,
        wishes.map((payload) => ({ topic, payload })),
      );
      tookMs = await honestRequest(scene, newcomer);
      await said;
      await hangUp(client);
      const more = stage.requests().length - before - 2; // its one, and the newcomer's
      return { tries: count + 1, successes: Math.max(0, more) };
    },
  });
  await report.run({
    group,
    attack: `an honest request behind these took ${Math.round(tookMs)} ms`,
    codes: [],
    act: async () => ({ tries: 1, successes: tookMs > HONEST_MS ? 1 : 0, counts: 0 }),
  });
}

/** Found in the packet's header, before it is collected. */
async function tooLarge(scene: Scene): Promise<void> {
  const { stage, report } = scene;
  const who = person("fuzzer 0");
  await report.run({
    group,
    attack: "a request of 100 KB",
    codes: ["dropped PACKET_TOO_LARGE"],
    act: async () => {
      const client = await dialAs(stage, who, { from: "127.0.0.10" });
      const gone = new Promise<boolean>((resolve) => client.once("close", () => resolve(true)));
      await sayAll(client, [{ topic: TOPICS.up(who.id, "enrol"), payload: Buffer.alloc(100_000) }]);
      const dropped = await Promise.race([gone, delay(PATIENCE_MS, false, { ref: false })]);
      await hangUp(client);
      return { tries: 1, successes: dropped ? 0 : 1 };
    },
  });
}

/** More nodes than an operator looks at: the folder is bounded, and they make room for whoever is elsewhere. */
async function manyNodes(scene: Scene): Promise<void> {
  const { stage, report } = scene;
  const beyond = 20;
  await report.run({
    group,
    attack: `requests of ${beyond} nodes more than the folder holds, and a newcomer elsewhere behind them`,
    codes: ["message ENROL_PENDING"],
    act: async () => {
      const room = REQUESTS_MAX - stage.requests().length;
      for (let i = 0; i < room + beyond; i++) {
        const who = person(`crowd ${i}`);
        const client = await dialAs(stage, who, { from: `127.0.4.${1 + (i >> 6)}` });
        await sayAll(client, [{ topic: TOPICS.up(who.id, "enrol"), payload: requestOf(who) }]);
        await hangUp(client);
      }
      const displaced = (metrics: ReadonlyMap<string, number>) =>
        metrics.get("wattle_requests_displaced_total") ?? 0;
      await stage.untilMetrics((metrics) => displaced(metrics) >= beyond, "others made room");
      await honestRequest(scene, person("newcomer behind the crowd"));
      const successes = Math.max(0, stage.requests().length - REQUESTS_MAX);
      return { tries: room + beyond + 1, successes };
    },
  });
}
