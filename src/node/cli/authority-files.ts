// SPDX-License-Identifier: Apache-2.0
/** `wattle authority list | export | tls`: what there is, a gateway's folder, and certificates for brokers. */
import { join } from "node:path";
import { toHex } from "#core/codec/bytes";
import { DAY_MS } from "#core/units/time";
import { Certificates, type Issued, type State, stateOf } from "../authority/certificates.ts";
import { AuthorityToolError } from "../authority/error.ts";
import { makeFolder, SECRET_MODE, writeNew, writeWhole } from "../authority/files.ts";
import { openFolder, writeAuthority, writeCertificate, writeLists } from "../authority/folder.ts";
import { anchorKeyOf, readKeyStore } from "../authority/key-store.ts";
import { Register } from "../authority/register.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import {
  type AuthorityOptions,
  iso,
  jsonOf,
  nowOf,
  pathsOf,
  runCommand,
  withAuthority,
} from "./authority-session.ts";
import { daysOf, targetOf } from "./authority-terms.ts";

export interface ListOptions extends AuthorityOptions {
  expired?: boolean;
  revoked?: boolean;
  /** Days. */
  expiring?: string;
}

/** `list`: the certificates of the register, whose lines are checked by the key store's anchor key. */
export function authorityListCommand(options: ListOptions): Promise<number> {
  return runCommand("list", options, () => {
    const paths = pathsOf(options);
    const nowMs = nowOf(options);
    const anchorKey = anchorKeyOf(readKeyStore(paths.key), paths.key);
    const register = Register.open(paths.register, sodiumCrypto(), anchorKey);
    const certificates = new Certificates(register.entries);
    const rows = selected(certificates, options, nowMs);
    return {
      lines: [
        ...tableOf(rows, nowMs),
        `${rows.length} of ${certificates.all().length} certificates`,
      ],
      json: {
        anchorKey: toHex(anchorKey),
        certificates: rows.map((row) => ({ ...jsonOf(row), state: stateOf(row, nowMs) })),
      },
    };
  });
}

function selected(
  certificates: Certificates,
  { expired, revoked, expiring }: ListOptions,
  nowMs: number,
): Issued[] {
  const asked = [expired, revoked, expiring !== undefined].filter(Boolean).length;
  if (asked > 1)
    throw new AuthorityToolError("give one of --expired, --revoked and --expiring <days>");
  const only = (state: State) => certificates.all().filter((one) => stateOf(one, nowMs) === state);
  if (expired) return only("expired");
  if (revoked) return only("revoked");
  if (expiring === undefined) return certificates.all();
  const untilMs = nowMs + daysOf("--expiring", expiring) * DAY_MS;
  // What another certificate of the same key follows needs nothing.
  return only("valid").filter(
    (one) => one.untilMs <= untilMs && certificates.holdingKey(one.id, nowMs, untilMs) === one,
  );
}

function tableOf(rows: readonly Issued[], nowMs: number): string[] {
  const head = ["serial", "subject", "id", "name or area", "meter", "until", "state"];
  const cells = rows.map((row) => {
    const { serial, subject, id, name, meter, untilMs, revoked } = row;
    const state = revoked ? `revoked: ${revoked.reason}` : stateOf(row, nowMs);
    return [String(serial), subject, id, name, meter, iso(untilMs).slice(0, 16), state];
  });
  const widths = head.map((text, i) =>
    Math.max(...[head, ...cells].map((row) => row[i].length), text.length),
  );
  return [head, ...cells].map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]))
      .join("  ")
      .trimEnd(),
  );
}

export interface ExportOptions extends AuthorityOptions {
  /** Id or serial of the gateway whose folder it is. */
  gateway?: string;
  out: string;
}

/** `export`: everything that a gateway's identity folder needs. */
export function authorityExportCommand(options: ExportOptions): Promise<number> {
  return runCommand("export", options, () => {
    const target = options.gateway === undefined ? undefined : targetOf(options.gateway);
    const nowMs = nowOf(options);
    return withAuthority(options, ({ authority, crypto }) => {
      openFolder(options.out, authority, crypto);
      const counting = authority.certificates
        .all()
        .filter((one) => !one.revoked && one.untilMs > nowMs);
      const gateway = gatewayOf(counting, target);
      const nodes = counting.filter(({ subject }) => subject === "node");
      const files = [
        writeAuthority(options.out, authority),
        ...writeLists(options.out, authority),
        ...[...nodes, ...(gateway ? [gateway] : [])].map((one) =>
          writeCertificate(options.out, one, crypto),
        ),
      ];
      const own = gateway
        ? `  gateway.cert: serial ${gateway.serial}, area ${gateway.name}`
        : "  no gateway has a certificate: there is no gateway.cert";
      return {
        lines: [
          `${files.length} files in ${options.out}, certificates of ${nodes.length} nodes`,
          own,
        ],
        json: { files, nodes: nodes.length, gateway: gateway?.serial ?? null },
      };
    });
  });
}

/** The newest certificate of the gateway that is meant, or of the only one. @throws AuthorityToolError */
function gatewayOf(
  counting: readonly Issued[],
  target: number | string | undefined,
): Issued | undefined {
  const all = counting.filter(({ subject }) => subject === "gateway");
  if (target !== undefined) {
    const found = all.findLast(({ serial, id }) => serial === target || id === target);
    if (found) return found;
    throw new AuthorityToolError(`--gateway ${target}: no gateway with a certificate that counts`);
  }
  const ids = new Set(all.map(({ id }) => id));
  if (ids.size <= 1) return all.at(-1);
  throw new AuthorityToolError(
    `${ids.size} gateways have certificates. Give the id or serial of one with --gateway`,
  );
}

export interface TlsOptions extends AuthorityOptions {
  host: string;
  days?: string;
  out: string;
}

/** `tls`: a key and certificate for a broker, and the certificate that nodes are given. */
export function authorityTlsCommand(options: TlsOptions): Promise<number> {
  return runCommand("tls", options, async () => {
    const { createBrokerCertificate, hostsOf } = await import("../authority/x509.ts");
    const hosts = hostsOf(options.host);
    const days = daysOf("--days", options.days);
    const { out, nowMs = Date.now() } = options;
    const [ca, chain, key] = ["ca.pem", "broker.pem", "broker.key"].map((name) => join(out, name));
    return withAuthority(options, async ({ authority, vault }) => {
      const tls = { key: vault.caKey, certificate: vault.caCertificate };
      const made = await createBrokerCertificate(tls, hosts, days, nowMs);
      const { serial, fingerprint, fromMs, untilMs } = made;
      makeFolder(out);
      // A broker that starts again must find a key and a certificate that belong together.
      if (!writeNew(key, Buffer.from(made.keyPem), SECRET_MODE))
        throw new AuthorityToolError(
          `${key} is there already, and a key is never overwritten. Give another folder, and ` +
            "change the broker's files together",
        );
      authority.noteTls({ kind: "tls", atMs: nowMs, serial, fingerprint, hosts, fromMs, untilMs });
      writeWhole(chain, Buffer.from(made.chainPem));
      writeWhole(ca, Buffer.from(made.caPem));
      return {
        lines: [
          `a certificate for ${hosts.join(", ")}, ${iso(fromMs)} to ${iso(untilMs)}`,
          `  broker  ${chain} and ${key}: for the broker alone`,
          `  nodes   ${ca}: wattle provision --ca ${ca}`,
        ],
        json: { hosts, serial, from: iso(fromMs), until: iso(untilMs), ca, chain, key },
      };
    });
  });
}
