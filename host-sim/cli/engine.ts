// SPDX-License-Identifier: Apache-2.0
/** The JavaScript engine of a run's nodes, as the options ask for it. */
import type { NodeEngine } from "../fleet/types.ts";
import { v8Engine } from "../fleet/v8-engine.ts";
import { xsEngine } from "../fleet/xs-engine.ts";
import type { EngineOptions } from "./options.ts";
import type { Progress } from "./progress.ts";

/** The engine that the options ask for; on XS it is built first, once. */
export function openEngine(options: EngineOptions, progress: Progress): Promise<NodeEngine> {
  if (options.engine === "v8") return Promise.resolve(v8Engine({ crypto: options.crypto }));
  return xsEngine({ crypto: options.crypto, log: (line: string) => progress.say(line) });
}
