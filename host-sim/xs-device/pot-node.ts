// SPDX-License-Identifier: Apache-2.0
/**
 * A member's part in proof-of-time on XS, step by step (pot-costs.ts): each event is one message that a node
 * gets, or one thing that it begins. Without the node around it, so that nothing else is counted.
 */
import { compareBytes } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { NODE_DAG_CAPACITY } from "#core/limits";
import { checkPot } from "#core/pot/check";
import { checkToken } from "#core/pot/token";
import { WALLET_BYTES } from "#core/records/common";
import { type Body, bodyRecord, encodeToken, sealTx, TxType } from "#core/records/tx";
import { glanceTx, openPackedTx } from "#core/records/tx-glance";
import { askRecord, tokenRecord } from "#core/records/witness";
import { Epochs } from "#meter/epochs";
import { Share } from "#meter/share";
import type { XsGlobal } from "../fleet/xs-crypto.ts";
import { regionOver } from "../fleet/xs-node.ts";

declare const host: XsGlobal;

/** Events. */
export const Step = Object.freeze({
  /** The epoch: makes what a member keeps, and fills the graph. */
  epoch: 1,
  /** Fixes a body and asks its committee: posts the ask. */
  ask: 2,
  /** A witness's answer. */
  token: 3,
  /** Enough of them: posts the transaction. */
  finish: 4,
  /** Another's ask: posts the answer. */
  witness: 5,
  /** Another's transaction. */
  validate: 6,
});

export const NET = "street-7";
export const TICK_MS = 30_000;
export const START_MS = 1_700_000_000_000;
/** When everything happens. */
export const NOW_MS = START_MS + 10 * TICK_MS + 1000;
/** Of the one on XS, and of its gateway. */
export const OWN = 0;
export const GATEWAY = 99;

export function secretOf(member: number): Uint8Array {
  return new Uint8Array(32).fill(member + 1);
}

function numbered(number: number): Uint8Array {
  const id = new Uint8Array(32).fill(number);
  id[1] = 1;
  return id;
}

/** The same graph on both sides: a chain, the last of which everybody attaches to. */
export const PARENT: () => Uint8Array = () => numbered(NODE_DAG_CAPACITY);

export function bodyOf(from: Uint8Array, parents: Uint8Array[]): Body {
  const tick = Math.floor((NOW_MS - START_MS) / TICK_MS);
  const leg = {
    to: undefined,
    wallet: numbered(200).slice(0, WALLET_BYTES),
    ref: undefined,
    meter: undefined,
  };
  const legs = [{ ...leg, qtyWh: 1200, ecashMicro: 300_000 }];
  return {
    ...{ net: NET, epoch: 1, type: TxType.reserve, from, seq: 7, prev: numbered(201), tick },
    ...{ legs, expiryMs: NOW_MS + 1e6, cancels: undefined },
    ...{ parents, tsMs: NOW_MS, slot: 3 },
  };
}

class Member {
  private readonly crypto: Crypto;
  private readonly secretKey = secretOf(OWN);
  private readonly publicKey: Uint8Array;
  private readonly own: Uint8Array;
  private readonly gatewayKey: Uint8Array;
  private readonly epochs: Epochs;
  private share!: Share;
  private body: Body | undefined;
  private txid: Uint8Array = new Uint8Array(0);
  private encoded: Uint8Array = new Uint8Array(0);
  private readonly tokens: { rank: number; bytes: Uint8Array }[] = [];

  constructor(crypto: Crypto) {
    this.crypto = crypto;
    this.publicKey = crypto.publicKey(this.secretKey);
    this.own = nodeIdOf(crypto, this.publicKey);
    this.gatewayKey = crypto.publicKey(secretOf(GATEWAY));
    this.epochs = new Epochs(crypto, NET, this.gatewayKey);
  }

  step(kind: number, payload: Uint8Array): void {
    if (kind === Step.epoch) this.begin(payload);
    else if (kind === Step.ask) this.ask();
    else if (kind === Step.token) this.token(payload);
    else if (kind === Step.finish) this.finish();
    else if (kind === Step.witness) this.witness(payload);
    else this.validate(payload);
  }

  private begin(payload: Uint8Array): void {
    assert(this.epochs.follow(payload) === undefined, "SIM_EPOCH");
    const { crypto, secretKey } = this;
    const policy = { trade: true, follow: "own" as const };
    const store = { get: () => undefined, set: () => {}, delete: () => {}, keys: () => [] };
    const entropy = { bytes: (length: number) => new Uint8Array(length).fill(3) };
    const ports = { crypto, entropy, store, witness: regionOver(), log: () => {} };
    this.share = new Share({ net: NET, secretKey, policy }, ports, this.own);
    this.share.open(this.epochs.committees);
    this.share.cone.seal(numbered(0), START_MS);
    for (let i = 1; i <= NODE_DAG_CAPACITY; i++) {
      const stampMs = NOW_MS - 4000 + i * 10;
      const arrival = { id: numbered(i), parents: [numbered(i - 1)], stampMs, author: 1, seq: i };
      this.share.cone.add({ arrival }, 0);
    }
  }

  private ask(): void {
    const { crypto, secretKey, publicKey, share } = this;
    const may = (ids: readonly Uint8Array[]): boolean => share.ballot!.mayApprove(ids);
    const chosen = share.cone.parents(NOW_MS, 4 * TICK_MS, NOW_MS, may);
    const body = bodyOf(this.own, chosen.map(({ id }) => id).sort(compareBytes));
    const encoded = bodyRecord.encode(body);
    this.body = body;
    this.encoded = encoded;
    this.txid = domainHash(crypto, bodyRecord.domain, encoded);
    const ask = { net: NET, publicKey, body: encoded };
    host.post(Step.ask, signRecord(askRecord, crypto, secretKey, ask).bytes);
  }

  private token(payload: Uint8Array): void {
    const { crypto, body, txid } = this;
    const answer = tokenRecord.decode(payload);
    const known = this.epochs.of(1);
    assert(answer.ok && answer.value.token && body && known, "SIM_TOKEN");
    const { token } = answer.value;
    const { committees, epoch } = known;
    const rank = committees.rank(this.own, body.tick, token.witness);
    assert(rank >= 0, "SIM_RANK");
    const key = committees.keyOf(committees.indexOf(token.witness));
    const context = { net: NET, beacon: epoch.beacon, body, txid };
    assert(checkToken(crypto, key, context, token), "SIM_TOKEN");
    this.tokens.push({ rank, bytes: encodeToken(token) });
  }

  private finish(): void {
    const { txid, encoded, crypto, secretKey } = this;
    const pot = this.tokens.sort((a, b) => a.rank - b.rank).map(({ bytes }) => bytes);
    host.post(Step.finish, sealTx(crypto, secretKey, txid, encoded, 9, pot).bytes);
  }

  private witness(payload: Uint8Array): void {
    const { witness, cone } = this.share;
    const ask = openSigned(askRecord, this.crypto, payload);
    assert(ask.ok && witness, "SIM_ASK");
    const answer = witness.ask(ask, NOW_MS, {
      committees: this.epochs.committees,
      ...{ originMs: START_MS, tickMs: TICK_MS, ageMaxMs: 4 * TICK_MS },
      parentTime: (id) => cone.parentTime(id),
    });
    const code = "token" in answer ? 0 : WIRE[answer.code];
    const token = "token" in answer ? answer.token : undefined;
    const { txid } = answer;
    host.post(
      Step.witness,
      tokenRecord.encode({ net: NET, txid, witness: witness.id, code, token }),
    );
  }

  private validate(payload: Uint8Array): void {
    const { crypto, share } = this;
    // As observer.ts: a look for the graph, then what concerns this node is opened.
    const heard = glanceTx(crypto, payload, NET, this.own);
    const known = heard && this.epochs.of(heard.epoch);
    assert(known, "SIM_TX");
    const { txid: id, stampMs, from: sender, seq: number } = heard;
    const author = known.committees.indexOf(sender);
    const arrival = { id, parents: heard.parents, stampMs, author, seq: number };
    const [added] = share.cone.add({ arrival, payload }, 0);
    const tx = openPackedTx(crypto, payload);
    assert(tx, "SIM_TX");
    assert(crypto.verify(known.committees.keyOf(author), tx.digest, tx.signature), "SIM_SIGNED");
    const gatewayKeys = [{ node: known.epoch.gateway, publicKey: this.gatewayKey }];
    const rule = { gatewayKeys, gatewaysNeeded: true };
    const checked = checkPot(crypto, known.committees, known.epoch, tx, rule);
    assert(checked.ok, "SIM_POT");
    const { txid, body } = tx;
    const { from, seq, epoch, parents } = body;
    share.ballot?.add({ txid, from, seq, epoch, tMs: added.tMs, parents });
    assert(share.ballot?.count(txid) === 1, "SIM_COUNT");
  }
}

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runPot(crypto: Crypto): void {
  const member = new Member(crypto);
  host.onEvent = (kind, payload) => member.step(kind, new Uint8Array(payload));
}
