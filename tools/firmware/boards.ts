// SPDX-License-Identifier: Apache-2.0
/** The targets of a firmware build: the folders of devices/, and the desktop simulator. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** The SDK's name of the simulator on this machine. */
const DESKTOPS: Record<string, string> = { linux: "lin", darwin: "mac", win32: "win" };

export interface Target {
  name: string;
  /** mcconfig's `-p`. */
  platform: string;
  /** Folder of the board; undefined for the simulator. */
  folder: string | undefined;
  chip: string | undefined;
}

export function boardNames(): string[] {
  const folder = join(root, "devices");
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "manifest.json")));
}

/** The target called `name`, or undefined: a board, or `sim` for the desktop simulator. */
export function targetOf(name: string): Target | undefined {
  if (name === "sim") {
    const platform = DESKTOPS[process.platform] ?? "lin";
    return { name, platform, folder: undefined, chip: undefined };
  }
  if (!boardNames().includes(name)) return undefined;
  const folder = join(root, "devices", name);
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const chip: string = manifest.build?.ESP32_SUBCLASS ?? "esp32";
  return { name, platform: `esp32:${folder}`, folder, chip };
}
