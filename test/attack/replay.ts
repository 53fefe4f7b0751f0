// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that members said, once more: on the same connection and on others, by themselves and by others,
 * under its number and under others, before and after a restart. No number is used up, and nothing changes.
 */
import { upRecord } from "#core/records/receipt";
import { fetchRecord } from "#core/records/release";
import { UP_KINDS, type UpKind } from "#core/topics";
import { dialAs, hangUp, sayAll } from "./dial.ts";
import type { Member, Spoken } from "./member.ts";
import type { Plan, Tried } from "./report.ts";
import { type Group, type Scene, TOPICS } from "./scene.ts";
import { NUMBERED } from "./stage.ts";

const group = "replay";
/** Answered each time, for nothing follows from it. */
const HARMLESS: readonly string[] = ["enrol", "certificate"];
const UPDATE = ["message UPDATE_GONE", "message UPDATE_RATE"];
/** Denied publishes after which a broker hangs up, with some to spare. */
const DENIED_MAX = 90;
/**
 * Not said on this stage. Arrivals are repeated in test/sim/roaming.test.ts, and what proof-of-time says in
 * witness.ts; a household says no plan, and an old one is for a slot that has begun. What borrowers say is
 * repeated, forged and overdrawn in test/sim/credit.test.ts and `npm run accept -- 6 --only credit-runs`.
 */
const ELSEWHERE: readonly UpKind[] = [
  "arrival",
  "plan",
  "loan",
  "ask",
  "token",
  "vote",
  "evidence",
];
/** A number that nobody has come to. */
const FAR = 1_000_000;

type Attack = Omit<Plan, "group" | "still">;

export const replayGroup: Group = {
  name: group,
  async run(scene) {
    const { stage, report } = scene;
    await stage.until(() => stage.idle, "the slots of this group");
    await sayTheRest(scene);
    const heard = recorded(scene);
    const restart = { prepare: () => stage.restart() };
    const attacks = [
      ...stage.members.map((member) => sameConnection(scene, member)),
      ...stage.members.map((member) => otherConnection(scene, member, heard)),
      foreignTopic(scene, heard),
      ownTopic(scene, heard),
      guestTopic(scene, heard),
      ...stage.members.slice(1).map((member) => nextNumber(scene, member, heard)),
      farNumber(scene, heard),
      {
        ...sameConnection(scene, stage.members[1]),
        ...restart,
        attack: "the same after a restart",
      },
      {
        ...nextNumber(scene, stage.members[1], heard),
        attack: "old words under the next number after a restart",
      },
    ];
    for (const attack of attacks) {
      await stage.everybody();
      await report.run({ ...attack, group, still: true });
    }
  },
};

/** Members ask for firmware and show their certificates, so that every kind was said. */
async function sayTheRest({ stage }: Scene): Promise<void> {
  const fetch = fetchRecord.encode({ release: new Uint8Array(32), offset: 0, chunks: 1 });
  for (const member of stage.members) {
    member.say("certificate", stage.certificateOf(member.who));
    member.say("update", fetch);
  }
  const asked = stage.members.length;
  await stage.untilMetrics(
    (metrics) => (metrics.get("wattle_not_accepted_total UPDATE_GONE") ?? 0) >= asked,
    "the requests for firmware",
  );
}

/** What the broker saw of the members, each kind among it. */
function recorded({ stage }: Scene): Spoken[] {
  const heard = stage.members.flatMap(({ spoken }) =>
    spoken.filter(({ kind }) => UP_KINDS.includes(kind as UpKind)),
  );
  const said = UP_KINDS.filter((kind) => !ELSEWHERE.includes(kind));
  const missing = said.filter((kind) => !heard.some((spoken) => spoken.kind === kind));
  if (missing.length > 0) throw new Error(`nobody said ${missing}`);
  return heard;
}

const of = ({ who }: Member, heard: readonly Spoken[]) =>
  heard.filter(({ topic }) => topic.includes(who.id));
const counted = (heard: readonly Spoken[]) =>
  heard.filter(({ kind }) => !HARMLESS.includes(kind)).length;

function sameConnection({ stage }: Scene, member: Member): Attack {
  return {
    attack: `the ${member.who.name}'s own connection says all of it again`,
    codes: ["message DUPLICATE", ...UPDATE],
    async act() {
      const heard = member.spoken.filter(({ kind }) => UP_KINDS.includes(kind as UpKind));
      for (const { topic, payload } of heard) member.send(topic, payload);
      await stage.everybody();
      return tried(heard, counted(heard));
    },
  };
}

/** Its own key and id, and everything that anybody said under its topics. */
function otherConnection(scene: Scene, member: Member, heard: readonly Spoken[]): Attack {
  return {
    attack: `the ${member.who.name}'s key on another connection says all of it again`,
    codes: ["message DUPLICATE", ...UPDATE],
    atLeast: true, // the node comes back and says again what it does not know to be taken
    act: () =>
      inPlaceOf(scene, member, async (say) => {
        const own = of(member, heard);
        await say(own);
        return tried(own, counted(own));
      }),
  };
}

/** Says what it is told on a connection with the key of `member`, which is away meanwhile. */
async function inPlaceOf(
  { stage }: Scene,
  member: Member,
  act: (say: (messages: Pick<Spoken, "topic" | "payload">[]) => Promise<void>) => Promise<Tried>,
): Promise<Tried> {
  member.leave();
  const client = await dialAs(stage, member.who);
  const result = await act((messages) => sayAll(client, messages));
  await hangUp(client);
  member.join(stage.port);
  await stage.everybody();
  return result;
}

function foreignTopic({ stage, mallory }: Scene, heard: readonly Spoken[]): Attack {
  return {
    attack: "another member says it under their topics",
    codes: ["publish NOT_ALLOWED"],
    async act() {
      for (let at = 0; at < heard.length; at += DENIED_MAX) {
        const client = await dialAs(stage, mallory, { from: "127.0.0.7" });
        await sayAll(client, heard.slice(at, at + DENIED_MAX));
        await hangUp(client);
      }
      return tried(heard);
    },
  };
}

function ownTopic({ stage, mallory }: Scene, heard: readonly Spoken[]): Attack {
  return {
    attack: "another member says it under its own topics, and under its next number",
    codes: ["message NODE_MISMATCH", ...UPDATE],
    async act() {
      const client = await dialAs(stage, mallory, { from: "127.0.0.7" });
      const mine = heard.flatMap(({ kind, payload }) => {
        const topic = TOPICS.up(mallory.id, kind as UpKind);
        const next = NUMBERED.includes(kind) ? [{ topic, payload: numbered(payload, 1) }] : [];
        return [{ topic, payload }, ...next];
      });
      await sayAll(client, mine);
      await hangUp(client);
      return { tries: mine.length, successes: 0 };
    },
  };
}

function guestTopic({ stage, guest }: Scene, heard: readonly Spoken[]): Attack {
  const open = heard.filter(({ kind }) => HARMLESS.includes(kind));
  return {
    attack: "a guest shows members' hellos and certificates as its own",
    codes: ["message NODE_MISMATCH"],
    async act() {
      const client = await dialAs(stage, guest, { from: "127.0.0.7" });
      const mine = open.map(({ kind, payload }) => ({
        topic: TOPICS.up(guest.id, kind as UpKind),
        payload,
      }));
      await sayAll(client, mine);
      await hangUp(client);
      return tried(open);
    },
  };
}

/** The envelope is not signed: old content in it under the number that comes next. */
function nextNumber(scene: Scene, member: Member, heard: readonly Spoken[]): Attack {
  return {
    attack: `the ${member.who.name}'s old words under its next number`,
    codes: ["message SAID_NUMBER"],
    act: async () => {
      const old = of(member, heard).filter(({ kind }) => NUMBERED.includes(kind));
      const next = member.node.state.receiptedSeq + 1;
      const result = await inPlaceOf(scene, member, async (say) => {
        await say(old.map(({ topic, payload }) => ({ topic, payload: numbered(payload, next) })));
        return tried(old);
      });
      const taken = member.node.state.receiptedSeq + 1 - next;
      return { ...result, successes: taken, besides: ["message DUPLICATE"] };
    },
  };
}

function farNumber(scene: Scene, heard: readonly Spoken[]): Attack {
  const [, member] = scene.stage.members;
  return {
    attack: `the ${member.who.name}'s old words under a number far ahead`,
    codes: ["message GAP"],
    act: () =>
      inPlaceOf(scene, member, async (say) => {
        const old = of(member, heard).filter(({ kind }) => NUMBERED.includes(kind));
        await say(old.map(({ topic, payload }) => ({ topic, payload: numbered(payload, FAR) })));
        return { ...tried(old), besides: ["message DUPLICATE"] };
      }),
  };
}

function numbered(payload: Uint8Array, seq: number): Uint8Array {
  const up = upRecord.decode(payload);
  if (!up.ok) throw new Error(up.detail);
  return upRecord.encode({ seq, content: up.value.content });
}

function tried(heard: readonly Spoken[], counts = heard.length): Tried {
  return { tries: heard.length, successes: 0, counts };
}
