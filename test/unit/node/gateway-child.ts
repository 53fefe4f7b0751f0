// SPDX-License-Identifier: Apache-2.0
/** The `wattle gateway` that gateway-process.test.ts starts and kills. */
import { gatewayCommand } from "#node/cli/gateway";

const [config, readyFile, ...set] = process.argv.slice(2);
process.exitCode = await gatewayCommand({
  config,
  readyFile,
  set,
  exitWhenFinished: true,
  progressEvery: 1,
});
