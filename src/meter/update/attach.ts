// SPDX-License-Identifier: Apache-2.0
/** The updates of a node: what the updater asks for, from the node's own parts, with images over MQTT. */
import { fetchRecord } from "#core/records/release";
import type { MeterNode } from "../node.ts";
import type { NodePorts } from "../ports.ts";
import type { Firmware } from "./ports.ts";
import { Updater } from "./updater.ts";

export function updaterOf(node: MeterNode, ports: NodePorts, firmware: Firmware): Updater {
  const { crypto, entropy, store, time, log, meter, transport } = ports;
  return new Updater(firmware, {
    crypto,
    entropy,
    store,
    time,
    log,
    slots: firmware.slots,
    source: {
      request: (release, offset, chunks) => {
        const asked = fetchRecord.encode({ release, offset, chunks });
        transport.publish(node.topics.up(node.id, "update"), asked, false);
      },
    },
    health: {
      network: () => node.speaker.open,
      meter: () => meter.sample(node.clock.nowMs()) !== undefined,
    },
    mayRestart: () => node.quiet,
    restart: () => firmware.restart(),
    changed: () => node.publishState(),
  });
}
