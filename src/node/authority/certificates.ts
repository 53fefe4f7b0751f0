// SPDX-License-Identifier: Apache-2.0
/** The certificates that a register tells of, and which of them stand in the way of another. */
import { HOUR_MS } from "#core/units/time";
import type { Entry, IssueEntry, ReasonName, SubjectName } from "./entries.ts";

/** A new certificate may begin so much before the one in its way ends: clocks differ. */
export const BACKDATED_MS = HOUR_MS;

export interface Issued extends IssueEntry {
  revoked: { reason: ReasonName; atMs: number } | undefined;
}

export type State = "valid" | "not yet valid" | "expired" | "revoked";

export class Certificates {
  private readonly bySerial = new Map<number, Issued>();
  private readonly changes = { node: 0, gateway: 0 };
  private lastSerial = 0;

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) this.take(entry);
  }

  take(entry: Entry): void {
    if (entry.kind === "issue") {
      this.bySerial.set(entry.serial, { ...entry, revoked: undefined });
      this.lastSerial = Math.max(this.lastSerial, entry.serial);
    } else if (entry.kind === "revoke") {
      const issued = this.bySerial.get(entry.serial);
      if (issued) issued.revoked = { reason: entry.reason, atMs: entry.atMs };
      this.changes[entry.subject]++;
    }
  }

  get nextSerial(): number {
    return this.lastSerial + 1;
  }

  /** Rising by serial. */
  all(): Issued[] {
    return [...this.bySerial.values()];
  }

  get(serial: number): Issued | undefined {
    return this.bySerial.get(serial);
  }

  /** Of one key, rising by serial. */
  of(id: string): Issued[] {
    return this.all().filter((issued) => issued.id === id);
  }

  answering(request: string): Issued | undefined {
    return this.all().find((issued) => issued.request === request);
  }

  /** Number of the subject's newest list of revoked certificates: the first, an empty one, has 1. */
  listNumber(subject: SubjectName): number {
    return 1 + this.changes[subject];
  }

  /** The certificate of another key that has this meter in some of that time. */
  holdingMeter(meter: string, but: string, fromMs: number, untilMs: number): Issued | undefined {
    if (meter === "") return undefined;
    return this.all().find(
      (issued) => issued.meter === meter && issued.id !== but && overlaps(issued, fromMs, untilMs),
    );
  }

  /** The newest certificate of this key that counts in some of that time. */
  holdingKey(id: string, fromMs: number, untilMs: number): Issued | undefined {
    return this.of(id).findLast((issued) => overlaps(issued, fromMs, untilMs));
  }
}

/** Whether a certificate that is not revoked counts in some of the time, an hour at its begin left out. */
function overlaps(issued: Issued, fromMs: number, untilMs: number): boolean {
  return !issued.revoked && issued.fromMs < untilMs && issued.untilMs > fromMs + BACKDATED_MS;
}

export function stateOf({ revoked, fromMs, untilMs }: Issued, nowMs: number): State {
  if (revoked) return "revoked";
  if (nowMs >= untilMs) return "expired";
  return nowMs < fromMs ? "not yet valid" : "valid";
}
