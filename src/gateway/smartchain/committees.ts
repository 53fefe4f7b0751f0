// SPDX-License-Identifier: Apache-2.0
/**
 * Committees at the gateway, which meets each of them nine times: with the ask, with every witness's answer and
 * with the transaction, and those of other authors between. It keeps the latest one of each author.
 */
import { toHex } from "#core/codec/bytes";
import { MEMBERS_MAX } from "#core/limits";
import { Committees } from "#core/pot/committee";

export class KeptCommittees extends Committees {
  private readonly latest = new Map<string, { tick: number; indices: number[] }>();

  protected override draw(from: Uint8Array, tick: number): number[] {
    const author = toHex(from);
    const known = this.latest.get(author);
    if (known?.tick === tick) return known.indices;
    const indices = super.draw(from, tick);
    // Members only get here; those of an area that change are forgotten with the epoch.
    if (!known && this.latest.size >= MEMBERS_MAX) this.latest.clear();
    this.latest.set(author, { tick, indices });
    return indices;
  }
}
