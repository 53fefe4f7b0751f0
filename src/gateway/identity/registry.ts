// SPDX-License-Identifier: Apache-2.0
/**
 * Who may take part in an area: the authority, its certificates and its lists, as far as the log has them.
 * What is in here was checked when it was logged; at replay it is taken as it stands.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { type Authority, type Revocations, Subject } from "#core/records/authority";
import type { Certificate } from "#core/records/certificate";
import { certificateFault, type SealedCertificate } from "#core/trust/certificate";
import { RevocationList } from "#core/trust/revocations";

/** A certificate with the bytes that its node gets. */
export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly encoded: Uint8Array;
}

export class Registry {
  authority: Authority | undefined;
  authorityBytes: Uint8Array | undefined;
  private readonly crypto: Crypto;
  private readonly net: string;
  private authorityId: Uint8Array | undefined;
  /** Of nodes and gateways, by id: the one with the highest serial, for it is the newest. */
  private readonly held = new Map<string, HeldCertificate>();
  private readonly revoked = new Map<number, RevocationList>(
    [Subject.node, Subject.gateway].map((subject) => [subject, new RevocationList(subject)]),
  );
  private readonly lists = new Map<number, Uint8Array>();

  constructor(crypto: Crypto, net: string) {
    this.crypto = crypto;
    this.net = net;
  }

  /** The one authority of this area: another one later is refused by whoever reads it in. */
  setAuthority(authority: Authority, bytes: Uint8Array): void {
    assert(!this.authority || this.isAuthority(authority.anchorKey), "AUTHORITY_TWICE");
    this.authority = authority;
    this.authorityBytes = bytes;
    this.authorityId = nodeIdOf(this.crypto, authority.anchorKey);
  }

  isAuthority(anchorKey: Uint8Array): boolean {
    return this.authority !== undefined && bytesEqual(this.authority.anchorKey, anchorKey);
  }

  /** Whether this certificate says anything new. */
  wants({ value: { id, serial } }: SealedCertificate): boolean {
    const held = this.held.get(toHex(id));
    return !held || held.certificate.serial < serial;
  }

  /** Whether this list says anything new. */
  wantsList({ subject, number }: Revocations): boolean {
    const list = this.revoked.get(subject);
    return list !== undefined && list.number < number;
  }

  add({ value }: SealedCertificate, encoded: Uint8Array): void {
    this.held.set(toHex(value.id), { certificate: value, encoded });
  }

  /** False where the list says nothing new. */
  addList(list: Revocations, bytes: Uint8Array): boolean {
    if (!this.revoked.get(list.subject)?.take(list)) return false;
    this.lists.set(list.subject, bytes);
    return true;
  }

  /** The list that holds, as it was signed. */
  listBytes(subject: number): Uint8Array | undefined {
    return this.lists.get(subject);
  }

  certificateOf(id: string): HeldCertificate | undefined {
    return this.held.get(id);
  }

  /** Why `id` may not take part at `atMs`, protocol time; undefined where it may. */
  faultOf(id: string, atMs: number): Code | undefined {
    return this.fault(id, Subject.node, undefined, atMs);
  }

  /** Why the gateway `id` may not serve `area`. */
  gatewayFault(id: string, area: string, atMs: number): Code | undefined {
    return this.fault(id, Subject.gateway, area, atMs);
  }

  private fault(
    id: string,
    subject: number,
    area: string | undefined,
    atMs: number,
  ): Code | undefined {
    const held = this.held.get(id);
    if (!held || !this.authorityId) return "NOT_ENROLLED";
    return certificateFault(held.certificate, {
      net: this.net,
      authority: this.authorityId,
      subject,
      area,
      atMs,
      revoked: (serial) => this.revoked.get(subject)!.has(serial),
    });
  }
}
