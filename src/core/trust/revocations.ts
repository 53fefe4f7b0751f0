// SPDX-License-Identifier: Apache-2.0
/** The newest list of revoked certificates of one subject. */
import type { Revocations } from "../records/authority.ts";

export class RevocationList {
  /** Number of the list that holds; 0 before the first. */
  number = 0;
  readonly subject: number;
  private readonly serials = new Map<number, { reason: number; atMs: number }>();

  constructor(subject: number) {
    this.subject = subject;
  }

  /** Takes a list whose signature is right. False where it is not newer, or of another subject. */
  take({ subject, number, revoked }: Revocations): boolean {
    if (subject !== this.subject || number <= this.number) return false;
    this.number = number;
    this.serials.clear();
    for (const { serial, reason, atMs } of revoked) this.serials.set(serial, { reason, atMs });
    return true;
  }

  has(serial: number): boolean {
    return this.serials.has(serial);
  }

  /** Why and since when; undefined where it is not revoked. */
  get(serial: number): { reason: number; atMs: number } | undefined {
    return this.serials.get(serial);
  }
}
