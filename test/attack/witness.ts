// SPDX-License-Identifier: Apache-2.0
/**
 * What members say about each other's transactions: asks, tokens, votes and proofs of fraud, said again and
 * forged. An area of its own, with proof-of-time: its attacker is a member, and loses that at the end.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openSigned, signRecord } from "#core/codec/record";
import { type Body, bodyRecord } from "#core/records/tx";
import { type Evidence, evidenceRecord, Fraud, type Vote, voteRecord } from "#core/records/vote";
import { askRecord, type TokenAnswer, tokenRecord } from "#core/records/witness";
import type { UpKind } from "#core/topics";
import { runVerify } from "#node/cli/verify";
import { crypto } from "../helpers/local-area.ts";
import type { Member, Spoken } from "./member.ts";
import { NET, type Person } from "./people.ts";
import { Report } from "./report.ts";
import { TOPICS } from "./scene.ts";
import { Stage } from "./stage.ts";
import { verified } from "./wallet.ts";

const group = "witness";
const KINDS: readonly string[] = ["ask", "token", "vote"];
/** Slots in which all is as it should be; one without honest tokens; two without the attacker. */
const HONEST_SLOTS = 2;
const SLOTS = HONEST_SLOTS + 3;
/** A node whose witnesses are silent gets the gateway's token after 7.5 of these, s. */
const EPSILON_S = 0.1;
/** Nobody has anything left to say when nothing was said for so long, ms: votes come once a second. */
const QUIET_MS = 1300;
/** Denied publishes after which a broker hangs up, with some to spare. */
const DENIED_MAX = 60;

export interface WitnessOutcome {
  report: Report;
  faults: string[];
}

export async function attackWitnesses(say: (line: string) => void): Promise<WitnessOutcome> {
  const stage = new Stage({
    slots: SLOTS,
    members: { seller: () => -1800, buyer: () => 700, third: () => 500, mallory: () => 300 },
    proofOfTime: { epsilonSeconds: EPSILON_S },
  });
  const report = new Report(stage, say);
  try {
    await stage.start();
    await stage.everybody();
    await stage.advance(HONEST_SLOTS);
    await quiet(stage);
    for (const attack of [sameConnection, ownTopic, foreignTopic, forgedAsks, forgedVotes])
      await attack(stage, report);
    await forgedTokens(stage, report);
    await quiet(stage);
    await forgedProofs(stage, report);
    const before = complaintsOf(stage);
    await realFraud(stage, report);
    await stage.advance(2);
    for (const member of stage.members) member.leave();
    await stage.stop();
    return { report, faults: [...before, ...outcome(stage), ...verified(stage)] };
  } finally {
    await stage.end();
  }
}

/** Waits until nobody has said anything for a while. */
async function quiet({ members }: Stage): Promise<void> {
  const said = () => members.reduce((sum, { spoken }) => sum + spoken.length, 0);
  for (let before = -1; before !== said(); await delay(QUIET_MS)) before = said();
}

const kindsOf = (members: readonly Member[], kinds: readonly string[]): Spoken[] =>
  members.flatMap(({ spoken }) => spoken.filter(({ kind }) => kinds.includes(kind)));

function attacker(stage: Stage): Member {
  return stage.members[3];
}

/** Members who do what they should. */
function honest(stage: Stage): Member[] {
  return stage.members.slice(0, 3);
}

/** The first vote of a burst counts as one that says nothing new. */
function sameConnection(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "each member's own connection says its asks, tokens and votes again",
    codes: ["REPLAYED", "VOTE_UNKNOWN", "RATE_LIMITED"].map((code) => `message ${code}`),
    act: async () => {
      let tries = 0;
      let counts = 0;
      for (const member of stage.members) {
        const heard = kindsOf([member], KINDS);
        for (const { topic, payload } of heard) member.send(topic, payload);
        tries += heard.length;
        counts += heard.length - (heard.some(({ kind }) => kind === "vote") ? 1 : 0);
      }
      return { tries, counts, successes: 0 };
    },
  });
}

function ownTopic(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "a member says the others' under its own topics",
    codes: ["message NODE_MISMATCH", "message VOTE_UNKNOWN"],
    act: async () => {
      const mallory = attacker(stage);
      const heard = kindsOf(honest(stage), KINDS);
      for (const { kind, payload } of heard)
        mallory.send(TOPICS.up(mallory.who.id, kind as UpKind), payload);
      return { tries: heard.length, successes: 0 };
    },
  });
}

function foreignTopic(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "a member says the others' under their topics",
    codes: ["publish NOT_ALLOWED"],
    act: async () => {
      const heard = KINDS.flatMap((kind) => kindsOf(honest(stage), [kind]).slice(-DENIED_MAX / 3));
      for (const { topic, payload } of heard) attacker(stage).send(topic, payload);
      return { tries: heard.length, successes: 0 };
    },
  });
}

/** The body of the last ask of `member`. */
function lastBody(member: Member): Body {
  const asks = kindsOf([member], ["ask"]);
  const body = bodyRecord.decode(askOf(asks[asks.length - 1]).body);
  if (!body.ok) throw new Error(body.detail);
  return body.value;
}

function askOf({ payload }: Spoken): { body: Uint8Array } {
  const ask = openSigned(askRecord, crypto, payload);
  if (!ask.ok) throw new Error(ask.detail);
  return ask.value;
}

/** An ask for `body`, right but for what is said. */
function ask(who: Person, body: Body, net = NET, signer = who): Uint8Array {
  const value = { net, publicKey: who.publicKey, body: bodyRecord.encode(body) };
  return signRecord(askRecord, crypto, signer.secretKey, value).bytes;
}

function forgedAsks(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "asks for another's body, with another's signature, tick, epoch and network",
    codes: ["NODE_MISMATCH", "BAD_SIGNATURE", "TX_TICK", "TX_EPOCH", "WRONG_NET"].map(
      (code) => `message ${code}`,
    ),
    act: async () => {
      const mallory = attacker(stage);
      const [seller] = stage.members;
      const own = lastBody(mallory);
      const next = { ...own, seq: own.seq + 1, prev: own.prev, tick: own.tick + 1 };
      const asks = [
        ask(mallory.who, { ...lastBody(seller), seq: lastBody(seller).seq + 1 }),
        ask(seller.who, lastBody(seller), NET, mallory.who),
        ask(mallory.who, next, NET, seller.who),
        ask(mallory.who, next),
        ask(mallory.who, { ...next, epoch: 99 }),
        ask(mallory.who, next, "elsewhere"),
      ];
      for (const payload of asks) mallory.send(TOPICS.up(mallory.who.id, "ask"), payload);
      return { tries: asks.length, successes: 0 };
    },
  });
}

function forgedVotes(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "votes in another's name, with another's signature, of an epoch to come",
    codes: ["NODE_MISMATCH", "BAD_SIGNATURE", "VOTE_UNKNOWN", "WRONG_NET"].map(
      (code) => `message ${code}`,
    ),
    act: async () => {
      const mallory = attacker(stage);
      const [seller, buyer] = stage.members;
      const txids = [new Uint8Array(32).fill(7)];
      const own = { net: NET, voter: mallory.who.idBytes, epoch: 1, txids, atMs: 1 };
      const vote = (value: Vote, signer = mallory.who) =>
        signRecord(voteRecord, crypto, signer.secretKey, value).bytes;
      const votes = [
        vote({ ...own, voter: seller.who.idBytes }),
        vote({ ...own, voter: buyer.who.idBytes }, buyer.who),
        vote(own, seller.who),
        vote({ ...own, epoch: 99 }),
        vote({ ...own, net: "elsewhere" }),
      ];
      for (const payload of votes) mallory.send(TOPICS.up(mallory.who.id, "vote"), payload);
      return { tries: votes.length, successes: 0 };
    },
  });
}

/**
 * Honest tokens are held back, so that only the attacker answers: with a signature that is wrong, in another's
 * name, and twice. Everybody waits for the gateway's token, and none of these becomes part of anything.
 */
function forgedTokens(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "tokens with a wrong signature, in another's name, and twice, while no others come",
    codes: ["NODE_MISMATCH", "DUPLICATE", "VOTE_UNKNOWN"].map((code) => `message ${code}`),
    atLeast: true, // its own may come too late as well
    act: async () => {
      const mallory = attacker(stage);
      const [seller] = stage.members;
      const holds = honest(stage).map(({ hold }) => hold);
      for (const [i, member] of honest(stage).entries())
        member.hold = (spoken) => spoken.kind === "token" || holds[i](spoken);
      let tries = 0;
      mallory.alter = ({ kind, topic, payload }) => {
        if (kind !== "token") return payload;
        const answer = tokenRecord.decode(payload);
        if (!answer.ok || !answer.value.token) return payload;
        const forged = payload.slice();
        forged[forged.length - 1] ^= 1; // of the signature
        tries += 2;
        const later = [inName(answer.value, seller.who), forged];
        setImmediate(() => {
          for (const bytes of later) mallory.send(topic, bytes);
        });
        return forged;
      };
      await stage.advance(1);
      await stage.everybody();
      mallory.alter = ({ payload }) => payload;
      for (const [i, member] of honest(stage).entries()) member.hold = holds[i];
      return { tries, successes: 0 };
    },
  });
}

function inName(answer: TokenAnswer, { idBytes: witness }: Person): Uint8Array {
  const token = answer.token && { ...answer.token, witness };
  return tokenRecord.encode({ ...answer, witness, token });
}

/** What honest members said proves nothing against them, whoever puts it together. */
function forgedProofs(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "proofs of fraud made of what honest members said",
    codes: ["message EVIDENCE_INVALID"],
    act: async () => {
      const mallory = attacker(stage);
      const proofs = honest(stage).flatMap((victim) => proofsAgainst(victim, mallory));
      for (const proof of proofs)
        mallory.send(TOPICS.up(mallory.who.id, "evidence"), evidenceRecord.encode(proof));
      return { tries: proofs.length, successes: 0 };
    },
  });
}

function proofsAgainst({ who, spoken }: Member, mallory: Member): Evidence[] {
  const asks = spoken.filter(({ kind }) => kind === "ask").map(({ payload }) => payload);
  const votes = spoken.filter(({ kind }) => kind === "vote").map(({ payload }) => payload);
  const bodies = asks.map((payload) => askOf({ topic: "", kind: "ask", payload }).body);
  const [first, last] = [asks[0], asks[asks.length - 1]];
  // In the slot without tokens each body was replaced by one that takes it back.
  const seqOf = (payload: Uint8Array) => {
    const body = bodyRecord.decode(askOf({ topic: "", kind: "ask", payload }).body);
    return body.ok ? body.value.seq : -1;
  };
  const pairs = asks.flatMap((a, i) => {
    const b = asks.slice(i + 1).find((other) => Buffer.compare(a, other) !== 0);
    return b && seqOf(a) === seqOf(b) ? [[a, b]] : [];
  });
  if (pairs.length === 0) throw new Error(`the ${who.name} replaced no body`);
  const of = (fraud: number, items: Uint8Array[], publicKey = who.publicKey): Evidence => ({
    ...{ net: NET, fraud, publicKey, items },
  });
  const all = [of(Fraud.bodies, [first, last]), of(Fraud.bodies, [last, last])];
  for (const items of pairs)
    all.push(of(Fraud.bodies, items), of(Fraud.cancelled, items), of(Fraud.tokens, items));
  all.push(of(Fraud.bodies, [first, last], mallory.who.publicKey));
  const vote = votes[votes.length - 1];
  if (vote) all.push(of(Fraud.votes, [vote, vote, bodies[0], bodies[bodies.length - 1]]));
  return all;
}

/** Nobody complains of anything but tokens that did not come. */
function complaintsOf(stage: Stage): string[] {
  const all = stage.members.flatMap(({ who, complaints }) =>
    complaints.map((complaint) => `${who.name}: ${complaint}`),
  );
  return all.filter((complaint) => !complaint.includes("no-tokens"));
}

/** Two bodies for one number: the author is out, and nothing that it says counts any more. */
function realFraud(stage: Stage, report: Report): Promise<void> {
  return report.run({
    group,
    attack: "two bodies for one number, and what their author says afterwards",
    // The broker turns away who may say nothing more.
    codes: ["publish BARRED", "message DUPLICATE"],
    atLeast: true, // its node goes on by itself
    act: async () => {
      const mallory = attacker(stage);
      const [, buyer] = stage.members;
      const own = lastBody(mallory);
      const one = ask(mallory.who, { ...own, seq: own.seq + 1, slot: own.slot + 1 });
      const two = ask(mallory.who, { ...own, seq: own.seq + 1, slot: own.slot + 2 });
      const say = (kind: UpKind, payload: Uint8Array) =>
        mallory.send(TOPICS.up(mallory.who.id, kind), payload);
      for (const payload of [one, two]) say("ask", payload);
      const suspended = ({ complaints }: Member) =>
        complaints.some((complaint) => complaint.includes("suspended"));
      await stage.until(() => honest(stage).every(suspended), "everybody has the proof");
      for (const payload of [one, two]) say("ask", payload);
      const items = Buffer.compare(one, two) <= 0 ? [one, two] : [two, one];
      const proof = { net: NET, fraud: Fraud.bodies, publicKey: mallory.who.publicKey, items };
      buyer.send(TOPICS.up(buyer.who.id, "evidence"), evidenceRecord.encode(proof));
      // Witnesses answered the first of the two.
      return { tries: 3, successes: 0, besides: ["message VOTE_UNKNOWN"] };
    },
  });
}

/** What the log shows of it. */
function outcome(stage: Stage): string[] {
  const faults: string[] = [];
  const { audit } = runVerify(join(stage.folder, "gateway.db"), {});
  if (!audit) return ["no log"];
  const { suspended, byGatewayTxs } = audit.summary;
  if (suspended.join() !== "mallory") faults.push(`suspended: ${suspended.join() || "nobody"}`);
  if (byGatewayTxs === 0) faults.push("the gateway's tokens stood in for none");
  const missed = stage.slots.flatMap((slot) => slot.missed).filter((name) => name !== "mallory");
  if (missed.length > 0) faults.push(`missed: ${missed.join()}`);
  if (stage.slots.some(({ tradedWh }) => tradedWh === 0)) faults.push("a slot without trade");
  return faults;
}
