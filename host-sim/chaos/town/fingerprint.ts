// SPDX-License-Identifier: Apache-2.0
/** All that turns may change in a gateway, as text: equal where the same turns were executed. */
import type { Area } from "#gateway/area";
import { hex } from "../../smartchain/check-dag.ts";

/** `whole`: with what says where a node is, which it may say again without a number. */
export function fingerprint(area: Area, whole = true): string {
  const { dag, chain, votes, epochs } = area;
  const lines = [
    `head ${chain.head && hex(chain.head.id)}`,
    `time ${whole ? area.ports.time.nowMs() : ""}`,
    `dag ${dag.graph.count} ${dag.open}`,
    `votes ${votes.accepted}`,
    `suspended ${[...area.suspended].sort()}`,
    `epoch ${epochs.latest && `${epochs.latest.epoch.epoch} ${hex(epochs.latest.epoch.beacon)}`}`,
    `reveals ${whole ? hex(epochs.parts.reveals) : ""}`,
    `slots ${area.settledSlots} ${area.tradedWh} ${area.missedSlots.map(({ slot, nodes }) => `${slot}:${nodes}`)}`,
  ];
  for (const run of area.runs.values())
    lines.push(`run ${run.slot} ${run.phase} ${run.phaseRealMs} ${run.ready}`);
  for (const one of area.sessions.values())
    lines.push(
      `${one.id} ${one.saidSeq} ${one.txSeq} ${one.txTick} ${one.eventCount} ` +
        `${hex(one.digest.subarray(0, 8))} ${whole ? `${one.online} ${one.home} ${one.boot}` : ""}`,
    );
  return lines.join("\n");
}

/** The first line in which they differ. */
export function differ(a: string, b: string): string {
  const [old, now] = [a.split("\n"), b.split("\n")];
  const at = now.findIndex((line, i) => line !== old[i]);
  return `${now[at]}, elsewhere ${old[at]}`;
}
