// SPDX-License-Identifier: Apache-2.0
/** The real node application on a virtual clock, for simulations with faults. It lives until power is cut. */
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { TimeQuality } from "#core/units/time";
import type { NodeConfig } from "#meter/config";
import { MeterNode } from "#meter/node";
import type { KeyValueStore } from "#meter/ports";
import type { Agenda } from "../agenda.ts";
import { storeRegion } from "../flash/store-region.ts";
import type { World } from "../worlds/types.ts";
import { CHIP_COUNTERS, chipSample } from "./chip.ts";
import { seededEntropy } from "./entropy.ts";
import type { NodeSetup } from "./types.ts";

export interface AgendaNode {
  setup: NodeSetup;
  /** In place of the set-up's. */
  config?: NodeConfig;
  crypto: Crypto;
  world: World;
  agenda: Pick<Agenda<void | Promise<void>>, "nowMs" | "at">;
  store: KeyValueStore;
  witness: KeyValueStore;
  /** Number of this start. */
  boot: number;
  /** How far its clock is ahead, ms; it may be set while it runs. */
  skewMs(): number;
  /** Whether its power is still on. */
  alive(): boolean;
  publish(topic: string, payload: Uint8Array, retain: boolean): void;
  /** Calls into the node. */
  handle(event: () => void): void;
  /** Its gateway's word is false: it is to go on at another. */
  leave?(code: Code): void;
}

/** A start of the node; it is not connected yet. */
export function agendaNode(of: AgendaNode): MeterNode {
  const { setup, world, agenda } = of;
  let timer = 0;
  const node: MeterNode = new MeterNode(of.config ?? setup.config, {
    crypto: of.crypto,
    entropy: seededEntropy(setup.seed, of.boot),
    store: of.store,
    meter: {
      counters: CHIP_COUNTERS,
      sample: (atMs) => chipSample(atMs, world.counters(setup.home, atMs - world.startMs)),
    },
    transport: {
      publish: (topic, payload, retain) => {
        if (of.alive()) of.publish(topic, payload, retain);
      },
    },
    time: {
      uptimeMs: () => agenda.nowMs,
      utc: () => ({
        utcMs: agenda.nowMs + of.skewMs(),
        quality: TimeQuality.synced,
        errorMs: Math.abs(of.skewMs()),
      }),
      wakeAfter: (delayMs) => {
        const mine = ++timer;
        agenda.at(agenda.nowMs + Math.max(0, delayMs), () => {
          if (mine === timer && of.alive()) of.handle(() => node.onTimer());
        });
      },
    },
    log: () => {},
    leave: (code) => of.leave?.(code),
    witness: storeRegion(of.witness),
  });
  return node;
}
