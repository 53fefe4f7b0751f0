// SPDX-License-Identifier: Apache-2.0
/**
 * The modules of the node application for XS: the application, which may be preloaded, the crypto where it
 * runs on XS too, and an entry that starts the one with the other.
 */
import { fileURLToPath } from "node:url";
import { bundleForXs } from "../xs-host/bundle.ts";
import type { XsModule } from "../xs-host/host.ts";
import type { NodeCrypto } from "./types.ts";

export interface XsApp {
  modules: XsModule[];
  entry: string;
  preload: string[];
}

const NODE_FILE = fileURLToPath(new URL("./xs-node.ts", import.meta.url));
const NOBLE_FILE = fileURLToPath(new URL("../../src/core/crypto/noble.ts", import.meta.url));

/** Native: the driver's crypto, as on a board with crypto in C. */
const NATIVE_ENTRY = 'import { hostCrypto, runNode } from "node"; runNode(hostCrypto);';
/** noble without a table: with one of W = 4 a node would need 330 KB on the device. */
const NOBLE_ENTRY =
  'import { runNode } from "node"; import { nobleCrypto } from "noble"; ' +
  "runNode(nobleCrypto({ windowBits: 1 }));";

/**
 * With `preload` the application's modules run once, in the machine that all nodes share read-only, as
 * preloaded modules do in the flash of a device. noble's never do: its tables would be read-only.
 */
export async function xsApp(crypto: NodeCrypto, preload: boolean, debug = false): Promise<XsApp> {
  const modules: XsModule[] = [await bundleForXs(NODE_FILE, { debug, name: "node" })];
  if (crypto === "noble") modules.push(await bundleForXs(NOBLE_FILE, { debug, name: "noble" }));
  const source = crypto === "noble" ? NOBLE_ENTRY : NATIVE_ENTRY;
  modules.push({ name: "main", source });
  return { modules, entry: "main", preload: preload ? ["node"] : [] };
}
