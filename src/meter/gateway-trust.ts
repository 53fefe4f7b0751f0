// SPDX-License-Identifier: Apache-2.0
/**
 * Whether the gateway is one, by the authority's anchor: a node that has one says nothing to its gateway before
 * the gateway's certificate is there and counts. A seal takes a microcontroller seconds, so the anchor's
 * signature beside it is checked.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { Subject } from "#core/records/authority";
import type { Certificate } from "#core/records/certificate";
import { openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import { certificateFault } from "#core/trust/certificate";
import { RevocationList } from "#core/trust/revocations";
import type { NodeConfig } from "./config.ts";

export class GatewayTrust {
  private readonly crypto: Crypto;
  private readonly config: NodeConfig;
  private readonly anchor: Uint8Array;
  private readonly authority: Uint8Array;
  private gateway: Uint8Array;
  private readonly revoked = new RevocationList(Subject.gateway);
  private certificate: Certificate | undefined;

  constructor(crypto: Crypto, config: NodeConfig, anchor: Uint8Array) {
    this.crypto = crypto;
    this.config = config;
    this.anchor = anchor;
    this.authority = nodeIdOf(crypto, anchor);
    this.gateway = nodeIdOf(crypto, config.gatewayKey);
  }

  /** The retained certificate; a code where it is none that this authority made. */
  onCertificate(encoded: Uint8Array): Code | undefined {
    const opened = openGatewayCertificate(this.crypto, encoded, this.anchor);
    if (!opened.ok) return opened.code;
    this.certificate = opened.value;
    return undefined;
  }

  /** The retained list of gateways' certificates that count no more. */
  onList(bytes: Uint8Array): Code | undefined {
    const opened = openRevocations(this.crypto, bytes, this.anchor, this.config.net);
    if (!opened.ok) return opened.code;
    this.revoked.take(opened.value);
    return undefined;
  }

  /** Whether a certificate is there, of whichever gateway. */
  get certified(): boolean {
    return this.certificate !== undefined;
  }

  /**
   * The key of another gateway than so far, which has a certificate that counts; from now on it is the
   * gateway.
   */
  other(nowMs: number | undefined): Uint8Array | undefined {
    const { certificate, gateway } = this;
    if (!certificate || bytesEqual(certificate.id, gateway)) return undefined;
    this.gateway = certificate.id;
    if (this.fault(nowMs) === undefined) return certificate.publicKey;
    this.gateway = gateway;
    return undefined;
  }

  /** Why the gateway does not count at `nowMs`, protocol time, as far as that is known; undefined: it does. */
  fault(nowMs: number | undefined): Code | undefined {
    if (!this.certificate) return "NOT_ENROLLED";
    const { net, area } = this.config;
    return certificateFault(this.certificate, {
      net,
      authority: this.authority,
      id: this.gateway,
      subject: Subject.gateway,
      area,
      atMs: nowMs,
      revoked: (serial) => this.revoked.has(serial),
    });
  }
}
