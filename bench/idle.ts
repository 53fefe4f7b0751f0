// SPDX-License-Identifier: Apache-2.0
/**
 * Target 7, first half: the memory of meters that are connected and say nothing. An area has no more than
 * 1024 members, so that 9000 connections are measured on the gateway's broker alone, with its limits
 * raised; and what a member takes beside its connection on a gateway with a full area.
 */
import { MEMBERS_MAX } from "#core/limits";
import type { Usage } from "./load/messages.ts";
import { next, Rig, start } from "./load/rig.ts";
import { judged, progress, type Target } from "./target.ts";

const BYTES_MAX = 20_000;

interface Memory {
  rssBytes: number;
  connections: number;
}

export async function idle(meters: number): Promise<Target> {
  const connection = await connections(meters);
  progress(`${meters} connections: ${kb(connection)} each`);
  const { resident, used } = await members(MEMBERS_MAX);
  const each = `${kb(resident)} resident, ${kb(used)} of it in use`;
  progress(`${MEMBERS_MAX} members of a gateway: ${each}`);
  return {
    target: "7a",
    what: `${meters} idle meters`,
    required: `≤ ${kb(BYTES_MAX)} each`,
    measured: `${kb(connection)} a connection; a member of ${MEMBERS_MAX}: ${each}`,
    result: judged(false),
    note:
      `a gateway takes ${MEMBERS_MAX} members and 2000 connections by design, so that ${meters} meters are ` +
      "several areas: not reached in one. The connections are those of the broker alone with raised limits, " +
      "resident; a member's memory is with its connection, enrolled just now. Without the kernel's buffers",
  };
}

/** Bytes of one. */
async function connections(count: number): Promise<number> {
  const broker = start("broker.ts", [String(count + 64)], ["--expose-gc"]);
  const { port } = await next<{ port: number }>(broker);
  const idlers = start("idlers.ts", []);
  const ask = () => {
    broker.send({});
    return next<Memory>(broker);
  };
  try {
    // The first ones bring the code into memory.
    const few = Math.floor(count / 10);
    const first = await fill(port, idlers, few, ask);
    const more = start("idlers.ts", [String(few)]);
    try {
      const all = await fill(port, more, count - few, ask);
      return (all.rssBytes - first.rssBytes) / (all.connections - first.connections);
    } finally {
      more.disconnect();
    }
  } finally {
    idlers.disconnect();
    broker.disconnect();
  }
}

async function fill(
  port: number,
  idlers: ReturnType<typeof start>,
  count: number,
  ask: () => Promise<Memory>,
): Promise<Memory> {
  idlers.send({ port, count });
  await next(idlers);
  return ask();
}

/** Bytes of one, in a gateway with `count` of them against one with a tenth. */
async function members(count: number): Promise<{ resident: number; used: number }> {
  const few = Math.floor(count / 10);
  const [less, more] = [await memoryOf(few), await memoryOf(count)];
  const each = (of: (usage: Usage) => number) => (of(more) - of(less)) / (count - few);
  return { resident: each((usage) => usage.rssBytes), used: each((usage) => usage.heapBytes) };
}

async function memoryOf(count: number): Promise<Usage> {
  const execArgv = ["--expose-gc"];
  const rig = await Rig.start({ members: count, proofOfTime: true, slotSeconds: 1200, execArgv });
  try {
    return await rig.usage();
  } finally {
    await rig.stop();
  }
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
