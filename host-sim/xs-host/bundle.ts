// SPDX-License-Identifier: Apache-2.0
//
// Bundles firmware TypeScript, with the npm packages it imports, into one module for XS.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

export interface XsBundle {
  readonly name: string;
  readonly source: string;
  /** The source map, as JSON text; only with `debug`. */
  readonly map?: string;
}

export interface BundleOptions {
  /** Keep lines as written and return a source map. */
  readonly debug?: boolean;
  readonly minify?: boolean;
  /** The module's name on XS; default "main". */
  readonly name?: string;
  /** More conditions under which package.json's imports are resolved. */
  readonly conditions?: readonly string[];
  /** For imports that lead elsewhere here than in the firmware. */
  readonly plugins?: Plugin[];
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * ES2021 is what XS 13.3 has in full. That target also lowers class fields: XS 13.3 throws on
 * `static x = new Self()` in a class with instance fields, which noble has.
 */
export async function bundleForXs(
  entryFile: string,
  options: BundleOptions = {},
): Promise<XsBundle> {
  const result = await build({
    entryPoints: [resolve(entryFile)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    outfile: "main.js",
    format: "esm",
    target: "es2021",
    platform: "neutral",
    conditions: ["moddable", ...(options.conditions ?? [])],
    plugins: options.plugins,
    mainFields: ["module", "main"],
    minify: options.minify ?? false,
    sourcemap: options.debug ? "external" : false,
    sourcesContent: false,
    legalComments: "none",
    logLevel: "silent",
  });
  const text = (end: string) => result.outputFiles.find((file) => file.path.endsWith(end))?.text;
  const map = text(".js.map");
  return {
    name: options.name ?? "main",
    source: text(".js") ?? "",
    ...(map === undefined ? {} : { map }),
  };
}
