// SPDX-License-Identifier: Apache-2.0
/** What outsiders are told of the chain: every block in its public form, as soon as it is sealed. */
import { bytesEqual } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { blockSalt, publicBlock, saltKeyOf } from "#core/ledger/public";
import { SALTS_MAX } from "#core/limits";
import { type PublicBlock, publicBlockRecord } from "#core/records/public-block";
import type { SealedBlock } from "./chain.ts";

/** The id of the public block before the last, of how many blocks members are told the salts, and whether
 * they are told those no more with the next (0 or 1). */
export interface PublicPlace {
  prev: Uint8Array | undefined;
  salts: number;
  closed: number;
}

export class PublicChain {
  /** Salts of the blocks since the last slot that was closed, the latest last: members are told them. */
  salts: Uint8Array[] = [];
  /** The latest public block; undefined before genesis. */
  head: { block: PublicBlock; id: Uint8Array; salt: Uint8Array } | undefined;
  private readonly crypto: Crypto;
  private readonly area: string;
  /** Secret: whoever has it can tell what outsiders are not told. */
  readonly saltKey: Uint8Array;
  private closed = false;

  constructor(crypto: Crypto, area: string, secretKey: Uint8Array) {
    this.crypto = crypto;
    this.area = area;
    this.saltKey = saltKeyOf(crypto, secretKey);
  }

  /** A block was sealed: its public form, the same when it is made and when it is replayed. */
  follow(sealed: SealedBlock): { id: Uint8Array; salt: Uint8Array } {
    const { crypto } = this;
    const salt = blockSalt(crypto, this.saltKey, sealed.header.height);
    if (this.closed) this.salts = [];
    this.closed = sealed.block.closed.length > 0;
    this.salts.push(salt);
    if (this.salts.length > SALTS_MAX) this.salts.shift();
    return this.add(sealed, salt, this.head?.id);
  }

  private add(
    sealed: SealedBlock,
    salt: Uint8Array,
    prev: Uint8Array | undefined,
  ): { id: Uint8Array; salt: Uint8Array } {
    const { crypto } = this;
    const block = publicBlock(crypto, this.area, sealed, salt, prev);
    const id = domainHash(crypto, publicBlockRecord.domain, publicBlockRecord.encode(block));
    this.head = { block, id, salt };
    return { id, salt };
  }

  /** What of it does not follow from the last block alone. */
  get place(): PublicPlace | undefined {
    return (
      this.head && {
        prev: this.head.block.prev,
        salts: this.salts.length,
        closed: Number(this.closed),
      }
    );
  }

  /** Where it was when `sealed` was the last block. */
  resume(sealed: SealedBlock, { prev, salts, closed }: PublicPlace): void {
    const { height } = sealed.header;
    const saltAt = (_: unknown, i: number) =>
      blockSalt(this.crypto, this.saltKey, height - salts + 1 + i);
    this.salts = Array.from({ length: salts }, saltAt);
    this.closed = closed === 1;
    this.add(sealed, blockSalt(this.crypto, this.saltKey, height), prev);
  }

  /** The log has the head with this salt and id. */
  check(logged: { id: Uint8Array; salt: Uint8Array }): void {
    const { head } = this;
    const same = head && bytesEqual(head.id, logged.id) && bytesEqual(head.salt, logged.salt);
    assert(same, "LOG_PUBLIC_BLOCK");
  }
}
