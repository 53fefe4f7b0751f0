// SPDX-License-Identifier: Apache-2.0
/** One process at a time writes the register: two would give out one serial twice. */
import { readFileSync, rmSync } from "node:fs";
import { AuthorityToolError, codeOf } from "./error.ts";
import { SECRET_MODE, writeNew } from "./files.ts";

/** Runs `work` while `<path>.lock` names this process. @throws AuthorityToolError */
export async function whileLocked<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const mine = Buffer.from(`${process.pid}\n`);
  if (!writeNew(lock, mine, SECRET_MODE)) {
    const pid = holderOf(lock);
    if (pid !== undefined && isAlive(pid))
      throw new AuthorityToolError(
        `${lock}: process ${pid} is at work with the register. Wait for its end`,
      );
    rmSync(lock, { force: true }); // of a process that was killed
    if (!writeNew(lock, mine, SECRET_MODE))
      throw new AuthorityToolError(`${lock}: another process took it. Try again`);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderOf(lock: string): number | undefined {
  try {
    const text = readFileSync(lock, "latin1").trim();
    return /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM"; // somebody else's
  }
}
