// SPDX-License-Identifier: Apache-2.0
/** `wattle authority init | issue | revoke | renew`: who may take part, decided where the keys are. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { Authority } from "../authority/authority.ts";
import { AuthorityToolError } from "../authority/error.ts";
import { makeFolder } from "../authority/files.ts";
import {
  openFolder,
  refuseOtherGateway,
  writeAuthority,
  writeCertificate,
  writeLists,
} from "../authority/folder.ts";
import {
  createKeyStore,
  refuseKeyStoreThere,
  sealVault,
  type Vault,
} from "../authority/key-store.ts";
import { Register } from "../authority/register.ts";
import { claimCode, readRequest, requestsIn } from "../authority/requests.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { newPassphraseFrom } from "./authority-passphrase.ts";
import {
  type AuthorityOptions,
  EXIT_PART,
  jsonOf,
  lineOf,
  nowOf,
  pathsOf,
  type Report,
  runCommand,
  type Session,
  withAuthority,
} from "./authority-session.ts";
import {
  gatewayPublicKey,
  nameOf,
  reasonOf,
  serialOf,
  targetOf,
  type ValidityOptions,
  validityOf,
  wattsOf,
} from "./authority-terms.ts";

export interface InitOptions extends AuthorityOptions {
  net: string;
  name: string;
  /** Folder for authority.cbor. */
  out?: string;
  /** For tests: scrypt's cost. */
  log2N?: number;
}

/** `init`: makes the keys, the register and the authority's record. */
export function authorityInitCommand(options: InitOptions): Promise<number> {
  return runCommand("init", options, async () => {
    const net = nameOf("--net", options.net);
    const name = nameOf("--name", options.name, " ");
    const { key, register } = pathsOf(options);
    const { out = ".", nowMs = Date.now() } = options;
    refuseKeyStoreThere(key);
    const passphrase = await newPassphraseFrom(options);
    const crypto = sodiumCrypto();
    const { createTlsAuthority } = await import("../authority/x509.ts"); // it takes long to load
    const tls = await createTlsAuthority(`${net} brokers`, nowMs);
    const vault: Vault = {
      net,
      name,
      atMs: nowMs,
      sealSecret: Uint8Array.from(randomBytes(32)),
      anchorSecret: Uint8Array.from(randomBytes(32)),
      caKey: tls.key,
      caCertificate: tls.certificate,
    };
    const anchorKey = toHex(crypto.publicKey(vault.anchorSecret));
    const first = { kind: "init", atMs: nowMs, net, name, anchorKey } as const;
    Register.create(register, crypto, vault.anchorSecret, first);
    makeFolder(out);
    const opened = Register.open(register, crypto, crypto.publicKey(vault.anchorSecret));
    const record = writeAuthority(out, new Authority(crypto, vault, opened));
    createKeyStore(key, sealVault(crypto, vault, passphrase, options.log2N)); // last: now it is one
    return {
      lines: [
        `authority of net ${net}, ${name}`,
        `  anchor key ${anchorKey}`,
        `  keys       ${key}: keep it and its passphrase apart, and a copy of both; it belongs on no gateway`,
        `  register   ${register}, and its .head: copy them after each change`,
        `  record     ${record}: for the gateways`,
      ],
      json: { net, name, anchorKey, key, register, record },
    };
  });
}

export interface IssueOptions extends AuthorityOptions, ValidityOptions {
  /** A node's request. */
  request?: string;
  claim?: string;
  meter?: string;
  connectionW?: string;
  /** A gateway's public key or ready file. */
  gateway?: string;
  area?: string;
  renews?: string;
  out: string;
}

/** `issue`: certifies a node by its request, or a gateway by its key. */
export function authorityIssueCommand(options: IssueOptions): Promise<number> {
  return runCommand("issue", options, () => {
    const { request, gateway } = options;
    if ((request === undefined) === (gateway === undefined))
      throw new AuthorityToolError("give either --request <file> or --gateway <key>");
    const others = request === undefined ? NODE_ONLY : GATEWAY_ONLY;
    for (const name of others)
      if (options[name] !== undefined)
        throw new AuthorityToolError(
          `--${name === "connectionW" ? "connection-w" : name} is not for a ` +
            `${request === undefined ? "gateway" : "node"}. Leave it out`,
        );
    const nowMs = nowOf(options);
    const validity = validityOf(options, nowMs);
    return withAuthority(options, (session) => {
      openFolder(options.out, session.authority, session.crypto);
      return request === undefined
        ? issueGateway(session, options, validity, nowMs)
        : issueNode(session, options, validity, nowMs);
    });
  });
}

const NODE_ONLY = ["claim", "meter", "connectionW"] as const;
const GATEWAY_ONLY = ["area", "renews"] as const;
type Validity = ReturnType<typeof validityOf>;

function issueNode(
  { authority, crypto }: Session,
  { request = "", claim, meter, connectionW, out }: IssueOptions,
  validity: Validity,
  nowMs: number,
): Report {
  const asked = readRequest(crypto, request);
  const code = claim === undefined ? undefined : claimCode(claim);
  const given = { ...validity, claim: code, meter, connectionW: wattsOf(connectionW) };
  const issued = authority.issueNode(asked, given, nowMs);
  const file = writeCertificate(out, issued, crypto);
  const lines = [lineOf(issued), `  ${file}`];
  if (!issued.claimed)
    lines.push("  no claim code was given: nothing but your word ties this key to this meter");
  return { lines, json: { ...jsonOf(issued), file } };
}

function issueGateway(
  { authority, crypto }: Session,
  { gateway = "", area, renews, out }: IssueOptions,
  validity: Validity,
  nowMs: number,
): Report {
  if (area === undefined) throw new AuthorityToolError("--gateway needs --area <name>");
  const terms = {
    ...validity,
    publicKey: gatewayPublicKey(gateway),
    area: nameOf("--area", area),
    renews: renews === undefined ? undefined : serialOf("--renews", renews),
  };
  const id = toHex(nodeIdOf(crypto, terms.publicKey));
  refuseOtherGateway(out, id, crypto); // before there is a certificate that has no place
  const issued = authority.issueGateway(terms, nowMs);
  const file = writeCertificate(out, issued, crypto);
  return { lines: [lineOf(issued), `  ${file}`], json: { ...jsonOf(issued), file } };
}

export interface RevokeOptions extends AuthorityOptions {
  reason: string;
  out: string;
}

/** `revoke`: ends certificates before their time, for ever, and writes the lists that say so. */
export function authorityRevokeCommand(target: string, options: RevokeOptions): Promise<number> {
  return runCommand("revoke", options, () => {
    const meant = targetOf(target);
    const reason = reasonOf(options.reason);
    const nowMs = nowOf(options);
    return withAuthority(options, ({ authority, crypto }) => {
      openFolder(options.out, authority, crypto);
      const revoked = authority.revoke(meant, reason, nowMs);
      const files = writeLists(options.out, authority);
      const left = authority.certificates
        .of(revoked[0].id)
        .filter((issued) => !issued.revoked && issued.untilMs > nowMs);
      const { subject } = revoked[0];
      const number = authority.certificates.listNumber(subject);
      return {
        lines: [
          ...revoked.map((issued) => `revoked (${reason}) ${lineOf(issued)}`),
          ...left.map((issued) => `  still counts: ${lineOf(issued)}`),
          `  list ${number} of ${subject}s: ${files.join(", ")}`,
        ],
        json: { revoked: revoked.map(jsonOf), stillValid: left.map(jsonOf), number, files },
      };
    });
  });
}

export interface RenewOptions extends AuthorityOptions, ValidityOptions {
  requests: string;
  out: string;
}

/** `renew`: answers all requests of a folder that ask for nothing but more time. */
export function authorityRenewCommand(options: RenewOptions): Promise<number> {
  return runCommand("renew", options, () => {
    const nowMs = nowOf(options);
    const validity = validityOf(options, nowMs);
    const paths = requestsIn(options.requests);
    return withAuthority(options, ({ authority, crypto }) => {
      openFolder(options.out, authority, crypto);
      const renewed: Record<string, unknown>[] = [];
      const left: { request: string; cause: string }[] = [];
      const lines: string[] = [];
      for (const path of paths) {
        const answer = renewOne(path, { authority, crypto }, validity, nowMs);
        if (typeof answer === "string") {
          left.push({ request: path, cause: answer });
          lines.push(`left ${basename(path)}: ${answer}`);
          continue;
        }
        const { issued, again } = answer;
        const file = writeCertificate(options.out, issued, crypto);
        renewed.push({ ...jsonOf(issued), request: path, file, again });
        lines.push(`${lineOf(issued)}${again ? ", written again" : `, after ${issued.renews}`}`);
      }
      lines.push(`${renewed.length} renewed, ${left.length} left`);
      return { lines, json: { renewed, left }, exitCode: left.length > 0 ? EXIT_PART : 0 };
    });
  });
}

function renewOne(
  path: string,
  { authority, crypto }: Pick<Session, "authority" | "crypto">,
  validity: Validity,
  nowMs: number,
) {
  let request: ReturnType<typeof readRequest>;
  try {
    request = readRequest(crypto, path);
  } catch (error) {
    if (error instanceof AuthorityToolError) return error.message;
    throw error;
  }
  return authority.renew(request, validity, nowMs);
}
