#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Plain JavaScript on purpose: it has to print a clear error on a Node that cannot run TypeScript.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `wattle needs Node 24 or later, this is ${process.versions.node}.\n` +
      "Run it as `npx wattle …` or `npm run wattle -- …` after `npm ci`, which brings Node 24 on Linux x64;\n" +
      "elsewhere install Node 24 from your system's packages.\n",
  );
  process.exit(1);
}
// Keeps what Node makes of the TypeScript files: half the start-up time and a third of the memory.
const { enableCompileCache } = await import("node:module");
enableCompileCache(new URL("../.cache/node", import.meta.url).pathname);
const { main } = await import("../host-sim/cli/wattle.ts");
process.exitCode = await main(process.argv);
