// SPDX-License-Identifier: Apache-2.0
/** How the consortium stands, for people and tools: `monitor/consortium`, and gauges for Prometheus. */
import type { Gateway } from "#gateway/gateway";
import type { Bus } from "#gateway/ports";
import type { Peers } from "./peers.ts";

/** Says it every second as long as the gateway runs. */
export function tellConsortium(gateway: Gateway, peers: Peers, bus: Pick<Bus, "publish">): void {
  const topic = gateway.area.topics.monitor("consortium");
  peers.turn = () => gateway.seat?.replica.at.height ?? 0;
  peers.onLook = () => {
    const payload = Buffer.from(JSON.stringify(factsOf(gateway, peers)));
    bus.publish(topic, payload, { retain: true });
  };
}

function factsOf({ seat, area }: Gateway, peers: Peers) {
  const replica = seat?.replica;
  const { at } = replica ?? {};
  const { heard, needed, silent, peers: each } = peers.view();
  return {
    turn: at?.height ?? null,
    round: at?.round ?? null,
    halted: replica?.halted ?? null,
    gateways: each.length + 1,
    heard,
    needed,
    silent,
    liars: [...(replica?.liars.keys() ?? [])],
    waitingSegments: replica?.backlog ?? 0,
    head: area.chain.head ? Buffer.from(area.chain.head.id).toString("hex") : null,
    height: area.chain.head?.header.height ?? null,
    ...seat?.times.view,
    peers: each.map(({ silentMs, ...peer }) => ({
      ...peer,
      silentMs: Number.isFinite(silentMs) ? Math.floor(silentMs) : null,
    })),
  };
}

/** Gauges by name; none without a consortium. */
export function consortiumGauges(
  gateway: Gateway,
  peers: Peers | undefined,
): Record<string, number> {
  const replica = gateway.seat?.replica;
  if (!replica || !peers) return {};
  const { heard, needed } = peers.view();
  const { height, round } = replica.at;
  const halted = replica.halted === undefined ? 0 : 1;
  const { liars, backlog } = replica;
  return { turn: height, round, heard, needed, halted, liars: liars.size, waiting: backlog };
}
