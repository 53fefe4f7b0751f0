// SPDX-License-Identifier: Apache-2.0
/** `wattle enrol list | approve | refuse`: what nodes ask for at a gateway, decided by its operator. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ascii, toHex } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import type { Enrol } from "#core/records/certificate";
import { isoTime } from "#core/units/time";
import { AuthorityToolError, codeOf } from "../authority/error.ts";
import { writeWhole } from "../authority/files.ts";
import { openFolder, writeCertificate } from "../authority/folder.ts";
import { claimCode, REQUEST_SUFFIX, readRequest, requestsIn } from "../authority/requests.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { REFUSED_SUFFIX, REQUESTS_FOLDER } from "../identity/folder.ts";
import {
  type AuthorityOptions,
  EXIT_PART,
  jsonOf,
  lineOf,
  nowOf,
  type Report,
  runCommand,
  withAuthority,
} from "./authority-session.ts";
import { type ValidityOptions, validityOf, wattsOf } from "./authority-terms.ts";

export interface EnrolOptions extends AuthorityOptions {
  /** The gateway's identity folder. */
  folder: string;
}

interface Waiting {
  id: string;
  path: string;
  request: Signed<Enrol>;
  refused: boolean;
}

/** Requests in the folder, by name; what cannot be read is told of. */
function waitingIn(folder: string, say: (line: string) => void): Waiting[] {
  const crypto = sodiumCrypto();
  const requests = join(folder, REQUESTS_FOLDER);
  const waiting: Waiting[] = [];
  for (const path of requestsIn(requests)) {
    try {
      const request = readRequest(crypto, path);
      const id = toHex(nodeIdOf(crypto, request.value.publicKey));
      waiting.push({ id, path, request, refused: isRefused(path, toHex(request.id)) });
    } catch (error) {
      if (!(error instanceof AuthorityToolError)) throw error;
      say(error.message);
    }
  }
  return waiting.sort((a, b) => (a.request.value.name < b.request.value.name ? -1 : 1));
}

/** Beside the request at `path`: the refusal, which names the request that is meant. */
function refusalOf(path: string): string {
  return `${path.slice(0, -REQUEST_SUFFIX.length)}${REFUSED_SUFFIX}`;
}

/** A refusal that the node has answered with another request does not count. */
function isRefused(path: string, requestId: string): boolean {
  try {
    return readFileSync(refusalOf(path), "latin1").trim() === requestId;
  } catch {
    return false;
  }
}

/** The request that is meant by the begin of a node's id, or by a name that only one has. */
function meant(waiting: readonly Waiting[], which: string): Waiting {
  const byName = waiting.filter(({ request }) => request.value.name === which);
  const byId = waiting.filter(({ id }) => which.length >= 4 && id.startsWith(which.toLowerCase()));
  const found = byName.length > 0 ? byName : byId;
  if (found.length === 1) return found[0];
  if (found.length > 1)
    throw new AuthorityToolError(`${which}: ${found.length} requests. Give more of the node's id`);
  throw new AuthorityToolError(`${which}: no such request. wattle enrol list shows all of them`);
}

/** `list`: who asks for what. */
export function enrolListCommand(options: EnrolOptions): Promise<number> {
  return runCommand(
    "enrol list",
    options,
    () => {
      const faults: string[] = [];
      const waiting = waitingIn(options.folder, (line) => void faults.push(line));
      const lines = waiting.map(({ id, request: { value }, refused }) => {
        const { name, meter, connectionW, renews } = value;
        const what = renews > 0 ? `renews ${renews}` : "new";
        const place = `${meter || "no meter named"}, ${connectionW} W`;
        return `${id}  ${name}: ${what}, ${place}${refused ? ", refused" : ""}`;
      });
      if (waiting.length === 0) lines.push("no requests");
      const json = waiting.map(({ id, request: { value }, refused, path }) => {
        const { name, meter, connectionW, renews, atMs, publicKey } = value;
        const at = atMs > 0 ? isoTime(atMs) : null;
        const key = toHex(publicKey);
        return { id, publicKey: key, name, meter, connectionW, renews, at, refused, file: path };
      });
      return { lines: [...faults, ...lines], json: { requests: json, faults } };
    },
    "wattle",
  );
}

export interface ApproveOptions extends EnrolOptions, ValidityOptions {
  claim?: string;
  meter?: string;
  connectionW?: string;
  /** Every request, without claim codes. */
  all?: boolean;
}

/** `approve`: the authority certifies it, and the gateway finds the certificate. */
export function enrolApproveCommand(
  which: string | undefined,
  options: ApproveOptions,
): Promise<number> {
  return runCommand(
    "enrol approve",
    options,
    async () => {
      const { folder, claim, all } = options;
      if ((which === undefined) !== (all === true))
        throw new AuthorityToolError("give either a node's id or name, or --all");
      if (all && claim !== undefined)
        throw new AuthorityToolError("--claim is one node's. Leave it out, or name the node");
      if (all && options.meter !== undefined)
        throw new AuthorityToolError("--meter is one node's. Leave it out, or name the node");
      const nowMs = nowOf(options);
      const validity = validityOf(options, nowMs);
      const code = claim === undefined ? undefined : claimCode(claim);
      const faults: string[] = [];
      const waiting = waitingIn(folder, (line) => void faults.push(line));
      const chosen =
        which === undefined ? waiting.filter(({ refused }) => !refused) : [meant(waiting, which)];
      return await withAuthority(options, ({ authority, crypto }): Report => {
        openFolder(folder, authority, crypto);
        const lines: string[] = [...faults];
        if (all) lines.push(...waiting.filter(({ refused }) => refused).map(passed));
        const approved: Record<string, unknown>[] = [];
        const left: { id: string; cause: string }[] = [];
        for (const { id, path, request } of chosen) {
          try {
            const given = { meter: options.meter, connectionW: wattsOf(options.connectionW) };
            const issued = authority.issueNode(
              request,
              { ...validity, claim: code, ...given },
              nowMs,
            );
            const file = writeCertificate(folder, issued, crypto);
            clear(path);
            approved.push({ ...jsonOf(issued), file });
            lines.push(lineOf(issued));
          } catch (error) {
            if (!(error instanceof AuthorityToolError) || !all) throw error;
            left.push({ id, cause: error.message });
            lines.push(`left ${id}: ${error.message}`);
          }
        }
        if (approved.some(({ claimed }) => !claimed))
          lines.push("without claim codes: nothing but your word ties these keys to their meters");
        const exitCode = left.length > 0 ? EXIT_PART : 0;
        return { lines, json: { approved, left, faults }, exitCode };
      });
    },
    "wattle",
  );
}

function passed({ id, request }: Waiting): string {
  return `passed ${id} (${request.value.name}): it was refused. Name it to approve it after all`;
}

/** The request is answered: neither it nor an earlier refusal stays. */
function clear(path: string): void {
  try {
    rmSync(refusalOf(path), { force: true });
    rmSync(path, { force: true });
  } catch (error) {
    // The certificate is there: the gateway clears up when it has read it.
    if (existsSync(path)) throw new AuthorityToolError(leftBehind(path, codeOf(error)));
  }
}

function leftBehind(path: string, code: string): string {
  return `${path}: ${code}. The certificate is written; remove this request yourself`;
}

/** `refuse`: the node is told, and may ask again with other words. */
export function enrolRefuseCommand(which: string, options: EnrolOptions): Promise<number> {
  return runCommand(
    "enrol refuse",
    options,
    () => {
      const faults: string[] = [];
      const { id, path, request } = meant(
        waitingIn(options.folder, (line) => void faults.push(line)),
        which,
      );
      writeWhole(refusalOf(path), ascii(`${toHex(request.id)}\n`));
      const { name } = request.value;
      return { lines: [...faults, `refused ${id} (${name})`], json: { id, name } };
    },
    "wattle",
  );
}
