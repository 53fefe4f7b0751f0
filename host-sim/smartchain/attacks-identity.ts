// SPDX-License-Identifier: Apache-2.0
/** Attacks of ledger 4.4 on who is who: members, epochs and their beacons, and what outsiders may know. */
import { fromHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { blockSalt, itemSalt, publicBlock, salted, saltKeyOf } from "#core/ledger/public";
import { beaconDigest, beaconHolds, beaconOf } from "#core/pot/beacon";
import { Committees } from "#core/pot/committee";
import { EffectKind } from "#core/records/block";
import { epochRecord } from "#core/records/epoch";
import { publicBlockRecord } from "#core/records/public-block";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { claimWallets, listWallets, walletOf } from "#core/wallets";
import { Epochs } from "#meter/epochs";
import { type Attack, N, others, start } from "./attack.ts";
import { FORGE, FORGE_OF_TRIES, forged, large, TRIES } from "./attacks-committee.ts";
import { LAB_NET, Lab } from "./lab.ts";
import { atLeast } from "./odds.ts";

const KEYS = 20;

function sybil(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const body = lab.body(author);
  const crowd = [...Array(KEYS).keys()].map((i) => lab.person(`sybil ${i}`));
  const pot = crowd.map((person) => lab.tokenOf(person, body, body.tsMs));
  const honest = lab.signs(others(at)[0], crowd[0], lab.body(crowd[0]));
  const ballot = fullBallot({ capacity: 64, membersMax: 32, earlyPerVoter: 8, votesKept: 8 });
  ballot.open(electorateOf(lab.epoch));
  const txid = lab.txid(body);
  ballot.add({ txid, from: author.id, seq: 1, epoch: 3, tMs: body.tsMs, parents: body.parents });
  for (const { id } of crowd) ballot.vote({ voter: id, txids: [txid] }, new Uint8Array(1));
  return lab.valid(lab.tx(author, body, pot)) || honest || ballot.count(txid) > 1;
}

/** Whoever makes a key is a member: one has 21 of 32, and 7 are drawn, of which 5 have to sign. */
function crowded(seed: number): boolean {
  const lab = new Lab(seed, N + KEYS);
  const at = lab.random.below(N + KEYS);
  const author = lab.people[at];
  return forged(lab, author, lab.colluders(KEYS, at), lab.body(author));
}

/** Keys that are made when the beacon is known are of no member, and draw nothing. */
function lateKeys(seed: number): boolean {
  const { lab, at } = start(seed);
  for (let i = 0; i < KEYS; i++) {
    const person = lab.person(`key ${i}`);
    const body = lab.body(person);
    if (others(at).some((index) => lab.signs(index, person, body))) return true;
  }
  return false;
}

/**
 * The best of many keys, for a beacon that is known. It is a member in the next epoch, whose beacon is
 * another; `atOnce`: in this one.
 */
function registered(seed: number, atOnce: boolean): boolean {
  const { lab, bad } = large(seed);
  let best = lab.person("key 0");
  let most = -1;
  for (let i = 0; i < TRIES; i++) {
    const person = lab.person(`key ${i}`);
    const hits = lab.committee(lab.body(person)).filter((index) => bad.has(index)).length;
    if (hits > most) [best, most] = [person, hits];
  }
  if (atOnce) return forged(lab, best, bad, lab.body(best));
  const beacon = lab.crypto.sha256(Buffer.from(`next ${seed}`));
  const next = new Committees(lab.crypto, { ...lab.epoch, beacon });
  const { from, tick } = lab.body(best);
  return next.of(from, tick).filter((index) => bad.has(index)).length >= lab.epoch.m;
}

/** The gateway gives out a beacon that it did not reveal: made up, or of another epoch or network. */
function beacon(seed: number): boolean {
  const { lab } = start(seed);
  const { crypto, epoch } = lab;
  const gateway = lab.person("gateway");
  const tries: Uint8Array[] = [1, 2, 3].map((i) => new Uint8Array(64).fill(i));
  for (const [net, of] of [
    [LAB_NET, epoch.epoch + 1],
    ["other", epoch.epoch],
  ] as const)
    tries.push(crypto.sign(gateway.secretKey, beaconDigest(crypto, net, of)));
  const holds = (reveals: Uint8Array, made = beaconOf(crypto, reveals)): boolean =>
    beaconHolds(crypto, gateway.publicKey, { ...epoch, reveals, beacon: made });
  const own = crypto.sign(gateway.secretKey, beaconDigest(crypto, LAB_NET, epoch.epoch));
  if (!holds(own)) throw new Error("the attack needs one that holds");
  return tries.some((reveals) => holds(reveals)) || holds(own, new Uint8Array(32).fill(seed));
}

/** A gateway that is believed any beacon takes the best of many. */
function chosenBeacon(seed: number): boolean {
  const { lab, author, bad } = large(seed);
  const { from, tick } = lab.body(author);
  for (let i = 0; i < TRIES; i++) {
    const made = lab.crypto.sha256(Buffer.from(`beacon ${i} of ${seed}`));
    const committees = new Committees(lab.crypto, { ...lab.epoch, beacon: made });
    const hits = committees.of(from, tick).filter((index) => bad.has(index)).length;
    if (hits >= lab.epoch.m) return true;
  }
  return false;
}

/** An area of the attacker's own around the victim; `believed`: whose epoch it takes. */
function eclipse(seed: number, believed = false): boolean {
  const { lab, author, at } = start(seed);
  const other = new Lab(seed + 2_000_000, N);
  const [gateway, fake] = [lab.person("gateway"), other.person("gateway")];
  const known = new Epochs(lab.crypto, LAB_NET, believed ? fake.publicKey : gateway.publicKey);
  // Its own keys are known to its own ring of signatures: the victim's has to learn them.
  lab.crypto.publicKey(fake.secretKey);
  for (const { secretKey } of other.people) lab.crypto.publicKey(secretKey);
  const { bytes } = signRecord(epochRecord, lab.crypto, fake.secretKey, other.epoch);
  known.follow(bytes);
  const body = lab.body(author);
  const pot = others(at).map((index) => ({
    ...other.token(index, body),
    witness: lab.people[index].id,
  }));
  if (lab.valid(lab.tx(author, body, pot))) return true;
  const { current } = known;
  if (!current) return false;
  const own = other.body(other.people[0]);
  const tokens = others(0).map((index) => other.token(index, own));
  return lab.validIn(current.committees, other.tx(other.people[0], own, tokens));
}

/**
 * What an outsider makes of a public block: whose an address is, by all that may be known of members; which
 * addresses are of one; and whether a body that it guessed right is in it. `knows`: a wallet key and the salt.
 */
function outsider(seed: number, knows: boolean): boolean {
  const { lab, author } = start(seed);
  const { crypto } = lab;
  const claim = claimWallets(crypto, author.secretKey, LAB_NET, author.id, 0, 4);
  const addresses = listWallets(crypto, claim).wallets.map((wallet) => fromHex(wallet)!);
  const txid = lab.txid(lab.body(author));
  const salt = blockSalt(crypto, saltKeyOf(crypto, lab.person("gateway").secretKey), 7);
  const effect = { kind: EffectKind.pay, reserve: txid, sold: txid, leg: 0, bought: txid };
  const sealed = {
    id: crypto.sha256(txid),
    header: { net: LAB_NET, height: 7, slot: 3, atMs: lab.nowMs } as never,
    block: {
      txs: [txid],
      events: [],
      effects: [{ ...effect, from: addresses[0], to: addresses[1], micro: 5, qtyWh: 7 }],
    } as never,
  };
  const made = publicBlock(crypto, "a", sealed, salt, undefined);
  const shown = Buffer.from(publicBlockRecord.encode(made));
  const { id, publicKey } = author;
  if ([id, publicKey, txid, sealed.id].some((bytes) => shown.includes(Buffer.from(bytes))))
    return true;
  const keys = [id, publicKey, txid, new Uint8Array(32), crypto.sha256(publicKey)];
  if (knows) keys.push(claim.walletKey);
  const [effects] = made.effects;
  const listed = keys.some((key) =>
    [0, 1, 2, 3].some((i) => Buffer.compare(walletOf(crypto, key, i), effects.to!) === 0),
  );
  const salts = [...keys.slice(0, 5), ...(knows ? [salt] : [])];
  const confirmed = salts.some(
    (one) => Buffer.compare(salted(crypto, itemSalt(crypto, one, 0), txid), made.items[0]) === 0,
  );
  return knows ? listed && confirmed : listed || confirmed;
}

export const IDENTITY_ATTACKS: readonly Attack[] = Object.freeze([
  {
    name: "Sybil",
    stated: "any number of keys",
    defence: "members by certificate",
    run: sybil,
    without: [
      {
        what: "every key is a member: 21 of 32",
        run: crowded,
        rate: atLeast(N + KEYS - 1, KEYS, 7, 5),
      },
    ],
  },
  {
    name: "grinding identity",
    stated: "any number of keys",
    defence: "members are fixed before the beacon",
    run: lateKeys,
    without: [
      {
        what: `20 of 100 collude: the best of ${TRIES} keys in the next epoch`,
        run: (seed) => registered(seed, false),
        rate: FORGE,
      },
      {
        what: `20 of 100 collude: the best of ${TRIES} keys at once`,
        run: (seed) => registered(seed, true),
        rate: FORGE_OF_TRIES,
      },
    ],
  },
  {
    name: "beacon bias",
    stated: "the gateway, by RFC 8032",
    defence: "one signature, one beacon",
    run: beacon,
    without: [
      {
        what: `20 of 100 collude with a gateway that is believed: ${TRIES} beacons`,
        run: chosenBeacon,
        rate: FORGE_OF_TRIES,
      },
    ],
  },
  {
    name: "eclipse",
    stated: "another epoch, another beacon",
    defence: "the gateway's key; tokens of this beacon",
    run: (seed) => eclipse(seed),
    without: [
      {
        what: "a victim that takes any key for its gateway's",
        run: (seed) => eclipse(seed, true),
        rate: 1,
      },
    ],
  },
  {
    name: "privacy",
    stated: "an outsider with the public blocks",
    defence: "addresses by secret keys, salted hashes",
    run: (seed) => outsider(seed, false),
    without: [
      {
        what: "who is told wallet key and salt, as members are",
        run: (seed) => outsider(seed, true),
        rate: 1,
      },
    ],
  },
]);
