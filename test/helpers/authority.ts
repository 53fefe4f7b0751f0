// SPDX-License-Identifier: Apache-2.0
/** An authority for tests, with its keys in memory, and a folder that is none. */
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { deriveSecretKey, encodePublicKey, publicKeyOf } from "#core/crypto/boneh-boyen/keys";
import { sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import { domainHash } from "#core/crypto/domain";
import { nodeIdOf } from "#core/identity";
import { authorityRecord, revocationsRecord, Subject } from "#core/records/authority";
import { type Certificate, certificateRecord, enrolRecord } from "#core/records/certificate";
import { DOMAIN, encodeSealed } from "#core/trust/certificate";
import type { IdentityShelf, SealJob, SealVerifier } from "#gateway/identity/ports";
import { crypto, named } from "./local-area.ts";

export class TestAuthority {
  readonly net: string;
  readonly anchorSecret: Uint8Array;
  readonly anchorKey: Uint8Array;
  readonly id: Uint8Array;
  private readonly sealSecret;
  private serial = 0;
  private readonly numbers = new Map<number, number>();

  constructor(net: string, name = "authority") {
    this.net = net;
    this.anchorSecret = named(`${name} anchor`);
    this.anchorKey = crypto.publicKey(this.anchorSecret);
    this.id = nodeIdOf(crypto, this.anchorKey);
    this.sealSecret = deriveSecretKey(named(`${name} seal`), "wattle/test-authority/1");
  }

  record(): Uint8Array {
    const { net, anchorKey } = this;
    const sealKey = encodePublicKey(publicKeyOf(this.sealSecret));
    const value = { net, name: "test", anchorKey, sealKey, atMs: 0 };
    return signRecord(authorityRecord, crypto, this.anchorSecret, value).bytes;
  }

  /** A certificate for `publicKey`; of a node, unless `fields` say otherwise. */
  issue(publicKey: Uint8Array, fields: Partial<Certificate> = {}): Uint8Array {
    const value: Certificate = {
      net: this.net,
      authority: this.id,
      serial: ++this.serial,
      subject: Subject.node,
      id: nodeIdOf(crypto, publicKey),
      publicKey,
      area: "",
      wallets: new Uint8Array(32),
      meter: "",
      connectionW: 1_000_000,
      fromMs: 0,
      untilMs: Number.MAX_SAFE_INTEGER,
      ...fields,
    };
    const record = certificateRecord.encode(value);
    const anchor =
      value.subject === Subject.gateway
        ? crypto.sign(this.anchorSecret, domainHash(crypto, DOMAIN, record))
        : undefined;
    return encodeSealed(record, sign(this.sealSecret, DOMAIN, record), anchor);
  }

  /** The next list of a subject. */
  list(serials: readonly number[], subject: number = Subject.node): Uint8Array {
    const number = (this.numbers.get(subject) ?? 0) + 1;
    this.numbers.set(subject, number);
    const revoked = serials.map((serial) => ({ serial, reason: 0, atMs: 0 }));
    const value = { net: this.net, authority: this.id, subject, number, atMs: 0, revoked };
    return signRecord(revocationsRecord, crypto, this.anchorSecret, value).bytes;
  }

  /** Checks seals as a gateway does. */
  seals(): SealVerifier {
    const verifier = createVerifier(publicKeyOf(this.sealSecret));
    const isRight = ({ domain, record, seal }: SealJob) => verifier.verify(domain, record, seal);
    return {
      verifySeals: (_, jobs) => jobs.map(isRight),
      verifyAll: (_, jobs) => jobs.every(isRight),
    };
  }
}

/** What an operator would have in a folder. */
export class TestShelf implements IdentityShelf {
  authorityBytes: Uint8Array | undefined;
  readonly held: Uint8Array[] = [];
  readonly heldLists: Uint8Array[] = [];
  readonly requests = new Map<string, Uint8Array>();
  readonly refusedIds = new Set<string>();
  requestsMax = 16;

  authority(): Uint8Array | undefined {
    return this.authorityBytes;
  }
  certificates(): readonly Uint8Array[] {
    return this.held;
  }
  lists(): readonly Uint8Array[] {
    return this.heldLists;
  }
  request(id: string, signed: Uint8Array): boolean {
    if (!this.requests.has(id) && this.requests.size >= this.requestsMax) return false;
    this.requests.set(id, signed);
    return true;
  }
  refused(_id: string, signed: Uint8Array): boolean {
    const opened = openSigned(enrolRecord, crypto, signed);
    return opened.ok && this.refusedIds.has(toHex(opened.id));
  }

  /** What the node with this id asks for. */
  asked(id: string) {
    const opened = openSigned(enrolRecord, crypto, this.requests.get(id)!);
    if (!opened.ok) throw new Error(opened.detail);
    return { ...opened.value, request: toHex(opened.id) };
  }
}
