// SPDX-License-Identifier: Apache-2.0
/** Memory of processes as Linux accounts it: proportional set size, so that shared pages count once. */
import { readdirSync, readFileSync } from "node:fs";

/** PSS of one process in bytes; 0 where it is gone or the system does not say. */
export function pssBytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The process and everything it started. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = readStat(Number(name));
      if (stat !== undefined) parents.set(Number(name), stat);
    }
  } catch {
    return [pid]; // not Linux
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++)
    for (const [child, parent] of parents) if (parent === tree[i]) tree.push(child);
  return tree;
}

function readStat(pid: number): number | undefined {
  try {
    // The name in parentheses may hold anything; the fields after the last one are plain numbers.
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** PSS of a process and everything it started, bytes. */
export function treePssBytes(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + pssBytes(each), 0);
}
