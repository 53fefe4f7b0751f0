// SPDX-License-Identifier: Apache-2.0
/** The key of whoever looks after an area, beside the gateway's: `wattle monitor` shows it to the broker. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type KeyFileHelp, loadKey } from "./key-file.ts";

export const OPERATOR_KEY_FILE = "operator.key";

const HELP: KeyFileHelp = {
  path: OPERATOR_KEY_FILE,
  missing: "Give --key the file that the gateway made beside its own key",
  broken: "Restore it; or delete it, so that a gateway with createKey makes another one",
};

/**
 * The operator's key of the gateway whose key file is `keyFile`; made where it is missing and
 * `create` says so. Undefined where there is none.
 * @throws ConfigError that names the file
 */
export function operatorKeyBeside(
  keyFile: string,
  create: boolean,
): { secretKey: Uint8Array; made: boolean; file: string } | undefined {
  const file = join(dirname(keyFile), OPERATOR_KEY_FILE);
  if (!create && !existsSync(file)) return undefined;
  return { ...loadKey(file, create, HELP), file };
}

/** The operator's key in `file`. @throws ConfigError that names it */
export function operatorKey(file: string): Uint8Array {
  return loadKey(file, false, HELP).secretKey;
}
