// SPDX-License-Identifier: Apache-2.0
/**
 * Where tests find the shared data, and what they do without it: they say so and skip, except on
 * CI, where absent data is a failure, so that a green run there means that everything ran.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** The data folder: `WATTLE_DATA`, else `../shared/data` from the project; undefined if absent. */
export function dataDir(): string | undefined {
  const asked = process.env.WATTLE_DATA;
  const dir = asked ? asked : fileURLToPath(new URL("../../shared/data", import.meta.url));
  return existsSync(dir) ? dir : undefined;
}

/** True where `CI` is set to `1` or `true`. */
export function onCi(): boolean {
  return process.env.CI === "1" || process.env.CI === "true";
}

/**
 * The path of `sub` in the data folder. Where it is absent the test `t` is skipped with the reason
 * and undefined comes back (return from the test then); on CI an error is thrown instead.
 */
export function requireData(t: TestContext, sub: string): string | undefined {
  const dir = dataDir();
  const path = dir === undefined ? undefined : join(dir, sub);
  if (path !== undefined && existsSync(path)) return path;
  const reason = `no data at ${path ?? sub}: set WATTLE_DATA to the folder that has it`;
  if (onCi()) throw new Error(`${reason} (absent data is a failure with CI=${process.env.CI})`);
  t.skip(reason);
  return undefined;
}
