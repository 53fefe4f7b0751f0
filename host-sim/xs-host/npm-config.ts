// SPDX-License-Identifier: Apache-2.0
/**
 * The user's npm settings, for fetching as npm itself would: a registry of their own, a proxy, a certificate
 * authority. npm does not hand these to its scripts, so it is asked.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

/** What pacote takes; only what is set. */
export interface FetchOptions {
  registry?: string;
  proxy?: string;
  httpsProxy?: string;
  noProxy?: string[];
  strictSSL?: boolean;
  ca?: string[];
}

/** npm's answer is slow where its cache is on a network drive. */
const ASK_MS = 30_000;

/** npm's effective settings; none where npm does not answer, which is what it has without any. */
export async function npmFetchOptions(): Promise<FetchOptions> {
  const script = process.env.npm_execpath;
  const [program, first] = script?.endsWith(".js") ? [process.execPath, [script]] : ["npm", []];
  try {
    const args = [...first, "config", "list", "--json"];
    const { stdout } = await promisify(execFile)(program, args, { timeout: ASK_MS });
    return fetchOptionsOf(JSON.parse(stdout));
  } catch {
    return {};
  }
}

/** pacote's options for npm's settings as `npm config list --json` prints them. */
export function fetchOptionsOf(config: Record<string, unknown>): FetchOptions {
  const options: FetchOptions = {};
  if (typeof config.registry === "string") options.registry = config.registry;
  if (typeof config.proxy === "string") options.proxy = config.proxy;
  if (typeof config["https-proxy"] === "string") options.httpsProxy = config["https-proxy"];
  if (Array.isArray(config.noproxy)) options.noProxy = config.noproxy.map(String).filter(Boolean);
  if (config["strict-ssl"] === false) options.strictSSL = false;
  if (typeof config.cafile === "string")
    options.ca = certificates(readFileSync(config.cafile, "utf8"));
  else if (config.ca) options.ca = [config.ca].flat().map(String);
  return options;
}

function certificates(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
