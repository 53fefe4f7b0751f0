// SPDX-License-Identifier: Apache-2.0
/** The members of a measured area, and the transactions that they sign ahead. */
import { compareBytes, toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { Committees } from "#core/pot/committee";
import { randomKeyOf, signToken } from "#core/pot/token";
import type { Epoch } from "#core/records/epoch";
import { memberRecord } from "#core/records/member";
import type { Notice } from "#core/records/notice";
import { upRecord } from "#core/records/receipt";
import { type Body, bodyRecord, type PotToken, signTx, TxType } from "#core/records/tx";
import { Topics } from "#core/topics";
import { tickOf } from "#core/units/time";
import { claimWallets, walletOf } from "#core/wallets";
import { seededKey } from "#host-sim/setup";
import { publishPacket } from "./mqtt.ts";

export const NET = "bench";
export const AREA = "bench";
/** What the connections carry in a slot: many offers of 1 Wh. */
const CAPACITY_WH = 100_000;
const MICRO_PER_WH = 150;

export interface Player {
  id: string;
  idBytes: Uint8Array;
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  randomKey: Uint8Array;
  wallet: Uint8Array;
  /** The signed request to be a member. */
  enrol: Uint8Array;
  /** Numbers of what it said last, and its chain. */
  said: number;
  txSeq: number;
  txid: Uint8Array | undefined;
}

export function makePlayers(crypto: Crypto, count: number): Player[] {
  return Array.from({ length: count }, (_, index) => {
    const secretKey = seededKey(crypto, 1, "bench", index);
    const publicKey = crypto.publicKey(secretKey);
    const idBytes = nodeIdOf(crypto, publicKey);
    const claim = claimWallets(crypto, secretKey, NET, idBytes, 0, 1);
    const member = { net: NET, publicKey, name: `p${index}`, capacityWh: CAPACITY_WH, ...claim };
    const { bytes: enrol } = signRecord(memberRecord, crypto, secretKey, member);
    const id = toHex(idBytes);
    const wallet = walletOf(crypto, claim.walletKey, 0);
    const randomKey = randomKeyOf(crypto, secretKey);
    const keys = { id, idBytes, secretKey, publicKey, randomKey, wallet, enrol };
    return { ...keys, said: 0, txSeq: 0, txid: undefined };
  });
}

/** A message that is ready to be sent. */
export interface Order {
  player: number;
  said: number;
  packet: Buffer;
}

export interface Terms {
  notice: Notice;
  slotMs: number;
  /** With proof-of-time. */
  epoch: Epoch | undefined;
  /** The id of the latest block: what the first transactions attach to. */
  head: Uint8Array;
}

/**
 * Signs the players' OFFERs, one after the other in turn: each player's are a turn's time apart, and each
 * approves two that were stamped `distance` before it, so that it never overtakes its parents.
 */
export class Signer {
  stampMs: number;
  private readonly crypto: Crypto;
  private readonly players: readonly Player[];
  private readonly terms: Terms;
  private readonly committees: Committees | undefined;
  private readonly byId: Map<string, Player>;
  private readonly topics = new Topics(AREA);
  private recent: Uint8Array[] = [];
  private readonly distance: number;
  private issued = 0;

  constructor(crypto: Crypto, players: readonly Player[], terms: Terms, distance: number) {
    this.crypto = crypto;
    this.players = players;
    this.terms = terms;
    this.distance = distance;
    this.committees = terms.epoch && new Committees(crypto, terms.epoch);
    this.byId = new Map(players.map((player) => [player.id, player]));
    // After the genesis block, which the first of them attach to.
    this.stampMs = terms.notice.epochStartMs + 1000;
  }

  /** The next `count`, with stamps `turnMs` apart for each player. */
  sign(count: number, turnMs: number): Order[] {
    const orders: Order[] = [];
    this.recent = []; // one that was refused before would take its children along
    for (let i = 0; i < count; i++) {
      orders.push(this.next());
      this.stampMs += turnMs / this.players.length;
    }
    return orders;
  }

  private next(): Order {
    const { crypto, players, recent, distance } = this;
    const index = this.issued++ % players.length;
    const player = players[index];
    const body = this.bodyOf(player, Math.floor(this.stampMs));
    const encoded = bodyRecord.encode(body);
    const txid = domainHash(crypto, bodyRecord.domain, encoded);
    const said = ++player.said;
    const tx = signTx(crypto, player.secretKey, body, said, this.tokensOf(body, txid));
    player.txSeq++;
    player.txid = tx.txid;
    recent.push(tx.txid);
    if (recent.length > distance + 2) recent.shift();
    const payload = upRecord.encode({ seq: said, content: tx.bytes });
    const packet = publishPacket(this.topics.up(player.id, "tx"), payload, (said % 65_535) + 1);
    return { player: index, said, packet };
  }

  private bodyOf(player: Player, tsMs: number): Body {
    const { notice, epoch, slotMs } = this.terms;
    // Slot 0 begins half a slot after the epoch.
    const slot = Math.floor((tsMs - notice.epochStartMs - Math.floor(slotMs / 2)) / slotMs) + 1;
    const leg = { to: undefined, wallet: player.wallet, ref: undefined, meter: undefined };
    return {
      net: NET,
      epoch: epoch?.epoch ?? 0,
      type: TxType.offer,
      from: player.idBytes,
      seq: player.txSeq + 1,
      prev: player.txid,
      legs: [{ ...leg, qtyWh: 1, ecashMicro: MICRO_PER_WH }],
      expiryMs: notice.epochStartMs + Math.floor(slotMs / 2) + slot * slotMs,
      cancels: undefined,
      parents: this.parents(),
      tsMs,
      tick: tickOf(tsMs, notice.epochStartMs, notice.tickMs),
      slot,
    };
  }

  private parents(): Uint8Array[] {
    const { recent, distance, terms } = this;
    if (recent.length < distance + 2) return [terms.head];
    return [recent[0], recent[1]].sort(compareBytes);
  }

  /** Of the first m of the committee. */
  private tokensOf(body: Body, txid: Uint8Array): PotToken[] {
    const { committees, crypto } = this;
    const { epoch } = this.terms;
    if (!committees || !epoch) return [];
    const context = { net: NET, beacon: epoch.beacon, body, txid };
    return committees
      .of(body.from, body.tick)
      .slice(0, epoch.m)
      .map((member) => {
        const { secretKey, randomKey, idBytes } = this.byId.get(
          toHex(committees.members.nodeOf(member)),
        )!;
        return signToken(crypto, secretKey, randomKey, idBytes, context, body.tsMs + 5);
      });
  }
}
