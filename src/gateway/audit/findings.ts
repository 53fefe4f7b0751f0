// SPDX-License-Identifier: Apache-2.0
/**
 * Faults as they are found, and signatures that wait to be checked many at once: a signature
 * decides nothing but whether its entry is a fault, so the audit need not wait for it.
 */
import { assert } from "#core/errors/assert";
import type { VerifyJob } from "../ports.ts";
import type { AuditCode } from "./codes.ts";
import type { AuditPorts, Fault, Which } from "./types.ts";

/**
 * Signatures checked at once: a millisecond-sized batch is worth a worker, a second-sized one is
 * not kept.
 */
const BATCH = 512;
const FAULTS_MAX = 100;

export class Findings {
  /** Total, kept or not. */
  count = 0;
  signatures = 0;
  /** The entry being looked at. */
  private index = 0;
  private kind = "";
  private readonly kept: Fault[] = [];
  private readonly keptMax: number;
  private readonly ports: AuditPorts;
  private jobs: VerifyJob[] = [];
  private ifBad: Fault[] = [];

  constructor(ports: AuditPorts, keptMax = FAULTS_MAX) {
    this.ports = ports;
    this.keptMax = keptMax;
  }

  at(index: number, kind: string): void {
    this.index = index;
    this.kind = kind;
  }

  fault(code: AuditCode, which: Which, detail: string): void {
    this.keep({ index: this.index, kind: this.kind, which, code, detail });
  }

  /** The first faults by place in the log. */
  faults(): Fault[] {
    return [...this.kept].sort((a, b) => a.index - b.index);
  }

  /** Asks for a signature check; `code` if it fails. */
  signature(job: VerifyJob, code: AuditCode, which: Which, detail: string): void {
    this.jobs.push(job);
    this.ifBad.push({ index: this.index, kind: this.kind, which, code, detail });
    if (this.jobs.length >= BATCH) this.flush();
  }

  /** Checks what waits. */
  flush(): void {
    const { jobs, ifBad } = this;
    if (jobs.length === 0) return;
    this.jobs = [];
    this.ifBad = [];
    const { crypto, verifyBatch } = this.ports;
    const one = (job: VerifyJob) => crypto.verify(job.publicKey, job.message, job.signature);
    const verdicts = verifyBatch ? verifyBatch(jobs) : jobs.map(one);
    assert(verdicts.length === jobs.length, "AUDIT_BATCH");
    this.signatures += jobs.length;
    verdicts.forEach((valid, i) => {
      if (!valid) this.keep(ifBad[i]);
    });
  }

  private keep(fault: Fault): void {
    this.count++;
    if (this.kept.length < this.keptMax) this.kept.push(fault);
  }
}
