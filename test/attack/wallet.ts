// SPDX-License-Identifier: Apache-2.0
/**
 * Another's wallet: members that name a victim's address where their own has to stand, in what their node
 * application said otherwise as it should. An area of its own: who does this keeps no contract.
 */
import { join } from "node:path";
import { bytesEqual, toHex } from "#core/codec/bytes";
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import { blockRecord, EffectKind } from "#core/records/block";
import { memberRecord } from "#core/records/member";
import { upRecord } from "#core/records/receipt";
import { openTx, signTx, type Tx, TxType } from "#core/records/tx";
import { blockEntry, EntryKind, unpackEntry } from "#gateway/entries";
import { runVerify } from "#node/cli/verify";
import { openSealedStore } from "#node/store/sealed";
import { crypto } from "../helpers/local-area.ts";
import { dialAs, hangUp, sayAll } from "./dial.ts";
import type { Member, Spoken } from "./member.ts";
import { helloOf, type Person, person } from "./people.ts";
import { Report } from "./report.ts";
import { TOPICS } from "./scene.ts";
import { type NetWh, Stage } from "./stage.ts";

const group = "wallet";
/** Slots in which all is as it should be. */
const HONEST_SLOTS = 2;
/** And for a forgery: it is said, and a block holds it. */
const SLOTS = HONEST_SLOTS + 2;

/** By kind of transaction: its number, and the net energy for which a thief's node makes one, Wh. */
const KINDS = {
  reserve: { type: TxType.reserve, netWh: 0 },
  sold: { type: TxType.sold, netWh: -300 },
  bought: { type: TxType.bought, netWh: 300 },
} as const;
type Kind = keyof typeof KINDS;

export interface WalletOutcome {
  reports: Report[];
  /** What is wrong with the ledger afterwards. */
  faults: string[];
}

/** `thieves` for each kind of transaction, and each kind in an area of its own. */
export async function attackWallets(
  thieves: number,
  say: (line: string) => void,
): Promise<WalletOutcome> {
  const kinds = Object.keys(KINDS) as Kind[];
  const areas = await Promise.all(kinds.map((kind) => attackBy(kind, thieves, say)));
  return {
    reports: areas.map(({ report }) => report),
    faults: areas.flatMap(({ faults }) => faults),
  };
}

async function attackBy(kind: Kind, thieves: number, say: (line: string) => void) {
  const members: Record<string, NetWh> = { seller: () => -2400, buyer: () => 700 };
  for (let i = 0; i < thieves; i++) members[`thief-${i}`] = () => KINDS[kind].netWh;
  const stage = new Stage({ slots: SLOTS, members });
  const report = new Report(stage, say);
  try {
    await stage.start();
    await stage.everybody();
    if (kind === "reserve") await hellos(stage, report);
    await stage.advance(HONEST_SLOTS);
    await forgeries(stage, report, kind);
    for (const member of stage.members) member.leave();
    await stage.stop();
    const victims = stage.members.slice(0, 2);
    return { report, faults: [...stolen(stage, victims), ...verified(stage)] };
  } finally {
    await stage.end();
  }
}

/** A newcomer claims addresses that are a member's. */
async function hellos(stage: Stage, report: Report): Promise<void> {
  const [, victim] = stage.members;
  const thief = person("newcomer");
  stage.certify(thief);
  await stage.enter(thief);
  const theirs = victim.spoken.find(({ kind }) => kind === "enrol")!.payload;
  const forged = crossed(thief, helloOf(thief, stage.gatewayKey), theirs);
  await report.run({
    group,
    attack: "a newcomer's hello with a member's addresses, their proof, or both",
    codes: ["message WALLETS_UNPROVED"],
    still: true,
    act: async () => {
      const client = await dialAs(stage, thief);
      const topic = TOPICS.up(thief.id, "enrol");
      await sayAll(
        client,
        forged.map((payload) => ({ topic, payload })),
      );
      await hangUp(client);
      return { tries: forged.length, successes: 0 };
    },
  });
}

/** Own hellos with each of the fields about addresses taken from `theirs`, and with all of them. */
function crossed(thief: Person, own: Uint8Array, theirs: Uint8Array): Uint8Array[] {
  const [mine, other] = [fieldsOf(own), fieldsOf(theirs)];
  const foreign = [...mine.keys()].filter((i) => {
    const [a, b] = [mine[i], other[i]];
    const differ = a instanceof Uint8Array && b instanceof Uint8Array && !bytesEqual(a, b);
    return differ && !bytesEqual(a as Uint8Array, thief.publicKey);
  });
  const choices = [...foreign.map((i) => [i]), foreign];
  return choices.map((chosen) => {
    const record = encodeCbor(mine.map((field, i) => (chosen.includes(i) ? other[i] : field)));
    const id = domainHash(crypto, memberRecord.domain, record);
    return encodeCbor([record, crypto.sign(thief.secretKey, id)]);
  });
}

function fieldsOf(signed: Uint8Array): CborValue[] {
  const outer = decodeCbor(signed);
  const [record] = "value" in outer ? (outer.value as CborValue[]) : [];
  const inner = decodeCbor(record as Uint8Array);
  if (!("value" in inner)) throw new Error("no record");
  return inner.value as CborValue[];
}

/** Each thief replaces the address in its next transaction of this kind. */
async function forgeries(stage: Stage, report: Report, kind: Kind): Promise<void> {
  const [seller, buyer, ...thieves] = stage.members;
  // Coins to take, and for what was sold somewhere else for them to go.
  const victim = kind === "sold" ? seller : buyer;
  const forged = new Set<Member>();
  for (const thief of thieves)
    thief.alter = (spoken) => {
      const tx = spoken.kind === "tx" ? txOf(spoken) : undefined;
      if (tx?.body.type !== KINDS[kind].type || forged.has(thief)) return spoken.payload;
      forged.add(thief);
      return withWallet(thief.who, tx, walletOf(victim), spoken.payload);
    };
  await report.run({
    group,
    attack: `${kind.toUpperCase()} with a victim's address`,
    codes: ["message WALLET_FOREIGN"],
    act: async () => {
      // A RESERVE is in the block of the slot that it is for.
      await stage.advance(kind === "reserve" ? 2 : 1);
      await stage.until(() => forged.size === thieves.length, "each thief has tried");
      // The thieves' chains are not the gateway's any more, and their buyers have nothing to answer.
      const besides = ["TX_PREV", "TX_SEQ", "BOUGHT_NO_SOLD"].map((code) => `message ${code}`);
      return { tries: forged.size, successes: 0, besides };
    },
  });
}

function txOf({ payload }: Spoken): Tx {
  const up = upRecord.decode(payload);
  const opened = up.ok ? openTx(crypto, up.value.content) : undefined;
  if (!opened?.ok) throw new Error("no transaction");
  return opened.tx;
}

/** The same transaction with another address in its legs, signed anew. */
function withWallet(who: Person, tx: Tx, wallet: Uint8Array, payload: Uint8Array): Uint8Array {
  const up = upRecord.decode(payload);
  if (!up.ok) throw new Error(up.detail);
  const body = { ...tx.body, legs: tx.body.legs.map((leg) => ({ ...leg, wallet })) };
  const { bytes } = signTx(crypto, who.secretKey, body, tx.said);
  return upRecord.encode({ seq: up.value.seq, content: bytes });
}

const txsOf = (member: Member) => member.spoken.filter(({ kind }) => kind === "tx").map(txOf);

/** The address that it named last. */
function walletOf(member: Member): Uint8Array {
  return txsOf(member).at(-1)!.body.legs[0].wallet;
}

/** Coins of a victim that moved without a transaction of its own, from the gateway's log. */
function stolen(stage: Stage, victims: readonly Member[]): string[] {
  const faults: string[] = [];
  const own = victims.map((member) => ({
    name: member.who.name,
    wallets: new Set(
      txsOf(member).flatMap(({ body }) => body.legs.map((leg) => toHex(leg.wallet))),
    ),
    txids: new Set(txsOf(member).map(({ txid }) => toHex(txid))),
  }));
  const store = openSealedStore(join(stage.folder, "gateway.db"));
  let payments = 0;
  for (const { kind, bytes } of store.read()) {
    if (kind !== EntryKind.block) continue;
    const decoded = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
    if (!decoded.ok) throw new Error(decoded.detail);
    for (const effect of decoded.value.effects) {
      if (effect.kind !== EffectKind.pay && effect.kind !== EffectKind.arbitrate) continue;
      payments++;
      for (const { name, wallets, txids } of own) {
        const paid = effect.from && wallets.has(toHex(effect.from));
        if (paid && !txids.has(toHex(effect.reserve!)))
          faults.push(`coins of the ${name} were taken`);
        const got = effect.to && wallets.has(toHex(effect.to));
        if (got && !txids.has(toHex(effect.sold!))) faults.push(`the ${name} got another's coins`);
      }
    }
  }
  store.close();
  if (payments === 0) faults.push("nobody paid anything");
  return faults;
}

/** What an auditor finds wrong with the gateway's log; the gateway has stopped. */
export function verified(stage: Stage): string[] {
  const { audit, error } = runVerify(join(stage.folder, "gateway.db"), {});
  if (!audit) return [`verify: ${error}`];
  return audit.ok ? [] : audit.faults.map(({ code }) => `verify: ${code}`);
}
