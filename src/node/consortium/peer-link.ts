// SPDX-License-Identifier: Apache-2.0
/**
 * The way to the other gateways over MQTT (docs/protocol.md section 7): what is for a gateway is left on its
 * broker, or on one that all share, under its own id and the sender's. All but the keys themselves is
 * encrypted (confidential.ts). Messages may get lost; whoever needs one asks again.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { CONNECT_AGE_MS } from "#core/limits";
import { type Readers, readersRecord } from "#core/records/readers";
import { Topics } from "#core/topics";
import type { Partner, PeerKind, PeerLink } from "#gateway/consortium/ports";
import type { Bus, GatewayLog } from "#gateway/ports";
import { Buckets } from "../broker/rate.ts";
import { isPublicKey } from "../crypto/sodium.ts";
import { tokenPasswords } from "../mqtt/token.ts";
import { PacedLog } from "../process/paced-log.ts";
import { Confidential } from "./confidential.ts";
import { PeerInbox } from "./peer-inbox.ts";
import { PEER_BYTE_RATE, PEER_RATE } from "./peer-rates.ts";
import { PeerWire } from "./peer-wire.ts";

/** Another gateway, and where its broker is; without a URL it listens on the same broker as this one. */
export interface PeerAddress extends Pick<Partner, "id" | "publicKey"> {
  area: string;
  url?: string;
  /** PEM of the authority that its mqtts broker's certificate is of. */
  ca?: string | Buffer;
}

export interface PeerLinkOptions {
  net: string;
  area: string;
  id: Uint8Array;
  secretKey: Uint8Array;
  crypto: Crypto;
  /** All that the configuration knows but this one. */
  peers: readonly PeerAddress[];
  /** Where a gateway is that joined later, if anybody knows. */
  addressOf?(partner: Partner): PeerAddress | undefined;
  /** Who may connect as a gateway has changed: this one (hex) may, or may not any more. */
  onChange?(id: string): void;
  /** The broker that this gateway listens on. */
  bus: Pick<Bus, "publish" | "subscribe">;
  log: GatewayLog;
  /** UTC. */
  nowMs(): number;
  /** What a handler threw: the gateway cannot go on. */
  fail(error: unknown): void;
}

/** A peer as others see it. */
export interface PeerView {
  id: string;
  area: string;
  /** Whether there is a connection to its broker; true with a broker that all share. */
  connected: boolean;
  /** ms since the last message that was its own; Infinity: none yet. */
  silentMs: number;
  sent: number;
  received: number;
  /** Not sent, and not taken in, for want of room, rate or key. */
  dropped: number;
}

/** What the link says for itself: this gateway's key, a request for the other's, and that it is there. */
const OWN_KINDS = Object.freeze(["readers", "key", "here"] as const);
/** All that a gateway says to others. */
const KINDS: ReadonlySet<string> = new Set<PeerKind | (typeof OWN_KINDS)[number]>([
  ...(["proposed", "vote", "quorum", "polka", "decision", "status"] as const),
  ...(["segment", "fetch", "ask", "down"] as const),
  ...(["state-wanted", "state-offer", "piece-wanted", "piece"] as const),
  ...OWN_KINDS,
]);
/** Said again by itself where it is lost. */
const AGAIN: ReadonlySet<string> = new Set([
  "proposed",
  "vote",
  "quorum",
  "polka",
  "status",
  "here",
]);
/** Above it a message would end the connection (broker/options.ts); the largest is a proposal. */
const BYTES_MAX = 63 * 1024;
/** Keys of one peer that are looked at: it has one with each start, and tells it again where it is asked. */
const KEY_RATE = Object.freeze({ perSecond: 2, burst: 8 });
/** One that says nothing says so often that it is there. */
const HERE_MS = 3_000;
/** Who left may ask for the turns that led there so long; then nothing of it is heard. */
const LEAVE_MS = 30_000;
/** Keys are asked for, and told, at most so often to each peer. */
const KEY_PAUSE_MS = 500;

interface Peer extends PeerAddress {
  hex: string;
  topics: Topics;
  wire: PeerWire | undefined;
  /** It left, and its connection ends with this timer. */
  leaving: NodeJS.Timeout | undefined;
  /** The log has that its key is nobody's. */
  named: boolean;
  heardMs: number;
  saidMs: number;
  keyAtMs: number;
  askedMs: number;
  toldMs: number;
  sent: number;
  received: number;
  dropped: number;
}

/** As it came. */
interface Letter {
  peer: Peer;
  topic: string;
  kind: string;
  bytes: Uint8Array;
  again: boolean;
}

export class MqttPeerLink implements PeerLink {
  private readonly options: PeerLinkOptions;
  private readonly id: string;
  private readonly own: Topics;
  private readonly secret: Confidential;
  private readonly peers = new Map<string, Peer>();
  private readonly rate = new Buckets(PEER_RATE, 128);
  private readonly byteRate = new Buckets(PEER_BYTE_RATE, 128);
  private readonly keyRate = new Buckets(KEY_RATE, 128);
  private readonly log: PacedLog;
  private readonly inbox: PeerInbox<Letter>;
  private handler: (from: string, kind: PeerKind, bytes: Uint8Array) => void = () => {};
  private readonly beat: NodeJS.Timeout;
  private closing = false;

  constructor(options: PeerLinkOptions) {
    const { id, secretKey, area, bus } = options;
    this.options = options;
    this.id = toHex(id);
    this.own = new Topics(area);
    this.secret = new Confidential(id, secretKey);
    this.log = new PacedLog(options.log);
    this.inbox = new PeerInbox({ read: (letter) => this.read(letter), fail: options.fail });
    for (const address of options.peers) this.add(address);
    bus.subscribe(`${this.own.prefix}/gateway/${this.id}/+/+`, (topic, payload) =>
      this.hear(topic, payload),
    );
    for (const peer of this.peers.values()) this.reach(peer);
    this.beat = setInterval(() => this.sayHere(), HERE_MS);
  }

  send(to: string | undefined, kind: PeerKind, bytes: Uint8Array): void {
    if (to === undefined) for (const peer of this.present) this.say(peer, kind, bytes);
    else {
      const peer = this.peers.get(to);
      if (peer) this.say(peer, kind, bytes);
    }
  }

  listen(handler: (from: string, kind: PeerKind, bytes: Uint8Array) => void): void {
    this.handler = handler;
  }

  /** Reaches who joined. Who left hears nothing more, and is answered for a while. */
  follow(gateways: readonly Partner[]): void {
    const ids = new Set(gateways.map(({ id }) => toHex(id)));
    for (const partner of gateways) {
      const id = toHex(partner.id);
      if (id === this.id || this.peers.has(id)) continue;
      const address = this.options.addressOf?.(partner);
      if (address) this.reach(this.add(address));
      else {
        const cure = "name its area and URL in consortium.addresses, and start again";
        this.options.log("error", "peer-without-address", { gateway: id, cure });
      }
      this.options.onChange?.(id);
    }
    // One that looks on goes on asking everybody that it knows.
    if (!ids.has(this.id)) return;
    for (const peer of this.present) if (!ids.has(peer.hex)) this.leave(peer);
  }

  /** Whether it may connect to this gateway's broker as a gateway. */
  has(id: string): boolean {
    return this.peers.has(id);
  }

  view(): PeerView[] {
    const nowMs = performance.now();
    return this.present.map((peer) => ({
      id: peer.hex,
      area: peer.area,
      connected: peer.wire?.connected ?? true,
      silentMs: peer.heardMs < 0 ? Number.POSITIVE_INFINITY : nowMs - peer.heardMs,
      sent: peer.sent,
      received: peer.received,
      dropped: peer.dropped + (peer.wire?.dropped ?? 0),
    }));
  }

  async close(): Promise<void> {
    this.closing = true;
    this.inbox.close();
    clearInterval(this.beat);
    for (const { leaving } of this.peers.values()) clearTimeout(leaving);
    await Promise.all([...this.peers.values()].map(({ wire }) => wire?.close()));
  }

  /** All but those that left. */
  private get present(): Peer[] {
    return [...this.peers.values()].filter(({ leaving }) => !leaving);
  }

  private add(address: PeerAddress): Peer {
    const hex = toHex(address.id);
    const fresh = { heardMs: -1, saidMs: 0, keyAtMs: 0, askedMs: 0, toldMs: 0 };
    const none = {
      wire: undefined,
      leaving: undefined,
      named: false,
      sent: 0,
      received: 0,
      dropped: 0,
    };
    const peer = { ...address, ...fresh, ...none, hex, topics: new Topics(address.area) };
    this.peers.set(hex, peer);
    return peer;
  }

  private leave(peer: Peer): void {
    this.options.log("info", "peer-left", { area: peer.area });
    peer.leaving = setTimeout(() => {
      this.peers.delete(peer.hex);
      void peer.wire?.close();
      this.options.onChange?.(peer.hex);
    }, LEAVE_MS);
    peer.leaving.unref();
  }

  private reach(peer: Peer): void {
    const { url, ca } = peer;
    const { crypto, secretKey, net, nowMs, log } = this.options;
    if (url === undefined) return this.tell(peer);
    const gatewayKey = peer.publicKey;
    const password = tokenPasswords({ crypto, secretKey, net, gatewayKey, client: this.id, nowMs });
    peer.wire = new PeerWire({
      ...{ url, ca, id: this.id, password, log },
      connected: () => {
        log("info", "peer-connected", { area: peer.area });
        peer.toldMs = 0;
        this.tell(peer);
      },
    });
  }

  /** Says this gateway's key to a peer, for whom it is retained. */
  private tell(peer: Peer): void {
    const { crypto, secretKey, nowMs } = this.options;
    const now = performance.now();
    if (peer.toldMs > 0 && now - peer.toldMs < KEY_PAUSE_MS) return;
    peer.toldMs = now;
    const readers = this.readersFor(peer, nowMs());
    if (!readers) return;
    const { bytes } = signRecord(readersRecord, crypto, secretKey, readers);
    const topic = peer.topics.peer(peer.hex, this.id, "readers");
    this.put(peer, topic, bytes, { retain: true });
  }

  /** Undefined where its key is nobody's: it can neither hear nor say anything, and stays silent. */
  private readersFor(peer: Peer, atMs: number): Readers | undefined {
    if (isPublicKey(peer.publicKey)) return this.secret.readers(this.options.net, [peer], atMs);
    if (!peer.named) {
      const cause = "the public key that it joined with is nobody's";
      const cure = "replace it: wattle consortium replace, with what wattle keys prints there";
      this.options.log("error", "peer-key", { area: peer.area, gateway: peer.hex, cause, cure });
    }
    peer.named = true;
    return undefined;
  }

  private say(peer: Peer, kind: string, bytes: Uint8Array): void {
    const topic = peer.topics.peer(peer.hex, this.id, kind);
    const sealed = this.secret.seal(topic, bytes);
    if (sealed.length > BYTES_MAX) {
      peer.dropped++;
      this.options.log("error", "peer-message-too-long", { kind, bytes: sealed.length });
    } else this.put(peer, topic, sealed, { again: AGAIN.has(kind) });
  }

  private put(
    peer: Peer,
    topic: string,
    bytes: Uint8Array,
    how: { again?: boolean; retain?: boolean },
  ): void {
    if (this.closing) return;
    peer.sent++;
    peer.saidMs = performance.now();
    if (peer.wire) peer.wire.send(topic, bytes, how);
    else this.options.bus.publish(topic, bytes, { retain: how.retain ?? false });
  }

  private sayHere(): void {
    const now = performance.now();
    for (const peer of this.present)
      if (now - peer.saidMs >= HERE_MS / 2) this.say(peer, "here", new Uint8Array());
  }

  /** Within the broker: it only takes note. */
  private hear(topic: string, bytes: Uint8Array): void {
    const [from, kind] = topic.split("/").slice(-2);
    const peer = this.peers.get(from);
    if (!peer || this.closing || !KINDS.has(kind) || bytes.length === 0) return;
    const now = performance.now();
    const taken = this.rate.take(from, 1, now) && this.byteRate.take(from, bytes.length, now);
    const letter = { peer, topic, kind, bytes, again: AGAIN.has(kind) };
    peer.dropped += taken ? this.inbox.put(from, letter) : 1;
  }

  private read({ peer, topic, kind, bytes }: Letter): void {
    if (kind === "readers") this.learn(peer, bytes);
    else this.open(peer, topic, kind, bytes);
  }

  private open(peer: Peer, topic: string, kind: string, sealed: Uint8Array): void {
    const bytes = this.secret.open(peer.id, topic, sealed);
    if (typeof bytes !== "string") {
      peer.heardMs = performance.now();
      peer.received++;
      if (kind === "key") this.tell(peer);
      else if (kind !== "here") this.handler(peer.hex, kind as PeerKind, bytes);
      return;
    }
    peer.dropped++;
    if (bytes === "damaged") this.options.log("debug", "peer-damaged", { area: peer.area, kind });
    else this.askKey(peer);
  }

  /** Its key has not come, or got lost with a restart. The request says this gateway's own as well. */
  private askKey(peer: Peer): void {
    const now = performance.now();
    if (peer.askedMs > 0 && now - peer.askedMs < KEY_PAUSE_MS) return;
    peer.askedMs = now;
    this.tell(peer);
    this.say(peer, "key", new Uint8Array());
  }

  private learn(peer: Peer, bytes: Uint8Array): void {
    const { crypto, net, nowMs } = this.options;
    const signed = openSigned(readersRecord, crypto, bytes);
    // One of the future would keep all that come before that time from counting.
    const mayBe =
      signed.ok &&
      signed.value.net === net &&
      toHex(signed.value.gateway) === peer.hex &&
      signed.value.atMs >= peer.keyAtMs &&
      signed.value.atMs <= nowMs() + CONNECT_AGE_MS;
    if (mayBe && !this.keyRate.take(peer.hex, 1, performance.now())) {
      peer.dropped++; // whose key is not known is asked for it
      return;
    }
    const right =
      mayBe &&
      verifySigned(crypto, peer.publicKey, signed) &&
      this.secret.learn(signed.value, peer.publicKey);
    if (right) peer.keyAtMs = signed.value.atMs;
    else {
      peer.dropped++;
      const kind = `peer-key-refused ${peer.hex}`;
      this.log.say(kind, "warn", "peer-key-refused", { area: peer.area });
    }
  }
}

/** Ids in hex of gateways by their public keys. */
export function idsOf(peers: readonly { id: Uint8Array }[]): Set<string> {
  return new Set(peers.map(({ id }) => toHex(id)));
}
