// SPDX-License-Identifier: Apache-2.0
/**
 * Getting and keeping a certificate (paper 1, II-B-1). A node asks when its gateway says that it has none,
 * again and again until the operator has decided, and once more when three quarters of the time are over. The
 * key is the node's own and stays here; what goes out is its public half.
 */
import { bytesEqual } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Crypto, Entropy } from "#core/crypto/port";
import { WIRE } from "#core/errors/codes";
import { ENROL_AGAIN_MS, RENEW_AGAIN_MS, RESEND_AFTER_MS } from "#core/limits";
import { type Certificate, enrolRecord } from "#core/records/certificate";
import type { Topics } from "#core/topics";
import { openCertificate } from "#core/trust/certificate";
import { claimHash } from "#core/trust/claim";
import type { EnrolmentConfig, NodeConfig } from "./config.ts";
import type { KeyValueStore, Log, RealTime, Transport } from "./ports.ts";
import { jittered } from "./speaker.ts";

const KEY = "cert";

interface EnrolmentPorts {
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  transport: Transport;
  time: RealTime;
  log: Log;
}

export interface EnrolmentNode {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly topics: Topics;
  /** Commitment to the first set of wallet addresses. */
  readonly commitment: Uint8Array;
}

export class Enrolment {
  certificate: Certificate | undefined;
  private encoded: Uint8Array | undefined;
  private readonly node: EnrolmentNode;
  private readonly config: NodeConfig;
  private readonly own: EnrolmentConfig;
  private readonly ports: EnrolmentPorts;
  /** Real time at which the next request goes out; undefined where none is due. */
  private askAtMs: number | undefined;
  /** The certificate was shown to the gateway on this connection. */
  private shown = false;

  constructor(
    node: EnrolmentNode,
    config: NodeConfig,
    own: EnrolmentConfig,
    ports: EnrolmentPorts,
  ) {
    this.node = node;
    this.config = config;
    this.own = own;
    this.ports = ports;
    const stored = ports.store.get(KEY);
    if (stored && !this.hold(stored)) ports.log("warn", "certificate-unreadable");
  }

  /** A new connection: nothing is asked before the gateway says that it has to be. */
  reconnected(): void {
    this.askAtMs = undefined;
    this.shown = false;
  }

  /** The gateway refused the hello with `code`. */
  onRefused(code: number): void {
    if (code === WIRE.NOT_ENROLLED && this.encoded && !this.shown) {
      // It may not have heard of it yet: this node comes from another gateway.
      this.shown = true;
      const { topics, id } = this.node;
      this.ports.transport.publish(topics.up(id, "certificate"), this.encoded, false);
      this.again(RESEND_AFTER_MS);
    } else if (code === WIRE.NOT_ENROLLED || code === WIRE.CERT_EXPIRED) this.ask();
    else if (code === WIRE.ENROL_PENDING || code === WIRE.ENROL_FULL) this.again(ENROL_AGAIN_MS);
    else this.askAtMs = undefined; // revoked, refused: nothing that a request would change
  }

  /**
   * A certificate from the gateway. True where the node can say hello with it: a newer one, or that which it
   * showed.
   */
  onCertificate(encoded: Uint8Array): boolean {
    if (this.shown && this.encoded && bytesEqual(encoded, this.encoded)) {
      this.askAtMs = undefined; // this gateway has it now
      return true;
    }
    const before = this.certificate?.serial ?? 0;
    if (!this.hold(encoded, before + 1)) return false;
    this.ports.store.set(KEY, encoded);
    this.askAtMs = undefined;
    const { serial, untilMs } = this.certificate!;
    this.ports.log("info", "certificate", { serial, untilMs });
    return true;
  }

  /** Protocol time has moved: whether it is time to renew. */
  onTime(nowMs: number): void {
    if (!this.certificate || this.askAtMs !== undefined) return;
    const { fromMs, untilMs } = this.certificate;
    if (nowMs >= untilMs - Math.floor((untilMs - fromMs) / 4)) this.ask();
  }

  onTimer(): void {
    if (this.askAtMs !== undefined && this.ports.time.uptimeMs() >= this.askAtMs) this.ask();
  }

  delayMs(): number | undefined {
    if (this.askAtMs === undefined) return undefined;
    return Math.max(0, this.askAtMs - this.ports.time.uptimeMs());
  }

  private hold(encoded: Uint8Array, atLeast = 0): boolean {
    const opened = openCertificate(this.ports.crypto, encoded);
    if (!opened.ok || !bytesEqual(opened.value.id, this.node.idBytes)) return false;
    if (opened.value.net !== this.config.net || opened.value.serial < atLeast) return false;
    this.certificate = opened.value;
    this.encoded = encoded;
    return true;
  }

  private again(pauseMs: number): void {
    this.askAtMs = this.ports.time.uptimeMs() + jittered(this.ports.entropy, pauseMs);
  }

  private ask(): void {
    const { node, config, own, ports } = this;
    const { crypto, time, transport } = ports;
    const { bytes } = signRecord(enrolRecord, crypto, config.secretKey, {
      net: config.net,
      publicKey: node.publicKey,
      name: config.name,
      meter: own.meter,
      connectionW: own.connectionW,
      wallets: node.commitment,
      claim: own.claim === "" ? new Uint8Array(32) : claimHash(crypto, node.publicKey, own.claim),
      renews: this.certificate?.serial ?? 0,
      atMs: time.utc().utcMs,
    });
    transport.publish(node.topics.up(node.id, "enrol"), bytes, false);
    this.again(this.certificate ? RENEW_AGAIN_MS : ENROL_AGAIN_MS);
  }
}
