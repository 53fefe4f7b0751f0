// SPDX-License-Identifier: Apache-2.0
/** Boneh–Boyen seals, checked in a thread of its own: each takes 2 to 12 ms, and a first one 300. */
import { Worker } from "node:worker_threads";
import type { SealJob, SealVerifier } from "#gateway/identity/ports";

/** What the thread is asked: each by itself, or whether all are right. */
export interface SealQuestion {
  sealKey: Uint8Array;
  jobs: readonly SealJob[];
  whole: boolean;
}

interface Asked {
  resolve(verdicts: boolean[]): void;
  reject(error: Error): void;
}

/** A question rejects where its thread dies over it, or is closed; the next one gets a new thread. */
export class SealThread implements SealVerifier {
  private readonly workerUrl: URL;
  private worker: Worker | undefined;
  private readonly asked: Asked[] = [];
  private closed = false;

  /** @param workerUrl the thread's program, for tests that need one which dies */
  constructor(workerUrl: URL = new URL("./seal-worker.ts", import.meta.url)) {
    this.workerUrl = workerUrl;
  }

  verifySeals(sealKey: Uint8Array, jobs: readonly SealJob[]): Promise<boolean[]> {
    return this.ask({ sealKey, jobs, whole: false });
  }

  async verifyAll(sealKey: Uint8Array, jobs: readonly SealJob[]): Promise<boolean> {
    const verdicts = await this.ask({ sealKey, jobs, whole: true });
    return verdicts.every(Boolean);
  }

  private ask(question: SealQuestion): Promise<boolean[]> {
    if (question.jobs.length === 0) return Promise.resolve([]);
    if (this.closed) return Promise.reject(new Error("closed"));
    const worker = this.thread();
    worker.ref(); // the process must not end under it
    return new Promise((resolve, reject) => {
      this.asked.push({ resolve, reject });
      worker.postMessage(question);
    });
  }

  /** Stops the thread; what it has not answered rejects. Idempotent. */
  async close(): Promise<void> {
    const { worker } = this;
    this.closed = true;
    if (!worker) return;
    this.lost(worker, new Error("closed"));
    await worker.terminate();
  }

  private thread(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.workerUrl);
    worker.on("message", (verdicts: boolean[]) => {
      if (worker !== this.worker) return;
      this.asked.shift()?.resolve(verdicts);
      if (this.asked.length === 0) worker.unref();
    });
    worker.on("error", (error) => this.lost(worker, error));
    // After an error too; alone where the thread ended itself.
    worker.on("exit", (code) => this.lost(worker, new Error(`the thread ended with ${code}`)));
    this.worker = worker;
    return worker;
  }

  private lost(worker: Worker, error: Error): void {
    if (worker !== this.worker) return;
    this.worker = undefined;
    for (const { reject } of this.asked.splice(0)) reject(error);
  }
}
