// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway of a town that keeps the consensus and lies to its own nodes: what it publishes in its area is changed
 * on the way, and signed again with its key.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { openSigned, type RecordType, signRecord } from "#core/codec/record";
import { mapLeafHash } from "#core/crypto/map-proof";
import type { Crypto } from "#core/crypto/port";
import { accountKey, accountLeaf } from "#core/ledger/account-leaf";
import { beaconOf } from "#core/pot/beacon";
import { accountRecord } from "#core/records/account";
import { headerRecord } from "#core/records/block";
import { certifiedRecord } from "#core/records/certified";
import { quorumRecord } from "#core/records/consensus";
import { epochRecord } from "#core/records/epoch";
import { proofRecord } from "#core/records/proof";
import { settlementRecord } from "#core/records/settlement";
import type { Area } from "#gateway/area";

export type Lie =
  | "balance"
  | "settlement"
  | "epoch"
  | "later epoch"
  | "no certificates"
  | "forged certificate"
  | "few voices";

/** What is added to a victim's balance, µc. */
const MORE_MICRO = 5_000_000;

export class LyingGateway {
  readonly lies: Lie;
  private readonly crypto: Crypto;
  private readonly secretKey: Uint8Array;
  private readonly victim: string;
  /** What it says in place of headers, by their ids. */
  private readonly heads = new Map<string, { bytes: Uint8Array; id: Uint8Array }>();
  private readonly area: () => Area;

  constructor(lies: Lie, crypto: Crypto, area: () => Area, victim: string) {
    this.lies = lies;
    this.crypto = crypto;
    this.area = area;
    this.secretKey = area().options.secretKey;
    this.victim = victim;
  }

  /** A state of one account: the victim's, with more than it has. */
  private get root(): Uint8Array {
    const { crypto, victim } = this;
    const { state } = this.area().chain;
    const node = fromHex(victim)!;
    const { set: walletSet, commitment } = state.newestSet(victim);
    const balanceMicro = state.freeOf(victim) + MORE_MICRO;
    const owns = { balanceMicro, lockedMicro: state.lockedOf(victim), walletSet, commitment };
    return mapLeafHash(crypto, accountKey(crypto, node), crypto.sha256(accountLeaf(node, owns)));
  }

  say(topic: string, payload: Uint8Array): Uint8Array | undefined {
    const what = topic.split("/").slice(-2).join("/");
    if (payload.length < 2) return payload;
    switch (this.lies) {
      case "balance":
        return this.balance(topic, what, payload);
      case "settlement":
        return what === "down/settlement" ? this.settlement(payload) : payload;
      case "epoch":
      case "later epoch":
        return what === "dag/epoch" ? this.epoch(payload) : payload;
      case "no certificates":
        return what === "chain/certified" ? undefined : payload;
      default:
        return what === "chain/certified" ? this.certified(payload) : payload;
    }
  }

  private change<T>(type: RecordType<T>, payload: Uint8Array, change: (value: T) => T): Uint8Array {
    const opened = openSigned(type, this.crypto, payload);
    if (!opened.ok) return payload;
    return signRecord(type, this.crypto, this.secretKey, change(opened.value)).bytes;
  }

  /** A chain of headers of its own, whose state root has one account: the victim's. */
  private fake(payload: Uint8Array): { bytes: Uint8Array; id: Uint8Array } {
    const { crypto, secretKey, heads } = this;
    const opened = openSigned(headerRecord, crypto, payload);
    if (!opened.ok) throw new Error(opened.detail);
    const known = heads.get(toHex(opened.id));
    if (known) return known;
    const { value } = opened;
    const prev = (value.prev && heads.get(toHex(value.prev))?.id) ?? value.prev;
    const header = { ...value, prev, stateRoot: this.root };
    const fake = signRecord(headerRecord, crypto, secretKey, header);
    heads.set(toHex(opened.id), fake);
    return fake;
  }

  private balance(topic: string, what: string, payload: Uint8Array): Uint8Array {
    if (what === "chain/head") return this.fake(payload).bytes;
    if (!topic.includes(this.victim)) return payload;
    if (what === "down/account")
      return this.change(accountRecord, payload, (account) => {
        const header = this.heads.get(toHex(account.header))?.id ?? account.header;
        return { ...account, header, freeMicro: account.freeMicro + MORE_MICRO };
      });
    if (what !== "down/proof") return payload;
    return this.change(proofRecord, payload, (proof) => ({
      ...proof,
      balanceMicro: proof.balanceMicro + MORE_MICRO,
      header: this.fake(proof.header).bytes,
      path: new Uint8Array(0),
    }));
  }

  private settlement(payload: Uint8Array): Uint8Array {
    const decoded = settlementRecord.decode(payload);
    if (!decoded.ok) return payload;
    const header = this.change(headerRecord, decoded.value.header, (value) => ({
      ...value,
      txCount: value.txCount + 1,
    }));
    return settlementRecord.encode({ ...decoded.value, header });
  }

  private epoch(payload: Uint8Array): Uint8Array {
    const reveals = new Uint8Array(80).fill(7);
    return this.change(epochRecord, payload, (value) => ({
      ...value,
      epoch: value.epoch + (this.lies === "later epoch" ? 1 : 0),
      reveals,
      beacon: beaconOf(this.crypto, reveals),
    }));
  }

  private certified(payload: Uint8Array): Uint8Array {
    const decoded = certifiedRecord.decode(payload);
    const quorum = decoded.ok ? quorumRecord.decode(decoded.value.quorum) : undefined;
    if (!decoded.ok || !quorum?.ok) return payload;
    const [first, ...rest] = quorum.value.voices;
    const forged = { ...first, signature: new Uint8Array(64).fill(1) };
    const voices = this.lies === "few voices" ? rest : [forged, ...rest];
    const record = quorumRecord.encode({ ...quorum.value, voices });
    return certifiedRecord.encode({ ...decoded.value, quorum: record });
  }
}
