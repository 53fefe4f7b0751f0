// SPDX-License-Identifier: Apache-2.0
/**
 * The node application inside a machine of xs-host: its ports over the global `host`, and the driver's events
 * to it. Imports nothing of Node; bundled by xs-engine.ts.
 */
import type { Crypto, Entropy } from "#core/crypto/port";
import { TimeQuality } from "#core/units/time";
import { MeterNode } from "#meter/node";
import type { NodePorts } from "#meter/ports";
import type { BatteryPort } from "#meter/profile/types";
import { vehicleProfile } from "#meter/profile/vehicle";
import type { FlashRegion } from "#meter/witness/ports";
import { faceOf } from "../panel/face.ts";
import { ByteReader, ByteWriter, Call, Event, fromUtf8, LOG_LEVELS, Post, utf8 } from "./abi.ts";
import { decodeConfig } from "./abi-config.ts";
import { CHIP_COUNTERS } from "./chip.ts";
import { type Clocks, EventTime } from "./event-time.ts";
import { ask, type XsGlobal } from "./xs-crypto.ts";

export { hostCrypto } from "./xs-crypto.ts";

declare const host: XsGlobal;

const entropy: Entropy = {
  bytes: (length) => ask(Call.entropy, new ByteWriter(4).u32(length).done()),
};

function readKeys(bytes: Uint8Array): string[] {
  const reader = new ByteReader(bytes);
  const keys: string[] = [];
  while (reader.more) keys.push(reader.str());
  return keys;
}

/** The witness region of the driver; undefined where it has none. */
export function regionOver(): FlashRegion | undefined {
  const size = host.call(Call.flashSize);
  if (!size) return undefined;
  const reader = new ByteReader(new Uint8Array(size));
  return {
    sectorBytes: reader.u32(),
    sectors: reader.u32(),
    read: (offset, length) =>
      ask(Call.flashRead, new ByteWriter(12).f64(offset).u32(length).done()),
    write: (offset, bytes) =>
      ask(Call.flashWrite, new ByteWriter(96).f64(offset).rest(bytes).done())[0] === 1,
    erase: (sector) => ask(Call.flashErase, new ByteWriter(4).u32(sector).done())[0] === 1,
  };
}

const battery: BatteryPort = {
  setPowerW: (powerW, atMs) =>
    void host.call(Call.batteryPower, new ByteWriter(16).f64(atMs).f64(powerW).done()),
  stateWh: (atMs) =>
    new ByteReader(ask(Call.batteryState, new ByteWriter(8).f64(atMs).done())).f64(),
  planFor(slot) {
    const plan = host.call(Call.batteryPlan, new ByteWriter(4).u32(slot).done());
    if (!plan) return undefined;
    const reader = new ByteReader(new Uint8Array(plan));
    return { departSlot: reader.u32(), needWh: reader.f64() };
  },
};

const clocks: Clocks = {
  uptimeMs: () => new ByteReader(ask(Call.uptime)).f64(),
  utcMs: () => new ByteReader(ask(Call.utc)).f64(),
};

function portsOver(crypto: Crypto, time: EventTime): NodePorts {
  return {
    crypto,
    entropy,
    store: {
      get(key) {
        const value = host.call(Call.get, utf8(key));
        return value && new Uint8Array(value);
      },
      set: (key, value) =>
        void host.call(Call.set, new ByteWriter(512).str(key).rest(value).done()),
      delete: (key) => void host.call(Call.remove, utf8(key)),
      keys: (prefix) => readKeys(ask(Call.keys, utf8(prefix))),
    },
    meter: {
      counters: CHIP_COUNTERS,
      sample(atMs) {
        const bytes = host.call(Call.sample, new ByteWriter(8).f64(atMs).done());
        if (!bytes) return undefined;
        const reader = new ByteReader(new Uint8Array(bytes));
        return { uptimeMs: reader.f64(), counts: [reader.u64(), reader.u64()] };
      },
    },
    transport: {
      publish(topic, payload, retain) {
        const size = 5 + topic.length + payload.length;
        const message = new ByteWriter(size)
          .u8(retain ? 1 : 0)
          .str(topic)
          .rest(payload);
        host.post(Post.publish, message.done());
      },
    },
    time: {
      uptimeMs: () => time.uptimeMs(),
      utc: () => ({ utcMs: time.utcMs(), quality: TimeQuality.synced, errorMs: 0 }),
      wakeAfter: (delayMs) => host.post(Post.wake, new ByteWriter(8).f64(delayMs).done()),
    },
    log(level, event, facts = {}) {
      const entry = new ByteWriter(128).u8(LOG_LEVELS.indexOf(level)).str(event);
      for (const [name, fact] of Object.entries(facts)) {
        entry.str(name);
        if (typeof fact === "number") entry.u8(0).f64(fact);
        else entry.u8(1).str(fact);
      }
      host.post(Post.log, entry.done());
    },
    witness: regionOver(),
  };
}

/** Starts the application: the body of the entry module. */
export function runNode(crypto: Crypto): void {
  const config = decodeConfig(ask(Call.config));
  const time = new EventTime(clocks);
  const ports = portsOver(crypto, time);
  if (config.vehicle) ports.profile = vehicleProfile(config.vehicle, battery);
  const node = new MeterNode(config, ports);
  const will = node.will();
  const up = new ByteWriter(512).str(node.id).str(will.topic).str(will.payload);
  for (const subscription of node.subscriptions()) up.str(subscription);
  host.onEvent = (kind, payload) => {
    time.begin();
    if (kind === Event.message) {
      const reader = new ByteReader(new Uint8Array(payload));
      node.onMessage(reader.str(), reader.rest());
    } else if (kind === Event.timer) node.onTimer();
    else if (kind === Event.connected) node.onConnect();
    else if (kind === Event.disconnected) node.onDisconnect();
    else if (kind === Event.look) {
      node.onPoll();
      const claim = config.enrolment?.claim;
      const face = faceOf(node, { name: config.name, connected: true, alarms: [], claim });
      host.post(Post.face, utf8(JSON.stringify(face)));
    } else if (kind === Event.stepped) {
      const reader = new ByteReader(new Uint8Array(payload));
      node.onStep(reader.f64(), reader.f64());
    } else throw new RangeError(`event ${kind}: ${fromUtf8(new Uint8Array(payload))}`);
  };
  host.post(Post.up, up.done());
}
