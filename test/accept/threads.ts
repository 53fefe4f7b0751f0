// SPDX-License-Identifier: Apache-2.0
/** Work in threads: to use both cores, and to be able to end what hangs. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

type Message = { said: string } | { answer: unknown };

/** Runs a module of `program` as a thread with `task`; undefined where it does not end in `limitMs`. */
export function inThread<T>(
  program: string,
  task: object,
  limitMs: number,
  say: (line: string) => void = () => {},
): Promise<T | undefined> {
  const worker = new Worker(new URL(program), { workerData: { program, task } });
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      void worker.terminate();
      resolve(undefined);
    }, limitMs);
    worker.on("message", (message: Message) => {
      if ("said" in message) say(message.said);
      else resolve(message.answer as T);
    });
    worker.once("error", reject);
    worker.once("exit", (code) => {
      clearTimeout(limit);
      reject(new Error(`the thread ended with ${code}`)); // nothing, where it has answered
    });
  });
}

/** In a thread that was started for `program`: works off its task. In all others: nothing. */
export async function asThread<Task>(
  program: string,
  work: (task: Task, say: (line: string) => void) => unknown,
): Promise<void> {
  if (isMainThread || workerData?.program !== program) return;
  const answer = await work(workerData.task, (said) => parentPort?.postMessage({ said }));
  parentPort?.postMessage({ answer });
}

/** Seeds from `from` on. */
export interface Seeds {
  from: number;
  seeds: number;
}

/** From so many seeds on the second core is worth its start. */
const SHARED_FROM = 200;

/**
 * What `run` makes of these seeds, with many of them in two halves, each in a thread of `program`; undefined
 * for one that did not end in time.
 */
export function inHalves<T>(
  program: string,
  { from, seeds }: Seeds,
  run: (task: Seeds, say: (line: string) => void) => Promise<T>,
  limitMs: number,
  say: (line: string) => void,
): Promise<(T | undefined)[]> {
  if (seeds < SHARED_FROM) return Promise.all([run({ from, seeds }, say)]);
  const half = Math.ceil(seeds / 2);
  const tasks = [
    { from, seeds: half },
    { from: from + half, seeds: seeds - half },
  ];
  return Promise.all(tasks.map((task) => inThread<T>(program, task, limitMs, say)));
}
