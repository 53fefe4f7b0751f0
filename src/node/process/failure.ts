// SPDX-License-Identifier: Apache-2.0
/** Why a gateway does not start or cannot go on, for its operator: cause, cure and exit code. */
import { AssertionFailure } from "#core/errors/assert";
import { StateDamaged } from "#gateway/handout/base";
import { StoreMismatch } from "#gateway/replay";
import { ConfigError } from "../config/config-error.ts";
import { StoreError } from "../store/errors.ts";

/**
 * After BSD's sysexits: 70 is a fault of software or disk, 78 a configuration that does not fit.
 */
export const EXIT_FATAL = 70;
export const EXIT_CONFIG = 78;

export interface Failure {
  code: string;
  /** Cause and cure. */
  message: string;
  exitCode: number;
  error: unknown;
}

/**
 * Where the log no longer gives the clearings that it gave: the rules or prices are not the same.
 */
const OTHER_RULES: readonly string[] = ["LOG_CLEARING_BYTES"];

/** What JavaScript itself throws: never with a cure in it. */
const BUGS = [TypeError, ReferenceError, RangeError, SyntaxError];

export function explainFailure(error: unknown, storePath: string): Failure {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError)
    return { code: "CONFIG", message: text, exitCode: EXIT_CONFIG, error };
  if (error instanceof StoreMismatch)
    return { code: "STORE_MISMATCH", message: text, exitCode: EXIT_CONFIG, error };
  if (error instanceof StateDamaged) {
    const message =
      `store ${storePath}: ${text}, and what follows it cannot be executed without it. Put back a ` +
      "backup of the store, or move it away and set keyUsed: the other gateways bring what is lost";
    return { code: "STATE_DAMAGED", message, exitCode: EXIT_FATAL, error };
  }
  if (error instanceof StoreError)
    return { code: error.code, message: text, exitCode: EXIT_FATAL, error };
  if (error instanceof AssertionFailure && OTHER_RULES.includes(error.code)) {
    const message =
      `store ${storePath} does not replay (${text}): market or tariff are not those that it was ` +
      "made with. Restore them in the configuration, or give a new store";
    return { code: "STORE_MISMATCH", message, exitCode: EXIT_CONFIG, error };
  }
  const isAssertion = error instanceof AssertionFailure;
  if (!isAssertion && !BUGS.some((kind) => error instanceof kind))
    return { code: "FATAL", message: text, exitCode: EXIT_FATAL, error };
  const message =
    `${isAssertion ? "assertion" : "error"} ${text}: a bug of the gateway. Nothing that it said ` +
    `is lost: keep ${storePath} and this log for a report, then start it again`;
  return { code: isAssertion ? error.code : "BUG", message, exitCode: EXIT_FATAL, error };
}
