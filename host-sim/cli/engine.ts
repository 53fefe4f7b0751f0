// SPDX-License-Identifier: Apache-2.0
/** The JavaScript engine of a run's nodes, as the options ask for it. */
import { stop } from "esbuild";
import type { NodeEngine } from "../fleet/types.ts";
import { v8Engine } from "../fleet/v8-engine.ts";
import { xsEngine } from "../fleet/xs-engine.ts";
import type { EngineOptions } from "./options.ts";
import type { Progress } from "./progress.ts";

/** The engine that the options ask for; on XS it is built first, once. */
export async function openEngine(options: EngineOptions, progress: Progress): Promise<NodeEngine> {
  if (options.engine === "v8") return v8Engine({ crypto: options.crypto });
  const engine = await xsEngine({
    crypto: options.crypto,
    log: (line: string) => progress.say(line),
  });
  await stop(); // the bundler's process has nothing left to do, and takes 20 MB
  return engine;
}
