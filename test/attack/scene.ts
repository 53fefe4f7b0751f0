// SPDX-License-Identifier: Apache-2.0
/** Honest members that trade, those who attack them, and the report of what came of it. */
import { connect, type MqttClient } from "mqtt";
import { Topics } from "#core/topics";
import { dial, dialAs, hangUp, sayAll } from "./dial.ts";
import { AREA, helloOf, type Person, person, ROOT, tokenOf } from "./people.ts";
import { Report } from "./report.ts";
import { Stage, WORLD_START_MS } from "./stage.ts";

const DAY_MS = 86_400_000;
export const TOPICS = new Topics(AREA);
/** Slots that are traded in the course of each group of attacks. */
const SLOTS_PER_GROUP = { quick: 2, full: 12 } as const;
/** No sooner than this after the one before, ms. */
const PACE_MS = { quick: 20, full: 250 } as const;
/** Slots before the first attack: something has to be there to be replayed. */
const FIRST_SLOTS = 3;

export interface Scale {
  /** Everything, or each attack once. */
  full: boolean;
  seed: number;
  /** Fuzzed enrolment messages. */
  fuzzed: number;
}

export interface Scene {
  stage: Stage;
  report: Report;
  scale: Scale;
  /** Honest members. */
  seller: Person;
  buyer: Person;
  /** A member that attacks; it is there as one that is switched off, so that no slot waits for it. */
  mallory: Person;
  /** Certified, and listen only: one while something goes on, one afterwards. */
  watcher: Person;
  latecomer: Person;
  /** Without a certificate, and with one that was revoked, is over, or has not begun. */
  guest: Person;
  revoked: Person;
  expired: Person;
  early: Person;
}

export interface Group {
  name: string;
  run(scene: Scene): Promise<void>;
}

/** What an area comes to: the same with attacks as without. */
export interface Outcome {
  slots: number;
  missed: number;
  /** What honest nodes complained about. */
  complaints: string[];
  /** From the operator's topics: totals without counts of this process, chain and balances. */
  monitor: Record<string, unknown>;
}

/** Makes the scene, lets `groups` loose one after the other, and trades on until the end. */
export async function play(
  groups: readonly Group[],
  attacks: boolean,
  scale: Scale,
  say: (line: string) => void = () => {},
): Promise<{ report: Report; outcome: Outcome }> {
  const size = scale.full ? "full" : "quick";
  const slots = FIRST_SLOTS + groups.length * SLOTS_PER_GROUP[size] + 1;
  const stage = new Stage({
    slots,
    members: {
      seller: (slot) => -900 - 50 * (slot % 3),
      buyer: (slot) => 700 + 40 * (slot % 4),
      third: (slot) => (slot % 2 === 0 ? 300 : -200),
    },
  });
  const scene = sceneOf(stage, scale, say);
  try {
    await stage.start();
    await stage.everybody();
    await enter(scene);
    // A clock that is set is an event of the meter, which the nodes report.
    for (const { node } of stage.members) node.onStep(WORLD_START_MS, WORLD_START_MS + 5_000);
    await stage.advance(FIRST_SLOTS);
    for (const { name, run } of groups) {
      say(`${name}…`);
      const trade = stage.advance(SLOTS_PER_GROUP[size], attacks ? PACE_MS[size] : 0);
      await Promise.all([trade, attacks && run(scene)]);
      await stage.everybody();
    }
    await stage.advance(1);
    await stage.until(() => stage.finished, "the end");
    return { report: scene.report, outcome: await outcomeOf(stage) };
  } finally {
    await stage.end();
  }
}

function sceneOf(stage: Stage, scale: Scale, say: (line: string) => void): Scene {
  const [seller, buyer] = stage.members.map(({ who }) => who);
  const scene: Scene = {
    ...{ stage, scale, seller, buyer },
    report: new Report(stage, say),
    mallory: person("mallory"),
    watcher: person("watcher"),
    latecomer: person("latecomer"),
    guest: person("guest"),
    revoked: person("revoked"),
    expired: person("expired"),
    early: person("early"),
  };
  stage.certify(scene.mallory);
  stage.certify(scene.watcher);
  stage.certify(scene.latecomer);
  stage.certify(scene.revoked);
  stage.certify(scene.expired, { fromMs: 0, untilMs: WORLD_START_MS - DAY_MS });
  stage.certify(scene.early, { fromMs: WORLD_START_MS + 3650 * DAY_MS });
  void stage.revoke([scene.revoked]); // the gateway is still to start
  return scene;
}

/** Mallory becomes a member and is gone. */
async function enter({ stage, mallory }: Scene): Promise<void> {
  const client = await dialAs(stage, mallory);
  const offline = Buffer.from(JSON.stringify({ state: "offline", boot: 1 }));
  await sayAll(client, [
    { topic: TOPICS.up(mallory.id, "enrol"), payload: helloOf(mallory, stage.gatewayKey) },
    { topic: TOPICS.state(mallory.id), payload: offline, retain: true },
  ]);
  const there = stage.members.length;
  const left = (metrics: ReadonlyMap<string, number>) =>
    metrics.get("wattle_members") === there + 1 && metrics.get("wattle_members_online") === there;
  await stage.untilMetrics(left, "mallory is a member and offline");
  await hangUp(client);
}

/** The operator by the name `client`, subscribed to what it may hear. */
export async function operatorClient(
  stage: Stage,
  client: string,
  hear: (topic: string, payload: Buffer) => void = () => {},
): Promise<MqttClient> {
  const password = tokenOf(stage.operator, stage.gatewayKey, { client });
  const operator = connect(`mqtts://127.0.0.1:${stage.port}`, {
    ...{ clientId: client, username: client, password, ca: stage.ca },
    ...{ protocolVersion: 4, reconnectPeriod: 0, localAddress: "127.0.0.9" },
  });
  operator.on("message", hear);
  await new Promise<void>((resolve, reject) => {
    operator.once("connect", () => resolve());
    operator.once("error", reject);
  });
  const filters = ["monitor/#", "node/+/state", "trust/#", "public/#"];
  await operator.subscribeAsync(filters.map((filter) => `${ROOT}/${filter}`));
  return operator;
}

async function outcomeOf(stage: Stage): Promise<Outcome> {
  const heard = new Map<string, Record<string, unknown>>();
  const prefix = `${ROOT}/monitor/`;
  const operator = await operatorClient(stage, "operator-end", (topic, payload) => {
    if (topic.startsWith(prefix))
      heard.set(topic.slice(prefix.length), JSON.parse(payload.toString()));
  });
  await stage.until(() => heard.has("totals") && heard.has("chain"), "the operator's topics");
  await hangUp(operator);
  const monitor: Record<string, unknown> = {};
  for (const [topic, facts] of [...heard].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Counts of this process, and what follows from the addresses that nodes drew for their trades.
    const { process: _, block: __, stateRoot: ___, ...same } = facts;
    if (/^(totals|chain|node\/.*)$/.test(topic)) monitor[topic] = same;
  }
  return {
    slots: stage.slots.length,
    missed: stage.slots.reduce((count, { missed }) => count + missed.length, 0),
    complaints: stage.members.flatMap(({ complaints }) => complaints),
    monitor,
  };
}

/** How many of `ids` may connect with `password`. */
export async function knocks(
  stage: Stage,
  tries: readonly { client: string; password?: Uint8Array; from?: string }[],
): Promise<{ tries: number; successes: number }> {
  let successes = 0;
  for (const { client, password, from } of tries) {
    const dialled = await dial(stage, client, { password, from });
    if (!("client" in dialled)) continue;
    successes++;
    await hangUp(dialled.client);
  }
  return { tries: tries.length, successes };
}
