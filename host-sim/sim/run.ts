// SPDX-License-Identifier: Apache-2.0
/**
 * A whole neighbourhood on a virtual clock: one gateway and its nodes around an in-process bus, as fast as it
 * goes. Everything is in one order, so that a seed gives the same blocks every time and on both engines.
 */
import type { Crypto } from "#core/crypto/port";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { GatewayLog, LogStore, Tariff } from "#gateway/ports";
import { type BatteryTrace, countersOf, type Pack, packsOf } from "../battery/pack.ts";
import { storeRegion } from "../flash/store-region.ts";
import { chipSample } from "../fleet/chip.ts";
import { memoryStore } from "../fleet/store.ts";
import type { NodeEngine, NodeHost, NodeSetup } from "../fleet/types.ts";
import type { World } from "../worlds/types.ts";
import { LocalBus } from "./local-bus.ts";

export interface SimSetup {
  world: World;
  options: GatewayOptions;
  tariff: Tariff;
  setups: NodeSetup[];
  engine: NodeEngine;
  /** The gateway's crypto. */
  crypto: Crypto;
  store: LogStore;
  log: GatewayLog;
  /** One way between node `index` and the gateway, ms; without it nothing takes any time. */
  latencyMs?: (index: number) => number;
  /** Called after each settled slot. */
  onSlot?: (slotsSettled: number) => void;
}

export interface SimResult {
  gateway: Gateway;
  hosts: NodeHost[];
  failed: { name: string; reason: string }[];
  /** What the world's batteries did. */
  batteries: BatteryTrace[];
}

/** Virtual real time: it jumps to the next wake-up when nothing else is left to do. */
class VirtualTime {
  private ms = 0;
  private readonly wakeUps = new Map<string, number>();
  /** Messages under way, by the time of their arrival; of one time the first sent first. */
  private readonly way: { atMs: number; arrive: () => void | Promise<void> }[] = [];

  nowMs(): number {
    return this.ms;
  }

  wakeAfter(who: string, delayMs: number): void {
    this.wakeUps.set(who, this.ms + delayMs);
  }

  /** A message arrives `delayMs` from now. */
  later(delayMs: number, arrive: () => void | Promise<void>): void {
    const atMs = this.ms + delayMs;
    let at = this.way.length;
    while (at > 0 && this.way[at - 1].atMs > atMs) at--;
    this.way.splice(at, 0, { atMs, arrive });
  }

  /** The next message, if it arrives before anybody wakes up. */
  next(): (() => void | Promise<void>) | undefined {
    const [first] = this.way;
    if (!first) return undefined;
    for (const atMs of this.wakeUps.values()) if (atMs < first.atMs) return undefined;
    this.way.shift();
    this.ms = Math.max(this.ms, first.atMs);
    return first.arrive;
  }

  /** Moves on to the earliest wake-up; undefined where nobody waits. */
  jump(): string | undefined {
    let next: [string, number] | undefined;
    for (const entry of this.wakeUps) if (!next || entry[1] < next[1]) next = entry;
    if (!next) return undefined;
    this.wakeUps.delete(next[0]);
    this.ms = Math.max(this.ms, next[1]);
    return next[0];
  }
}

/** Runs until the gateway has settled every slot that its options ask for. */
export async function runSim(setup: SimSetup): Promise<SimResult> {
  const { options, crypto, store, tariff, log, onSlot } = setup;
  const bus = new LocalBus();
  const time = new VirtualTime();
  const gateway = new Gateway(options, {
    crypto,
    verifier: {
      verify: (batch) =>
        batch.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
    },
    store,
    bus,
    tariff,
    time: { nowMs: () => time.nowMs(), wakeAfter: (ms) => time.wakeAfter("gateway", ms) },
    probe: () => {},
    log,
  });
  await gateway.start();
  const failed: SimResult["failed"] = [];
  const packs = packsOf(setup.world, options.worldStartMs);
  const hosts = await startNodes(setup, bus, time, failed, packs);
  let settled = 0;
  while (!gateway.area.finished) {
    await bus.pump();
    if (!bus.idle) continue;
    await gateway.process();
    if (gateway.area.settledSlots !== settled) {
      settled = gateway.area.settledSlots;
      onSlot?.(settled);
    }
    if (!bus.idle) continue;
    const arrive = time.next();
    if (arrive) {
      await arrive();
      continue;
    }
    const who = time.jump();
    // Where nodes have failed the rest may wait for them for ever.
    if (who === undefined && failed.length > 0) break;
    if (who === undefined) throw new Error("the run has stopped: nobody has anything left to do");
    if (who === "gateway") await gateway.onTimer();
    else await hosts[Number(who)]?.timer();
  }
  await bus.pump(); // last receipts, so that outboxes empty
  return { gateway, hosts, failed, batteries: [...packs.values()].map((pack) => pack.trace()) };
}

async function startNodes(
  setup: SimSetup,
  bus: LocalBus,
  time: VirtualTime,
  failed: SimResult["failed"],
  packs: ReadonlyMap<number, Pack>,
): Promise<NodeHost[]> {
  const { world, engine, setups, options, log, crypto } = setup;
  const hosts: NodeHost[] = [];
  for (const node of setups) {
    const { name } = node.config;
    const index = hosts.length;
    const pack = packs.get(node.home);
    const late = setup.latencyMs?.(index) ?? 0;
    const carry = (arrive: () => void | Promise<void>) => time.later(late, arrive);
    const host = await engine.start(node, {
      publish: (topic, payload, retain) =>
        late > 0
          ? carry(() => bus.publish(topic, payload, { retain }))
          : bus.publish(topic, payload, { retain }),
      sample: (atMs) =>
        chipSample(atMs, countersOf(world, pack, node.home, atMs - options.worldStartMs)),
      store: memoryStore(),
      witness: storeRegion(memoryStore()),
      battery: pack,
      uptimeMs: () => time.nowMs(),
      utcMs: () => time.nowMs(),
      wakeAfter: (ms) => time.wakeAfter(String(index), ms),
      log: (level, event, facts) => log(level, event, { node: name, ...facts }),
      failed: (reason) => {
        failed.push({ name, reason });
        log("error", "node-failed", { node: name, reason });
      },
    });
    bus.attach(host.subscriptions, (topic, payload) => {
      pack?.hear(crypto, topic, payload);
      return late > 0 ? carry(() => host.message(topic, payload)) : host.message(topic, payload);
    });
    hosts.push(host);
  }
  for (const host of hosts) await host.connected();
  return hosts;
}
