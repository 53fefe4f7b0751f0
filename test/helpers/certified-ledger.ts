// SPDX-License-Identifier: Apache-2.0
/** A chain of ledger headers, turns that name them, and their certificates, of gateways that a test has the keys of. */
import { signRecord } from "#core/codec/record";
import { votersOf } from "#core/consensus/voters";
import { domainHash } from "#core/crypto/domain";
import type { NamedEpoch } from "#core/pot/epoch-digest";
import { type BlockHeader, headerRecord } from "#core/records/block";
import { certifiedRecord, changedRecord } from "#core/records/certified";
import { gatewayVoteRecord, Phase, type Quorum, quorumRecord } from "#core/records/consensus";
import { type Change, changeRecord } from "#core/records/registry";
import { turnRecord } from "#core/records/turn";
import { blockOf } from "#gateway/consensus/open";
import { type Consortium, NET } from "./consortium.ts";

export interface Head {
  id: Uint8Array;
  value: BlockHeader;
}

export class CertifiedLedger {
  readonly group: Consortium;
  readonly heads: Head[] = [];

  constructor(group: Consortium, blocks: number, start = 1) {
    this.group = group;
    const { crypto } = group;
    for (let height = 0; height < blocks; height++) {
      const hash = crypto.sha256(Uint8Array.of(height, start));
      const value: BlockHeader = {
        net: NET,
        height,
        prev: this.heads[height - 1]?.id,
        epoch: 1,
        leader: group.id(0),
        atMs: 1_800_000_000_000 + height * 450_000,
        slot: height,
        txCount: start,
        cutRoot: hash,
        txRoot: hash,
        rejectedRoot: hash,
        effectsRoot: hash,
        eventsRoot: hash,
        stateRoot: hash,
      };
      const id = domainHash(crypto, headerRecord.domain, headerRecord.encode(value));
      this.heads.push({ id, value });
    }
  }

  /** The certificate of turn `height`, which names block `block` (undefined: none), by the first voices. */
  certified(
    height: number,
    block: number | undefined,
    more: { epoch?: NamedEpoch; changes?: number; change?: (quorum: Quorum) => Quorum } = {},
  ): Uint8Array {
    const { crypto, set, secrets } = this.group;
    const head = block === undefined ? undefined : this.heads[block];
    const turn = turnRecord.encode({
      net: NET,
      height,
      prev: crypto.sha256(Uint8Array.of(height)),
      leader: this.group.id(0),
      atMs: 1_800_000_000_000 + height * 1000,
      terms: crypto.sha256(Uint8Array.of(9)),
      ledger: head?.id,
      epoch: more.epoch,
      reveal: undefined,
    });
    const decided = blockOf(crypto, { header: turn, plan: Uint8Array.of(2, height) });
    const heard = votersOf(set.size, () => true);
    const voices = set.list.slice(0, set.quorum).map(({ id: voter }, place) => {
      const vote = { net: NET, height, round: 0, phase: Phase.precommit, voter, code: 0 };
      const value = { ...vote, block: decided.id, heard, agreed: heard };
      const { bytes } = signRecord(gatewayVoteRecord, crypto, secrets[place], value);
      return { voter: place, heard, agreed: heard, signature: bytes.slice(-64) };
    });
    const [header, plan] = [crypto.sha256(decided.header), crypto.sha256(decided.plan)];
    const quorum = { net: NET, height, round: 0, header, plan, voices };
    return certifiedRecord.encode({
      net: NET,
      changes: more.changes ?? 0,
      turn,
      quorum: quorumRecord.encode(more.change?.(quorum) ?? quorum),
      header: head && headerRecord.encode(head.value),
    });
  }

  /** A change with the signatures of these gateways. */
  changed(change: Change, voters: number[]): Uint8Array {
    const { crypto, secrets } = this.group;
    const voices = voters.map((voter) => {
      const { bytes } = signRecord(changeRecord, crypto, secrets[voter], change);
      return { voter, signature: bytes.slice(-64) };
    });
    return changedRecord.encode({ net: NET, change: changeRecord.encode(change), voices });
  }

  keys(): Uint8Array[] {
    return this.group.set.list.map(({ publicKey }) => publicKey);
  }
}

/** An epoch as turns name it. */
export function epochOf({ crypto }: Consortium, number: number, what = 0): NamedEpoch {
  return { number, digest: crypto.sha256(Uint8Array.of(number, what)) };
}
