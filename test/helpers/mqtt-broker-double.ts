// SPDX-License-Identifier: Apache-2.0
/** A broker in memory, with every delay in the test's hands: for faults that a real one does not have. */
import type { Wire, WireEvents } from "./mqtt-client-double.ts";
import { encodePacket, type MqttPacket, packetReader } from "./mqtt-packet.ts";

export interface BrokerPorts {
  after(delayMs: number, run: () => void): () => void;
  /** One way through the network, ms. */
  delayMs(): number;
}

interface Peer {
  events: WireEvents;
  connect: MqttPacket | undefined;
  open: boolean;
}

export class BrokerDouble {
  /** What clients published, in order of arrival; wills too. */
  readonly published: { topic: string; payload: Uint8Array; retain: boolean; will: boolean }[] = [];
  readonly connects: MqttPacket[] = [];
  readonly subscribed: string[] = [];
  subscribes = 0;
  /** PUBACKs that came. */
  acks = 0;
  /** How connections ended, from the broker's side. */
  readonly ends: ("disconnect" | "lost" | "kicked")[] = [];
  /** Faults. `mute`: nothing is answered or delivered any more; `deaf`: connects get no CONNACK. */
  mute = false;
  deaf = false;
  down = false;
  returnCode = 0;
  subackCode = 1;
  ackPublishes = true;
  private readonly ports: BrokerPorts;
  private peer: Peer | undefined;
  private nextId = 0;
  /** What is on its way, either way, in order. */
  private readonly queue: (() => void)[] = [];

  constructor(ports: BrokerPorts) {
    this.ports = ports;
  }

  get connected(): boolean {
    return this.peer?.open === true && this.peer.connect !== undefined;
  }

  connect(events: WireEvents): Wire {
    const peer: Peer = { events, connect: undefined, open: true };
    this.later(() => {
      if (this.down) events.closed();
      else events.open();
    });
    const feed = packetReader((packet) => this.take(peer, packet));
    return {
      send: (bytes, sent) => {
        this.later(() => {
          if (peer.open && !this.mute) feed(bytes);
          if (!this.mute) sent();
        });
      },
      close: () => this.later(() => this.gone(peer, "lost")),
    };
  }

  /** Delivers a message to the connected client. */
  push(topic: string, payload: Uint8Array, qos: 0 | 1 = 1): void {
    const { peer } = this;
    if (!peer?.open) return;
    const messageId = (this.nextId++ % 0xffff) + 1;
    const packet = { cmd: "publish", topic, payload: Buffer.from(payload), retain: false };
    this.say(peer, { ...packet, dup: false, qos, ...(qos && { messageId }) });
  }

  /** Closes the connection, as when another one takes the client id. */
  kick(): void {
    const { peer } = this;
    if (!peer?.open) return;
    this.gone(peer, "kicked");
    this.later(() => peer.events.closed());
  }

  private take(peer: Peer, packet: MqttPacket): void {
    if (!peer.open) return;
    if (packet.cmd === "connect") {
      peer.connect = packet;
      this.connects.push(packet);
      this.peer = peer;
      if (!this.deaf)
        this.say(peer, { cmd: "connack", returnCode: this.returnCode, sessionPresent: false });
    } else if (packet.cmd === "subscribe") {
      this.subscribes++;
      this.subscribed.push(...packet.subscriptions!.map(({ topic }) => topic));
      const granted = packet.subscriptions!.map(() => this.subackCode);
      this.say(peer, { cmd: "suback", messageId: packet.messageId, granted });
    } else if (packet.cmd === "publish") {
      const payload = Uint8Array.from(packet.payload!);
      this.published.push({ topic: packet.topic!, payload, retain: packet.retain!, will: false });
      if (this.ackPublishes) this.say(peer, { cmd: "puback", messageId: packet.messageId });
    } else if (packet.cmd === "pingreq") this.say(peer, { cmd: "pingresp" });
    else if (packet.cmd === "puback") this.acks++;
    else if (packet.cmd === "disconnect") {
      peer.connect = undefined; // no will
      this.gone(peer, "disconnect");
      this.later(() => peer.events.closed());
    }
  }

  private say(peer: Peer, packet: MqttPacket): void {
    const bytes = encodePacket(packet);
    this.later(() => {
      if (peer.open && !this.mute) peer.events.data(bytes);
    });
  }

  private gone(peer: Peer, how: "disconnect" | "lost" | "kicked"): void {
    if (!peer.open) return;
    peer.open = false;
    if (peer === this.peer) this.peer = undefined;
    this.ends.push(how);
    const will = peer.connect?.will;
    if (!will) return;
    const payload = Uint8Array.from(will.payload);
    this.published.push({ topic: will.topic, payload, retain: will.retain, will: true });
  }

  /** In order, each after a delay of its own. */
  private later(run: () => void): void {
    this.queue.push(run);
    if (this.queue.length === 1) this.next();
  }

  private next(): void {
    this.ports.after(this.ports.delayMs(), () => {
      const run = this.queue[0];
      run();
      this.queue.shift();
      if (this.queue.length > 0) this.next();
    });
  }
}
