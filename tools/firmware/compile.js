// SPDX-License-Identifier: Apache-2.0
/**
 * The compiler that the SDK's makefile calls for each TypeScript module (manifest.json). In a release it also
 * makes what flash has to hold smaller (tools/firmware/shrink.js). A debug build is tsc's, so that the debugger
 * shows the source. Plain JavaScript, since mcconfig may find an older Node than the other tools need.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shrunk } from "./shrink.js";

const [, , flag, config] = process.argv;
if (flag !== "-p" || config === undefined) throw new Error("usage: compile.js -p <tsconfig>");
/** What the SDK writes for one module: its source, and a folder for the output. */
const { compilerOptions, files } = JSON.parse(readFileSync(config, "utf8"));
if (compilerOptions.noEmit || /[\\/]debug[\\/]/.test(compilerOptions.outDir)) {
  process.exitCode = spawnSync("tsc", ["-p", config], { stdio: "inherit" }).status ?? 1;
} else {
  const [source] = files;
  const path = source.slice(compilerOptions.rootDir.length).replace(/\.ts$/, ".js");
  const output = join(compilerOptions.outDir, path);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, shrunk(source));
}
