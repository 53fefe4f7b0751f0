// SPDX-License-Identifier: Apache-2.0
/** Tests on XS need a C compiler: where there is none they say so and skip, except on CI. */
import type { TestContext } from "node:test";
import { ensureXsHost, XsBuildError } from "#host-sim/xs-host/build";
import { onCi } from "../data.ts";

/** Whether xs-host is there or can be built; else the test is skipped (return from it then). */
export async function xsOrSkip(t: TestContext, options: { bits?: 32 } = {}): Promise<boolean> {
  try {
    await ensureXsHost(options);
    return true;
  } catch (error) {
    if (!(error instanceof XsBuildError && error.missing) || onCi()) throw error;
    t.skip(error.message);
    return false;
  }
}
