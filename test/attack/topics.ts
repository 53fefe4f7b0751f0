// SPDX-License-Identifier: Apache-2.0
/** Topic trespass: everybody says, and asks to hear, what is not for them. */
import { connect, type MqttClient } from "mqtt";
import { DOWN_KINDS, UP_KINDS } from "#core/topics";
import { dial, dialAs, hangUp, sayAll } from "./dial.ts";
import { type Person, ROOT, tokenOf } from "./people.ts";
import type { Tried } from "./report.ts";
import { type Group, operatorClient, type Scene, TOPICS } from "./scene.ts";

const group = "topics";
/** In the payload of every trespass, so that whoever hears one knows it. */
const MARK = Buffer.from('{"state":"offline","boot":9,"mark":"trespass"}');
const DENIED = [
  "READ_ONLY_CLIENT",
  "OUTSIDE_AREA",
  "NOT_ALLOWED",
  "RETAIN_NOT_ALLOWED",
  "TOPIC_TOO_LONG",
  "NOT_ENROLLED",
  "BARRED",
];
const publishCodes = DENIED.map((code) => `publish ${code}`);
const subscribeCodes = DENIED.map((code) => `subscribe ${code}`);
/** What a broker has to say to it. */
const SUBACK_REFUSED = 128;

/** A class of clients, and how one of it connects. */
interface Trespasser {
  name: string;
  /** Whose own topics it has. */
  own?: Person;
  /** Whether it may say nothing but requests. */
  mute?: boolean;
  open(): Promise<MqttClient>;
}

export const topicsGroup: Group = {
  name: group,
  async run(scene) {
    await control(scene);
    const all = trespassers(scene);
    for (const who of all) {
      await publishes(scene, who);
      await subscribes(scene, who);
    }
    for (const who of all) await wills(scene, who);
    await hearsNothing(scene);
  },
};

function trespassers({ stage, guest, revoked, expired, mallory }: Scene): Trespasser[] {
  const from = "127.0.0.4";
  const node = (name: string, own: Person, mute: boolean): Trespasser => ({
    ...{ name, own, mute },
    open: () => dialAs(stage, own, { from }),
  });
  const outsider = async () => {
    const dialled = await dial(stage, "monitor-nobody", { from });
    if (!("client" in dialled)) throw new Error("an outsider may connect");
    return dialled.client;
  };
  return [
    node("a guest", guest, true),
    node("a revoked node", revoked, true),
    node("an expired node", expired, true),
    node("a member", mallory, false),
    { name: "the operator", open: () => operatorClient(stage, "operator-bob") },
    { name: "an outsider", open: outsider },
  ];
}

/** Everything of the topic tree that `who` may not publish. */
function foreignTopics({ seller }: Scene, { own, mute }: Trespasser): string[] {
  const of = (id: string) => [
    ...UP_KINDS.map((kind) => TOPICS.up(id, kind)),
    ...DOWN_KINDS.map((kind) => TOPICS.down(id, kind)),
    TOPICS.state(id),
  ];
  const { epoch, demand, clearing, caps, tx, chainHead } = TOPICS;
  const trust = (["authority", "gateway", "revoked-nodes", "revoked-gateways"] as const).map(
    (what) => TOPICS.trust(what),
  );
  const monitor = ["gateway", "slot", "totals", "chain", "node/seller", "event/seller"].map(
    (path) => TOPICS.monitor(path),
  );
  const others = [
    `${ROOT}/public/head`,
    `${ROOT}/node/${seller.id}/up/reading/more`,
    `${ROOT}/node/${seller.id}/up`,
    `${ROOT}/node/${seller.id}`,
    ROOT,
    "wattle/1/elsewhere/epoch",
    "wattle/2/street/epoch",
    "wattle",
    "$SYS/broker/clients",
    "$SYS/denied",
    `${ROOT}/node/${"0".repeat(400)}/up/tx`,
  ];
  const mine = own ? [...DOWN_KINDS.map((kind) => TOPICS.down(own.id, kind))] : [];
  const barred = ["enrol", "certificate"];
  const muted =
    own && mute
      ? UP_KINDS.filter((kind) => !barred.includes(kind)).map((kind) => TOPICS.up(own.id, kind))
      : [];
  if (own && mute) muted.push(TOPICS.state(own.id));
  return [
    ...of(seller.id),
    ...[epoch, demand, clearing, caps, tx, chainHead, TOPICS.update("esp32")],
    ...[...trust, ...monitor, ...others, ...mine, ...muted],
  ];
}

async function publishes(scene: Scene, who: Trespasser): Promise<void> {
  const { report, scale } = scene;
  for (const retain of scale.full ? [false, true] : [true])
    await report.run({
      group,
      attack: `${who.name} publishes what is not its own${retain ? ", retained" : ""}`,
      codes: publishCodes,
      act: async () => {
        const witness = await Witness.open(scene);
        const topics = foreignTopics(scene, who);
        if (who.own && retain) topics.push(TOPICS.up(who.own.id, "enrol"));
        const client = await who.open();
        await sayAll(
          client,
          topics.map((topic) => ({ topic, payload: MARK, retain })),
        );
        await hangUp(client);
        return { tries: topics.length, successes: await witness.close() };
      },
    });
}

/** Hears all that a member and an operator may hear, and knows a trespass when it comes. */
class Witness {
  private heard = 0;
  private readonly clients: MqttClient[] = [];
  private readonly scene: Scene;

  private constructor(scene: Scene) {
    this.scene = scene;
  }

  static async open(scene: Scene): Promise<Witness> {
    const { stage, watcher } = scene;
    const witness = new Witness(scene);
    const hear = (_: string, payload: Uint8Array) => witness.hear(payload);
    witness.clients.push(await operatorClient(stage, "operator-witness", hear));
    witness.clients.push(await listen(scene, watcher, hear));
    return witness;
  }

  private hear(payload: Uint8Array): void {
    if (Buffer.from(payload).includes("trespass")) this.heard++;
  }

  /** How much of it went through, also what is only retained. */
  async close(): Promise<number> {
    const { stage, latecomer } = this.scene;
    const hear = (_: string, payload: Uint8Array) => this.hear(payload);
    this.clients.push(await operatorClient(stage, "operator-late", hear));
    for (const client of this.clients) await hangUp(client);
    await hangUp(await listen(this.scene, latecomer, hear));
    return this.heard;
  }
}

/** A member's own state may be heard: a witness that does not hear it would not hear a trespass either. */
async function control(scene: Scene): Promise<void> {
  const { stage, mallory } = scene;
  const witness = await Witness.open(scene);
  const client = await dialAs(stage, mallory, { from: "127.0.0.4" });
  const topic = TOPICS.state(mallory.id);
  await sayAll(client, [{ topic, payload: MARK, retain: true }]);
  const heard = await witness.close();
  const offline = Buffer.from(JSON.stringify({ state: "offline", boot: 9 }));
  await sayAll(client, [{ topic, payload: offline, retain: true }]);
  await hangUp(client);
  if (heard === 0) throw new Error("the witness is deaf");
}

const BROADCASTS = ["dag/#", "market/#", "chain/#", "epoch/#", "update/#", "trust/#", "public/#"];

/** A node that hears the broadcasts; retained ones are there when it resolves. */
async function listen(
  { stage }: Scene,
  who: Person,
  hear: (topic: string, payload: Uint8Array) => void,
  filters = BROADCASTS.map((filter) => `${ROOT}/${filter}`),
): Promise<MqttClient> {
  const client = connect(`mqtts://127.0.0.1:${stage.port}`, {
    ...{ clientId: who.id, password: tokenOf(who, stage.gatewayKey), username: who.id },
    ...{ ca: stage.ca, protocolVersion: 4, reconnectPeriod: 0, localAddress: "127.0.0.5" },
  });
  client.on("message", hear);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  await client.subscribeAsync(filters, { qos: 1 });
  return client;
}

function foreignFilters({ seller }: Scene, { own }: Trespasser): string[] {
  const filters = [
    "#",
    "+/#",
    "wattle/#",
    "wattle/1/#",
    "wattle/1/+/epoch",
    "wattle/1/elsewhere/#",
    "$SYS/#",
    "$share/thieves/wattle/1/street/#",
    `${ROOT}/#`,
    `${ROOT}/+`,
    `${ROOT}/+/+`,
    `${ROOT}/node/#`,
    `${ROOT}/node/+/#`,
    `${ROOT}/node/+/down/+`,
    `${ROOT}/node/+/down/receipt`,
    `${ROOT}/node/+/up/+`,
    `${ROOT}/node/${seller.id}/#`,
    `${ROOT}/node/${seller.id}/down/+`,
    `${ROOT}/node/${seller.id}/down/receipt`,
    `${ROOT}/node/${seller.id}/up/+`,
    `${ROOT}/+/${seller.id}/down/+`,
    `${ROOT}/node/${"0".repeat(400)}/state`,
  ];
  if (own) filters.push(`${ROOT}/node/${own.id}/#`, `${ROOT}/node/${own.id}/down/#`);
  return filters;
}

async function subscribes(scene: Scene, who: Trespasser): Promise<void> {
  const filters = foreignFilters(scene, who);
  const closed = [`${ROOT}/monitor/#`, `${ROOT}/monitor/node/+`, `${ROOT}/node/+/state`];
  const inner = ["dag/tx", "market/clearing", "epoch", "chain/head"].map((at) => `${ROOT}/${at}`);
  if (who.name !== "the operator") filters.push(...closed);
  if (!who.own) filters.push(...inner);
  await scene.report.run({
    group,
    attack: `${who.name} asks to hear what is not for it`,
    codes: subscribeCodes,
    act: async () => {
      const client = await who.open();
      let successes = 0;
      for (const filter of filters) {
        const granted = await client.subscribeAsync(filter).catch(() => []);
        if (granted.some(({ qos }) => qos < SUBACK_REFUSED)) successes++;
      }
      await hangUp(client);
      return { tries: filters.length, successes };
    },
  });
}

/** A last will is published by the broker: it has to be the sender's to say. */
async function wills(scene: Scene, who: Trespasser): Promise<void> {
  const { stage, report, seller } = scene;
  const topics = [TOPICS.epoch, TOPICS.state(seller.id), TOPICS.trust("revoked-nodes")];
  topics.push(TOPICS.monitor("gateway"), TOPICS.down(seller.id, "config"), "$SYS/denied");
  if (who.own) topics.push(TOPICS.down(who.own.id, "config"));
  const client = who.own?.id ?? (who.name === "the operator" ? "operator-bob" : "monitor-nobody");
  const key = who.own ?? (who.name === "the operator" ? stage.operator : undefined);
  await report.run({
    group,
    attack: `${who.name} has a last will on what is not its own`,
    codes: ["connect WILL_DENIED"],
    act: async () => {
      let successes = 0;
      for (const topic of topics) {
        const password = key && tokenOf(key, stage.gatewayKey, { client });
        const will = { topic, payload: MARK, qos: 1 as const, retain: true };
        const dialled = await dial(stage, client, { password, will, from: "127.0.0.6" });
        if (!("client" in dialled)) continue;
        successes++;
        dialled.client.stream.destroy();
      }
      return { tries: topics.length, successes };
    },
  });
  if (!who.own || !who.mute) return;
  const own = who.own;
  await report.run({
    group,
    attack: `${who.name} has its birth and its last will where a member has them`,
    codes: ["publish NOT_ENROLLED", "publish BARRED"],
    act: async (): Promise<Tried> => {
      const witness = await Witness.open(scene);
      const topic = TOPICS.state(own.id);
      const will = { topic, payload: MARK, qos: 1 as const, retain: true };
      const dying = await dialAs(stage, own, { will, from: "127.0.0.6" });
      await sayAll(dying, [{ topic, payload: MARK, retain: true }]);
      const gone = new Promise<void>((resolve) => dying.once("close", () => resolve()));
      dying.stream.destroy();
      await gone;
      await stage.everybody();
      return { tries: 2, successes: await witness.close() };
    },
  });
}

/** Nodes may ask for a member's topics before they are members; until then nothing comes. */
async function hearsNothing(scene: Scene): Promise<void> {
  const { stage, report, guest, revoked, expired, early } = scene;
  const closed = ["dag/#", "market/#", "chain/#", "epoch/#", "update/#"];
  await report.run({
    group,
    attack: "who is no member asks for a member's broadcasts",
    codes: [],
    act: async () => {
      let successes = 0;
      const filters = closed.map((filter) => `${ROOT}/${filter}`);
      const clients: MqttClient[] = [];
      for (const who of [guest, revoked, expired, early])
        clients.push(await listen(scene, who, () => successes++, filters));
      const before = stage.slots.length;
      // Where the slots of this group are over, what is retained was all that there could be.
      await stage.until(() => stage.slots.length > before || stage.idle, "a slot");
      for (const client of clients) await hangUp(client);
      return { tries: clients.length * closed.length, successes, counts: 0 };
    },
  });
}
