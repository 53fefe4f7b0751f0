// SPDX-License-Identifier: Apache-2.0
/**
 * By which gateways nodes ask for tokens: there their tokens go. Others may say an ask again, so that who
 * brought it first and who brought it last both count: nobody takes a node's tokens away from it.
 */
import { bytesEqual } from "#core/codec/bytes";

interface Ways {
  readonly ask: Uint8Array;
  readonly first: string;
  last: string;
}

export class Asked {
  /** Of each node its latest ask: no more than there are members. */
  private readonly ways = new Map<string, Ways>();

  /** An ask of the node (hex) came by the gateway `via` (hex) and was taken. */
  heard(node: string, ask: Uint8Array, via: string): void {
    const known = this.ways.get(node);
    if (known && bytesEqual(known.ask, ask)) known.last = via;
    else this.ways.set(node, { ask, first: via, last: via });
  }

  /** Gateways that reach the node; `home` where it asked nothing. */
  from(node: string, home: string): readonly string[] {
    const ways = this.ways.get(node);
    if (!ways) return [home];
    return ways.first === ways.last ? [ways.first] : [ways.first, ways.last];
  }
}
