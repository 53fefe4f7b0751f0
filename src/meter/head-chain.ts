// SPDX-License-Identifier: Apache-2.0
/**
 * The latest headers of the gateway's blocks, each on the one before, and what it says of some of them. What a
 * quorum signed of one counts for all below it.
 */
import { bytesEqual } from "#core/codec/bytes";

/** Headers kept: those of two slots, should a certificate come late. */
const LINKS = 8;

interface Place {
  readonly id: Uint8Array;
  readonly height: number;
}

interface Claim extends Place {
  /** It is in the chain of headers that goes to the latest one. */
  linked: boolean;
}

/** `head`: that this is the latest block. */
export type ClaimKind = "head" | "balance" | "trade";

export class HeadChain {
  /** Ascending, without gaps. */
  private links: Place[] = [];
  private readonly claims: Partial<Record<ClaimKind, Claim>> = {};
  private provenHeight = -1;

  /** The gateway's latest header; false where it contradicts what was there. */
  announce(place: Place, prev: Uint8Array | undefined): boolean {
    const claim = { id: place.id.slice(), height: place.height, linked: false };
    const head = this.claims.head;
    if (!head || head.height <= place.height || this.links.length === 0) this.claims.head = claim;
    return this.add(claim, prev);
  }

  /** The gateway says something of the block at `place`; false where another one is there. */
  claim(kind: ClaimKind, { id, height }: Place): boolean {
    this.claims[kind] = { id: id.slice(), height, linked: false };
    return this.link();
  }

  /**
   * A quorum signed this header. `ok`: the latest block stands on it. `other`: the gateway has another one there.
   * `apart`: it is too old, or what is between was not heard.
   */
  prove({ id, height }: Place, prev: Uint8Array | undefined): "ok" | "other" | "apart" {
    const { links } = this;
    if (links.length > 0 && height < links[0].height) return "apart";
    const fits = this.add({ id: id.slice(), height }, prev);
    this.provenHeight = height;
    if (!fits) return "other";
    return this.claims.head?.linked ? "ok" : "apart";
  }

  /** Height of what was said, where a quorum stands for that. */
  provenOf(kind: ClaimKind): number | undefined {
    const claim = this.claims[kind];
    return claim?.linked && claim.height <= this.provenHeight ? claim.height : undefined;
  }

  private add(place: Place, prev: Uint8Array | undefined): boolean {
    const { links } = this;
    const first = links[0]?.height ?? 0;
    const known = links[place.height - first];
    if (known && !bytesEqual(known.id, place.id)) return this.other(place, prev);
    if (known) return this.link();
    if (links.length > 0 && place.height < first) return true; // on its way for long
    const last = links[links.length - 1];
    if (last && place.height === last.height + 1) {
      if (!prev || !bytesEqual(prev, last.id)) return this.other(place, prev);
      links.push(place);
      if (links.length > LINKS) links.shift();
    } else this.restart(place, prev);
    return this.link();
  }

  /** There are two of one height: the later word counts from now on. */
  private other(place: Place, prev: Uint8Array | undefined): false {
    this.restart(place, prev);
    this.link();
    return false;
  }

  /** Headers between were not heard. */
  private restart(place: Place, prev: Uint8Array | undefined): void {
    this.links = prev ? [{ id: prev.slice(), height: place.height - 1 }, place] : [place];
    this.provenHeight = -1;
    for (const claim of Object.values(this.claims)) claim.linked = false;
  }

  /** Finds in the chain what was said; false where the chain has something else there. */
  private link(): boolean {
    const { links, claims } = this;
    let fits = true;
    for (const kind of Object.keys(claims) as ClaimKind[]) {
      const claim = claims[kind]!;
      const known = links[claim.height - (links[0]?.height ?? 0)];
      if (claim.linked || !known) continue;
      claim.linked = bytesEqual(known.id, claim.id);
      if (claim.linked) continue;
      delete claims[kind];
      fits = false;
    }
    return fits;
  }
}
