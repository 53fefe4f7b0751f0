// SPDX-License-Identifier: Apache-2.0
/**
 * The modules of the whole firmware for XS: src/xs/main.ts for the ESP32 dev kit, as it is, with stand-ins
 * for the SDK's modules. As on the device everything of ours is preloaded, and noble never is: with it, main
 * is not either, for a preloaded module takes along what it imports.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import type { XsApp } from "../fleet/xs-app.ts";
import { bundleForXs } from "../xs-host/bundle.ts";

export interface DeviceAppOptions {
  crypto: "native" | "noble";
  /** Folder of the Moddable SDK: its own MQTT client in place of the stand-in. */
  sdk?: string;
  debug?: boolean;
  /** For tests: runs behind the start of the application. */
  plant?: string;
}

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, "../..");
const at = (path: string) => join(root, path);

const STAND_INS: Record<string, string> = {
  timer: "timer",
  time: "time",
  crypt: "crypt",
  modules: "modules",
  net: "net",
  qrcode: "qrcode",
  "mc/config": "config",
  "mc/ffi": "ffi",
  "embedded:storage/key-value": "key-value",
  "embedded:io/socket/udp": "udp",
  "embedded:io/socket/tcp": "tcp",
  "embedded:network/mqtt/client": "mqtt",
  "embedded:network/interface/wifi": "wifi",
  "embedded:io/i2c": "i2c",
  "embedded:io/digital": "digital",
  "#xs/native/pulse/pulse": "pulse",
};

/** The SDK's own module, where there is an SDK. */
const SDK_MQTT = "examples/io/tcp/mqttclient/mqttclient.js";

function sdkPlugin(options: DeviceAppOptions): Plugin {
  const crypto = at(`src/xs/device/crypto-${options.crypto}.ts`);
  return {
    name: "sdk",
    setup(build) {
      build.onResolve({ filter: /^[a-z#]/ }, async ({ path, pluginData, ...how }) => {
        if (pluginData === "sdk" || how.kind === "entry-point") return undefined;
        if (path === "#platform/crypto") return { path: crypto };
        if (path === "embedded:network/mqtt/client" && options.sdk)
          return { path: join(options.sdk, SDK_MQTT) };
        const standIn = STAND_INS[path];
        if (standIn) return { path: join(folder, "sdk", `${standIn}.ts`) };
        const { importer, kind, resolveDir } = how;
        const found = await build.resolve(path, {
          importer,
          kind,
          resolveDir,
          pluginData: "sdk",
        });
        return found.errors.length > 0 ? { path, namespace: "absent" } : found;
      });
      build.onLoad({ filter: /^/, namespace: "absent" }, () => ({
        contents: "module.exports = class {};",
      }));
    },
  };
}

/** Its name on the device, from where crypto-noble.ts loads it. */
const NOBLE = "wattle/#xs/device/noble";

export async function deviceApp(options: DeviceAppOptions): Promise<XsApp> {
  const how = { debug: options.debug, conditions: ["esp32"], plugins: [sdkPlugin(options)] };
  const modules = [await bundleForXs(join(folder, "entry.ts"), { ...how, name: "entry" })];
  let main = 'import { start } from "entry"; start();';
  if (options.crypto === "noble") {
    modules.push(await bundleForXs(at("src/xs/device/noble.ts"), { ...how, name: "noble" }));
    main = `import { start } from "entry"; import value from "noble"; start({ name: "${NOBLE}", value });`;
  }
  modules.push({ name: "main", source: `${main}\n${options.plant ?? ""}` });
  return { modules, entry: "main", preload: ["entry"] };
}
