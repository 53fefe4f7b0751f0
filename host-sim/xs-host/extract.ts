// SPDX-License-Identifier: Apache-2.0
//
// Fetches the tarball that has the XS sources: without its 84 dependencies and without running any
// of its scripts, checked against the digest below.
import { access, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { XsBuildError } from "./build-error.ts";
import { npmFetchOptions } from "./npm-config.ts";

export const xsPackage = "@agoric/xsnap@0.15.0";
export const xsIntegrity =
  "sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==";

/** Returns the folder of the unpacked package, fetching it when it is not in the cache yet. */
export async function extract(cache: string, log: (line: string) => void): Promise<string> {
  const target = join(cache, "xsnap-0.15.0");
  const marker = join(target, "moddable/xs/sources/xsAll.h");
  if (await exists(marker)) return target;
  log(`xs-host: fetching the XS sources, ${xsPackage} (0.7 MB) ...`);
  const work = await mkdtemp(join(cache, "tmp-xsnap-"));
  try {
    const pacote = await import("pacote");
    const options = { ...(await npmFetchOptions()), integrity: xsIntegrity };
    await pacote.default.extract(xsPackage, work, options);
    await rename(work, target).catch(async (error: unknown) => {
      // Another process was faster: its result is as good.
      if (!(await exists(marker))) throw error;
    });
  } catch (error) {
    throw explain(error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

function explain(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: string }).code ?? "";
  if (code === "EINTEGRITY") {
    return new XsBuildError(
      "failed",
      `${xsPackage} is not what was checked: ${message}`,
      "Someone changed the tarball (a registry, a proxy). Do not use it; look into it.",
    );
  }
  return new XsBuildError(
    "no-network",
    `${xsPackage} cannot be fetched: ${message}`,
    "It needs the npm registry once (npm config get registry, proxy settings); then never again.",
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
