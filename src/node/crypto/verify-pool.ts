// SPDX-License-Identifier: Apache-2.0
/**
 * Verifies batches of signatures on worker threads, so that the event loop keeps on reading from
 * the broker. Every batch gets its answer: small batches, an overfull queue, a worker that crashed
 * and a closed pool are all verified on the calling thread.
 */
import { Worker } from "node:worker_threads";
import { sodiumVerify } from "./sodium.ts";
import { packBatch, type Verification } from "./verify-batch.ts";

export type { Verification } from "./verify-batch.ts";

/**
 * Signatures from which a worker pays: a round trip costs both threads 22 to 47 µs in postMessage
 * alone (docs/performance.md), which is hidden only behind more than a millisecond of verifying.
 */
export const INLINE_BELOW = 32;
/** Signatures under way in all workers: about half a second of one worker; more wait for nobody. */
const QUEUE_MAX = 8192;
/** Crashes after which no worker is started again: something is wrong that a restart won't cure. */
const RESTARTS_MAX = 3;

export interface VerifyPoolOptions {
  /** Worker threads; 1 leaves the other core of a two-core gateway to the event loop. Default 1. */
  workers?: number;
  /** The worker's program, for tests that need one which crashes. */
  workerUrl?: URL;
}

/** What happened so far, in signatures. */
export interface VerifyPoolCounts {
  inWorkers: number;
  inline: number;
  workerCrashes: number;
}

interface Job {
  batch: readonly Verification[];
  resolve(verdicts: boolean[]): void;
}

/** One thread and the batches it has not answered yet, oldest first. */
interface Lane {
  worker: Worker;
  jobs: Job[];
  pending: number;
}

export class VerifyPool {
  readonly #workerUrl: URL;
  readonly #lanes: Lane[] = [];
  readonly #counts: VerifyPoolCounts = { inWorkers: 0, inline: 0, workerCrashes: 0 };
  #pending = 0;
  #closed = false;

  constructor(options: VerifyPoolOptions = {}) {
    this.#workerUrl = options.workerUrl ?? new URL("./verify-worker.ts", import.meta.url);
    for (let i = 0; i < (options.workers ?? 1); i++) this.#startLane();
  }

  get counts(): Readonly<VerifyPoolCounts> {
    return { ...this.#counts };
  }

  /** The verdicts in the batch's order, by the crypto port's rule. Never rejects. */
  verify(batch: readonly Verification[]): Promise<boolean[]> {
    const packable = (v: Verification) => v.publicKey.length === 32 && v.signature.length === 64;
    const lane = this.#laneFor(batch.length);
    // A batch with a part of a wrong length is rare and hostile: it stays here, and that is false.
    if (lane === undefined || !batch.every(packable)) return Promise.resolve(this.#inline(batch));
    return new Promise((resolve) => {
      const bytes = packBatch(batch);
      if (lane.jobs.length === 0) lane.worker.ref(); // the process must not end under a batch
      lane.jobs.push({ batch, resolve });
      lane.pending += batch.length;
      this.#pending += batch.length;
      this.#counts.inWorkers += batch.length;
      lane.worker.postMessage(bytes, [bytes.buffer]);
    });
  }

  /** Stops the workers; batches under way are answered inline. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const lanes = this.#lanes.splice(0);
    for (const lane of lanes) this.#redo(lane);
    await Promise.all(lanes.map((lane) => lane.worker.terminate()));
  }

  /** The least loaded worker, or undefined where `size` signatures are better verified here. */
  #laneFor(size: number): Lane | undefined {
    if (size < INLINE_BELOW || this.#pending + size > QUEUE_MAX) return undefined;
    let best: Lane | undefined;
    for (const lane of this.#lanes) if (!best || lane.pending < best.pending) best = lane;
    return best;
  }

  #startLane(): void {
    const worker = new Worker(this.#workerUrl);
    const lane: Lane = { worker, jobs: [], pending: 0 };
    worker.unref(); // an idle pool keeps no process alive
    worker.on("message", (verdicts: Uint8Array) => this.#answer(lane, verdicts));
    // "exit" follows an "error" too; without a listener an error would end the process.
    worker.on("error", () => {});
    worker.on("exit", () => this.#lost(lane));
    this.#lanes.push(lane);
  }

  #answer(lane: Lane, verdicts: Uint8Array): void {
    const job = lane.jobs.shift();
    if (job === undefined) return; // answered inline when the pool was closed
    this.#release(lane, job);
    if (lane.jobs.length === 0) lane.worker.unref();
    job.resolve(Array.from(verdicts, (verdict) => verdict === 1));
  }

  #lost(lane: Lane): void {
    const index = this.#lanes.indexOf(lane);
    if (index < 0) return; // closed on purpose
    this.#lanes.splice(index, 1);
    this.#counts.workerCrashes++;
    this.#redo(lane);
    if (!this.#closed && this.#counts.workerCrashes <= RESTARTS_MAX) this.#startLane();
  }

  /** Verifies here what a worker still owes. */
  #redo(lane: Lane): void {
    for (const job of lane.jobs.splice(0)) {
      this.#release(lane, job);
      this.#counts.inWorkers -= job.batch.length;
      job.resolve(this.#inline(job.batch));
    }
  }

  #release(lane: Lane, job: Job): void {
    lane.pending -= job.batch.length;
    this.#pending -= job.batch.length;
  }

  #inline(batch: readonly Verification[]): boolean[] {
    this.#counts.inline += batch.length;
    return batch.map((v) => sodiumVerify(v.publicKey, v.message, v.signature));
  }
}
