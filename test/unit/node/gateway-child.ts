// SPDX-License-Identifier: Apache-2.0
/** The `wattle gateway` that gateway-process.test.ts starts and kills. */
import { gatewayCommand } from "#node/cli/gateway";

const [config, readyFile, ...set] = process.argv.slice(2);
// Something that nobody ends.
if (process.env.WATTLE_TEST_HOLD) setInterval(() => {}, 60_000);
process.exitCode = await gatewayCommand({
  config,
  readyFile,
  set,
  exitWhenFinished: true,
  progressEvery: 1,
});
