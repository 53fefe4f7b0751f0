// SPDX-License-Identifier: Apache-2.0
/** The authority at work: its keys, its register, and the rules for what it certifies. */
import { fromHex, toHex } from "#core/codec/bytes";
import { type Signed, signRecord } from "#core/codec/record";
import { deriveSecretKey, encodePublicKey, publicKeyOf } from "#core/crypto/boneh-boyen/keys";
import { sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier, type Verifier } from "#core/crypto/boneh-boyen/verify";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import { CONNECTION_W_MAX, METER_CHARS_MAX, REVOKED_MAX } from "#core/limits";
import { authorityRecord, Revoked, revocationsRecord, Subject } from "#core/records/authority";
import { type Certificate, certificateRecord, type Enrol } from "#core/records/certificate";
import { DOMAIN, encodeSealed } from "#core/trust/certificate";
import { DAY_MS } from "#core/units/time";
import { BACKDATED_MS, Certificates, type Issued, stateOf } from "./certificates.ts";
import type { Entry, IssueEntry, ReasonName, SubjectName, TlsEntry } from "./entries.ts";
import { RefusedError } from "./error.ts";
import type { Vault } from "./key-store.ts";
import type { Register } from "./register.ts";
import { isClaimedBy } from "./requests.ts";

/** Purpose of the Boneh–Boyen key. */
const SEAL_KEY_DOMAIN = "wattle/authority-key/1";
const NO_WALLETS = new Uint8Array(32);
/** A revoked certificate stays on the list for so long after its end: clocks differ. */
const REVOKED_KEPT_MS = 7 * DAY_MS;
/** Ten years: what a meter is calibrated for at most. */
export const VALID_DAYS_MAX = 3660;

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the operator decides about a request. */
export interface NodeTerms extends Validity {
  /** As the node shows it; undefined where nobody stood there. */
  readonly claim?: string;
  /** In place of what the request says. */
  readonly meter?: string;
  readonly connectionW?: number;
}

export interface GatewayTerms extends Validity {
  readonly publicKey: Uint8Array;
  readonly area: string;
  /** Serial of its certificate that this one follows. */
  readonly renews?: number;
}

export class Authority {
  readonly net: string;
  readonly name: string;
  readonly anchorKey: Uint8Array;
  readonly id: Uint8Array;
  readonly certificates: Certificates;
  private readonly crypto: Crypto;
  private readonly vault: Vault;
  private readonly register: Register;
  private readonly sealSecret: ReturnType<typeof deriveSecretKey>;
  /** Both take some of a second to make. */
  private madeSealKey: ReturnType<typeof publicKeyOf> | undefined;
  private verifier: Verifier | undefined;

  constructor(crypto: Crypto, vault: Vault, register: Register) {
    this.crypto = crypto;
    this.vault = vault;
    this.register = register;
    this.net = vault.net;
    this.name = vault.name;
    this.anchorKey = crypto.publicKey(vault.anchorSecret);
    this.id = nodeIdOf(crypto, this.anchorKey);
    this.sealSecret = deriveSecretKey(vault.sealSecret, SEAL_KEY_DOMAIN);
    this.certificates = new Certificates(register.entries);
  }

  private get sealKey() {
    this.madeSealKey ??= publicKeyOf(this.sealSecret);
    return this.madeSealKey;
  }

  /** The authority's own record, signed: the same bytes each time. */
  record(): Uint8Array {
    const { net, name, anchorSecret, atMs } = this.vault;
    const sealKey = encodePublicKey(this.sealKey);
    const value = { net, name, anchorKey: this.anchorKey, sealKey, atMs };
    return signRecord(authorityRecord, this.crypto, anchorSecret, value).bytes;
  }

  /** Certifies what a request asks for. @throws RefusedError */
  issueNode({ value, id: requestId }: Signed<Enrol>, terms: NodeTerms, nowMs: number): Issued {
    const { claim, meter = value.meter, connectionW = value.connectionW } = terms;
    const request = toHex(requestId);
    const before = this.certificates.answering(request);
    if (before)
      throw refused(
        `serial ${before.serial} answers this request. wattle authority export writes it again; ` +
          "for another one the node has to ask anew",
      );
    if (value.net !== this.net)
      throw refused(
        `the request is for net ${value.net}, and this is the authority of ${this.net}`,
      );
    if (claim !== undefined && !isClaimedBy(this.crypto, value, claim))
      throw refused(
        "the claim code is not the one that the request was made with. Read it again at the node; " +
          "a node that has a new code has to ask anew",
      );
    checkPlace(meter, connectionW);
    const id = nodeIdOf(this.crypto, value.publicKey);
    this.checkKey("node", toHex(id), value.renews, terms);
    const holder = this.certificates.holdingMeter(meter, toHex(id), terms.fromMs, terms.untilMs);
    if (holder)
      throw refused(
        `meter ${meter} has a certificate already: serial ${holder.serial}, node ${holder.id} ` +
          `(${holder.name}). Revoke that one (--reason replaced), or give the right --meter`,
      );
    const { publicKey, wallets, name, renews } = value;
    const place = { area: "", wallets, meter, connectionW };
    return this.issue(Subject.node, { publicKey, id, ...place }, terms, nowMs, {
      ...{ name, renews, request, claimed: claim !== undefined },
    });
  }

  /** Certifies a gateway: its word for its key is the operator's. @throws RefusedError */
  issueGateway(terms: GatewayTerms, nowMs: number): Issued {
    const { publicKey, area, renews = 0 } = terms;
    const id = nodeIdOf(this.crypto, publicKey);
    this.checkKey("gateway", toHex(id), renews, terms);
    const place = { area, wallets: NO_WALLETS, meter: "", connectionW: 0 };
    return this.issue(Subject.gateway, { publicKey, id, ...place }, terms, nowMs, {
      ...{ name: area, renews, request: "", claimed: false },
    });
  }

  /**
   * Follows a certificate that is valid now, where nothing but time and wallets are other than in it; `again`
   * where the request was answered before. A reason in words where it is left.
   */
  renew(
    request: Signed<Enrol>,
    validity: Validity,
    nowMs: number,
  ): { issued: Issued; again: boolean } | string {
    const before = this.certificates.answering(toHex(request.id));
    if (before)
      return before.revoked ? "its certificate is revoked" : { issued: before, again: true };
    const { renews, publicKey, meter, connectionW } = request.value;
    if (renews === 0) return "a first request: issue answers it";
    const old = this.certificates.get(renews);
    if (!old || old.id !== toHex(nodeIdOf(this.crypto, publicKey)))
      return `serial ${renews} is not this node's`;
    const state = stateOf(old, nowMs);
    if (state !== "valid") return `serial ${renews} is ${state}`;
    // "" and 0 say nothing: the operator gave them at the first certificate.
    const otherMeter = meter !== "" && meter !== old.meter;
    if (otherMeter || (connectionW > 0 && connectionW !== old.connectionW))
      return `another meter or connection than in serial ${renews}: issue answers it`;
    const terms = { ...validity, meter: old.meter, connectionW: old.connectionW };
    try {
      return { issued: this.issueNode(request, terms, nowMs), again: false };
    } catch (error) {
      if (error instanceof RefusedError) return error.message;
      throw error;
    }
  }

  /**
   * Revokes one certificate, or all of a node or gateway that have not ended; for ever.
   * @throws RefusedError
   */
  revoke(target: number | string, reason: ReasonName, nowMs: number): Issued[] {
    const meant =
      typeof target === "number"
        ? [this.certificates.get(target)].filter((issued) => issued !== undefined)
        : this.certificates.of(target);
    if (meant.length === 0)
      throw refused(`no certificate of ${target}. wattle authority list shows all`);
    const open = meant.filter((issued) => !issued.revoked && issued.untilMs > nowMs);
    if (open.length === 0) {
      const why = meant.map((one) => `serial ${one.serial} is ${stateOf(one, nowMs)}`).join(", ");
      throw refused(
        `nothing of ${target} counts: ${why}. Where the network's time is not UTC give --at`,
      );
    }
    if (this.revokedOf(open[0].subject, nowMs).length + open.length > REVOKED_MAX)
      throw refused(
        `a list holds ${REVOKED_MAX} revoked certificates that have not expired, and is full. ` +
          "Wait until some expire, and give shorter validities",
      );
    for (const { serial, subject } of open)
      this.write({ kind: "revoke", atMs: nowMs, serial, subject, reason });
    return open;
  }

  /** The newest list of revoked certificates of a subject, signed: the same bytes each time. */
  list(subject: SubjectName): Uint8Array {
    const last = this.register.entries.findLast(
      (entry) => entry.kind === "revoke" && entry.subject === subject,
    );
    const atMs = last?.atMs ?? this.vault.atMs;
    const value = {
      net: this.net,
      authority: this.id,
      subject: Subject[subject],
      number: this.certificates.listNumber(subject),
      atMs,
      revoked: this.revokedOf(subject, atMs).map(({ serial, revoked }) => ({
        serial,
        reason: Revoked[revoked!.reason],
        atMs: revoked!.atMs,
      })),
    };
    return signRecord(revocationsRecord, this.crypto, this.vault.anchorSecret, value).bytes;
  }

  /** Notes a broker's certificate. */
  noteTls(entry: TlsEntry): void {
    this.write(entry);
  }

  private revokedOf(subject: SubjectName, atMs: number): Issued[] {
    return this.certificates
      .all()
      .filter((one) => one.subject === subject && one.revoked)
      .filter(({ untilMs }) => untilMs + REVOKED_KEPT_MS > atMs);
  }

  /** Whether this key may have another certificate. */
  private checkKey(subject: SubjectName, id: string, renews: number, validity: Validity): void {
    const { fromMs, untilMs } = validity;
    if (!(fromMs < untilMs) || untilMs - fromMs > VALID_DAYS_MAX * DAY_MS + BACKDATED_MS)
      throw refused(`the validity ends before it begins, or is over ${VALID_DAYS_MAX} days`);
    const all = this.certificates.of(id);
    const other = all.find((issued) => issued.subject !== subject);
    if (other) throw refused(`serial ${other.serial} is a ${other.subject}'s with this key`);
    const lost = all.find(({ revoked }) => revoked?.reason === "key");
    if (lost)
      throw refused(
        `serial ${lost.serial} was revoked because somebody else may have this key. It gets no ` +
          "other certificate: make a new key (wattle reset identity on the node)",
      );
    const held = this.certificates.holdingKey(id, fromMs, untilMs);
    if (held && held.serial !== renews)
      throw refused(
        `${subject} ${id} has serial ${held.serial}, which counts until ` +
          `${new Date(held.untilMs).toISOString()}. A request that renews that one follows it; ` +
          "else revoke it first (--reason replaced)",
      );
    if (renews !== 0 && !all.some(({ serial }) => serial === renews))
      throw refused(`serial ${renews}, which this is to renew, is not of this key`);
  }

  private issue(
    subject: number,
    of: Pick<Certificate, "id" | "publicKey" | "area" | "wallets" | "meter" | "connectionW">,
    { fromMs, untilMs }: Validity,
    nowMs: number,
    noted: Pick<IssueEntry, "name" | "renews" | "request" | "claimed">,
  ): Issued {
    const serial = this.certificates.nextSerial;
    const { net, id: authority } = this;
    const value = { net, authority, serial, subject, ...of, fromMs, untilMs };
    const entry: IssueEntry = {
      kind: "issue",
      atMs: nowMs,
      serial,
      subject: subject === Subject.node ? "node" : "gateway",
      id: toHex(of.id),
      name: noted.name,
      meter: of.meter,
      connectionW: of.connectionW,
      fromMs,
      untilMs,
      renews: noted.renews,
      request: noted.request,
      claimed: noted.claimed,
      certificate: toHex(this.seal(value)),
    };
    this.write(entry); // before anybody sees it: a serial that is out is in the register
    return this.certificates.get(serial)!;
  }

  private seal(value: Certificate): Uint8Array {
    const record = certificateRecord.encode(value);
    const seal = sign(this.sealSecret, DOMAIN, record);
    // A fault of the machine in the one inversion would show the key to whoever gets the certificate.
    this.verifier ??= createVerifier(this.sealKey, { windowBits: 1 });
    assert(this.verifier.verify(DOMAIN, record, seal), "AUTHORITY_SEAL", `serial ${value.serial}`);
    const id = domainHash(this.crypto, DOMAIN, record);
    const isGateway = value.subject === Subject.gateway;
    const anchor = isGateway ? this.crypto.sign(this.vault.anchorSecret, id) : undefined;
    return encodeSealed(record, seal, anchor);
  }

  private write(entry: Entry): void {
    this.register.append(entry, this.vault.anchorSecret);
    this.certificates.take(entry);
  }
}

/** The bytes of a certificate as it is handed out. */
export function sealedOf({ certificate }: IssueEntry): Uint8Array {
  const bytes = fromHex(certificate);
  assert(bytes, "AUTHORITY_CERTIFICATE");
  return bytes;
}

function checkPlace(meter: string, connectionW: number): void {
  if (meter.length > METER_CHARS_MAX || !/^[\x20-\x7e]*$/.test(meter))
    throw refused(`--meter takes at most ${METER_CHARS_MAX} characters of ASCII`);
  if (!Number.isInteger(connectionW) || connectionW < 1 || connectionW > CONNECTION_W_MAX)
    throw refused(
      `a connection of ${connectionW} W. Give the rating of the node's connection with ` +
        `--connection-w, 1 to ${CONNECTION_W_MAX}: amperes x volts x phases`,
    );
}

function refused(message: string): RefusedError {
  return new RefusedError(message);
}
