// SPDX-License-Identifier: Apache-2.0
/** What the gateway needs from outside to know who is who. */

/** The operator's folder of certificates, lists and requests. */
export interface IdentityShelf {
  /** The authority's signed record; undefined where the operator has put none there. */
  authority(): Uint8Array | undefined;
  /** Sealed certificates of nodes and gateways, in any order. */
  certificates(): readonly Uint8Array[];
  /** Signed lists of revoked certificates, in any order. */
  lists(): readonly Uint8Array[];
  /**
   * Keeps a node's request for the operator, in place of an earlier one. `certified`: the authority has certified
   * it before. Where it is full a stranger's request makes room; false where there is none.
   */
  request(id: string, signed: Uint8Array, certified: boolean): boolean;
  /** Whether the operator refused what this request asks for; its time does not matter. */
  refused(id: string, signed: Uint8Array): boolean;
}

/** A record that the authority is said to have sealed. */
export interface SealJob {
  domain: string;
  record: Uint8Array;
  seal: Uint8Array;
}

/** Checks Boneh–Boyen seals, many at once for little more than one; answers in order. */
export interface SealVerifier {
  verifySeals(sealKey: Uint8Array, jobs: readonly SealJob[]): Promise<boolean[]> | boolean[];
  /** Whether all are right: as cheap where they are not, for it does not look which. */
  verifyAll(sealKey: Uint8Array, jobs: readonly SealJob[]): Promise<boolean> | boolean;
}
