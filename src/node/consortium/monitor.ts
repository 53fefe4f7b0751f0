// SPDX-License-Identifier: Apache-2.0
/** How the consortium stands, for people and tools: `monitor/consortium`, and gauges for Prometheus. */
import type { Gateway } from "#gateway/gateway";
import type { Bus } from "#gateway/ports";
import type { Desk } from "./desk.ts";
import type { Peers } from "./peers.ts";

/** Says it every second as long as the gateway runs, and looks what the operator wishes. */
export function tellConsortium(
  gateway: Gateway,
  peers: Peers,
  desk: Desk,
  bus: Pick<Bus, "publish">,
): void {
  const topic = gateway.area.topics.monitor("consortium");
  peers.turn = () => gateway.seat?.replica.at.height ?? 0;
  peers.standing = () => {
    const { set } = gateway.seat!.replica.partners;
    return { needed: set.quorum, member: set.indexOf(gateway.area.id) >= 0 };
  };
  desk.look();
  peers.onLook = () => {
    desk.look();
    const payload = Buffer.from(JSON.stringify(factsOf(gateway, peers, desk)));
    bus.publish(topic, payload, { retain: true });
  };
}

function factsOf({ seat, area }: Gateway, peers: Peers, desk: Desk) {
  const replica = seat?.replica;
  const { at } = replica ?? {};
  const { heard, needed, silent, peers: each } = peers.view();
  const { change, member, open } = seat ? desk.status(seat) : {};
  return {
    turn: at?.height ?? null,
    round: at?.round ?? null,
    halted: replica?.halted ?? null,
    gateways: seat?.replica.partners.set.size ?? each.length + 1,
    ...{ change, member, open },
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
