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
}

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, "../..");
const at = (path: string) => join(root, path);

const STAND_INS: Record<string, string> = {
  timer: "timer",
  time: "time",
  crypt: "crypt",
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

/** What runs in the node's own memory with noble; the rest is the preloaded module "firmware". */
const NOT_PRELOADED = new RegExp(
  [
    "/sdk/config\\.ts$",
    "/@noble/",
    "/xs-device/entry\\.ts$",
    "/xs/main\\.ts$",
    "/crypto-noble\\.ts$",
    "/noble-ed25519\\.ts$",
  ].join("|"),
);

/** Leaves to "firmware" what is not for the node's own memory, and notes what it has to export. */
function splitPlugin(taken: Set<string>): Plugin {
  return {
    name: "split",
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData || kind === "entry-point") return undefined;
        const how = { importer, kind, resolveDir, pluginData: "split" };
        const found = await build.resolve(path, how);
        if (found.errors.length > 0) return { errors: found.errors };
        if (NOT_PRELOADED.test(found.path)) return found;
        taken.add(found.path);
        return { path: "firmware", external: true };
      });
    },
  };
}

/** An entry that exports all of `paths`. */
function exportsPlugin(paths: Iterable<string>): Plugin {
  return {
    name: "exports",
    setup(build) {
      build.onResolve({ filter: /^/ }, ({ path, kind }) =>
        kind === "entry-point" ? { path, namespace: "exports" } : undefined,
      );
      build.onLoad({ filter: /^/, namespace: "exports" }, () => {
        const lines = [...paths].map((path) => `export * from ${JSON.stringify(path)};`);
        return { contents: lines.join("\n"), resolveDir: root };
      });
    },
  };
}

export async function deviceApp(options: DeviceAppOptions): Promise<XsApp> {
  const { debug } = options;
  const conditions = ["esp32"];
  const entry = join(folder, "entry.ts");
  const sdk = sdkPlugin(options);
  const native = options.crypto === "native";
  const start = 'import { start } from "entry"; start();';
  const modules = [{ name: "main", source: start }];
  const taken = new Set<string>();
  const plugins = native ? [sdk] : [splitPlugin(taken), sdk];
  modules.push(await bundleForXs(entry, { name: "entry", debug, conditions, plugins }));
  if (native) return { modules, entry: "main", preload: ["entry"] };
  const rest = { name: "firmware", debug, conditions, plugins: [exportsPlugin(taken), sdk] };
  modules.push(await bundleForXs("firmware", rest));
  return { modules, entry: "main", preload: ["firmware"] };
}
