// SPDX-License-Identifier: Apache-2.0
/** What stands in the lines of the register. Times are ms since 1970, bytes hex. */

export type SubjectName = "node" | "gateway";
export type ReasonName = "key" | "retired" | "misbehaved" | "replaced";

/** The first line. */
export interface InitEntry {
  readonly kind: "init";
  readonly atMs: number;
  readonly net: string;
  readonly name: string;
  readonly anchorKey: string;
}

export interface IssueEntry {
  readonly kind: "issue";
  readonly atMs: number;
  readonly serial: number;
  readonly subject: SubjectName;
  readonly id: string;
  /** A node's, as its request has it; a gateway's area. */
  readonly name: string;
  /** "" for a gateway. */
  readonly meter: string;
  readonly connectionW: number;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Serial of the certificate that this one follows, 0 for none. */
  readonly renews: number;
  /** Id of the request that it answers; "" for a gateway. */
  readonly request: string;
  /** Whether the claim code was given and right. */
  readonly claimed: boolean;
  /** As it is handed out. */
  readonly certificate: string;
}

export interface RevokeEntry {
  readonly kind: "revoke";
  readonly atMs: number;
  readonly serial: number;
  readonly subject: SubjectName;
  readonly reason: ReasonName;
}

/** A broker's X.509 certificate. */
export interface TlsEntry {
  readonly kind: "tls";
  readonly atMs: number;
  /** Its serial number and the SHA-256 of its DER. */
  readonly serial: string;
  readonly fingerprint: string;
  readonly hosts: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

export type Entry = InitEntry | IssueEntry | RevokeEntry | TlsEntry;
