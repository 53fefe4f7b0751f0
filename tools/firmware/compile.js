// SPDX-License-Identifier: Apache-2.0
/**
 * The compiler that the SDK's makefile calls for each TypeScript module (manifest.json). In a release it also
 * shortens names that no other module sees, since XS keeps those of variables: it saves 24 KB of flash.
 * A debug build is tsc's, so that the debugger shows the source. Plain JavaScript, since mcconfig may find an
 * older Node than the other tools need.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";

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
  const { code } = transformSync(readFileSync(source, "utf8"), {
    loader: "ts",
    format: "esm",
    target: "es2021",
    minifyIdentifiers: true,
    minifySyntax: true,
    // As tsc for that target: a field is set in the constructor, and one without a value costs nothing.
    tsconfigRaw: {
      compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true },
    },
  });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, code.replace(/(from|import) "(\.[^"]*)\.ts"/g, '$1 "$2.js"'));
}
