// SPDX-License-Identifier: Apache-2.0
/** The updates of a node: what the updater asks for, from the node's own parts, with images over MQTT. */
import { fetchRecord } from "#core/records/release";
import type { MeterNode } from "../node.ts";
import type { NodePorts } from "../ports.ts";
import type { Firmware, Health, ImageSource, UpdatePorts } from "./ports.ts";
import { Updater } from "./updater.ts";

export function updaterOf(node: MeterNode, ports: NodePorts, firmware: Firmware): Updater {
  return new Updater(firmware, new NodeUpdates(node, ports, firmware));
}

/** One object, and none of closures: each would take 150 bytes of a chip's memory for good. */
class NodeUpdates implements UpdatePorts, ImageSource, Health {
  readonly crypto: UpdatePorts["crypto"];
  readonly entropy: UpdatePorts["entropy"];
  readonly store: UpdatePorts["store"];
  readonly time: UpdatePorts["time"];
  readonly log: UpdatePorts["log"];
  readonly slots: UpdatePorts["slots"];
  readonly source: ImageSource = this;
  readonly health: Health = this;
  private readonly node: MeterNode;
  private readonly ports: NodePorts;
  private readonly firmware: Firmware;

  constructor(node: MeterNode, ports: NodePorts, firmware: Firmware) {
    const { crypto, entropy, store, time, log } = ports;
    this.crypto = crypto;
    this.entropy = entropy;
    this.store = store;
    this.time = time;
    this.log = log;
    this.slots = firmware.slots;
    this.node = node;
    this.ports = ports;
    this.firmware = firmware;
  }

  request(release: Uint8Array, offset: number, chunks: number): void {
    const { node, ports } = this;
    const asked = fetchRecord.encode({ release, offset, chunks });
    ports.transport.publish(node.topics.up(node.id, "update"), asked, false);
  }

  network(): boolean {
    return this.node.speaker.open;
  }

  meter(): boolean {
    return this.ports.meter.sample(this.node.clock.nowMs()) !== undefined;
  }

  mayRestart(): boolean {
    return this.node.quiet;
  }

  restart(): void {
    this.firmware.restart();
  }

  changed(): void {
    this.node.publishState();
  }
}
