// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway that does not know any more what it signed (docs/consensus.md, "A lost disk"). It may have
 * spoken up to the height after the last one that it decided. Of any quorum of others one at least that
 * keeps the rules is no more than one height behind that, so that from two heights beyond the furthest of
 * them on nothing is said twice.
 */
import { bytesEqual } from "#core/codec/bytes";
import { quorumOf, type ValidatorSet } from "#core/consensus/validators";
import type { Status } from "#core/records/consensus";

export class Recovery {
  readonly nonce: Uint8Array;
  /** The height that each gateway answered, by its id in hex. */
  private readonly answers = new Map<string, number>();

  constructor(nonce: Uint8Array) {
    this.nonce = nonce;
  }

  /** An answer to this start's question; the last one of each counts. */
  heard(from: string, { answer, height }: Status): void {
    if (answer && bytesEqual(answer, this.nonce)) this.answers.set(from, height);
  }

  /**
   * The height from which on it may speak; undefined while there are too few answers. An answer counts when
   * the chain here has come to it, verified block by block: nobody can keep a gateway silent by a lie.
   */
  speaksFrom(set: ValidatorSet, self: string, height: number): number | undefined {
    let count = 0;
    let most = 0;
    for (const [from, claimed] of this.answers) {
      if (from === self || set.indexOf(from) < 0 || claimed > height) continue;
      count++;
      most = Math.max(most, claimed);
    }
    // `claimed` is the height after the last one decided: two beyond that decided one is claimed + 1.
    return count >= quorumOf(set.size) ? most + 2 : undefined;
  }
}
