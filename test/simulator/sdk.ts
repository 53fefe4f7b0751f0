// SPDX-License-Identifier: Apache-2.0
/** Builds what the simulator tests run: the app by the SDK, and the loader that runs it without a window. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { targetOf } from "#tools/firmware/boards";
import { type BuildOptions, configure, make } from "#tools/firmware/build";
import { examine } from "#tools/firmware/doctor";
import { ROOT } from "../accept/harness.ts";

/** What keeps this machine from running them, in words; undefined where all is there. */
export function lacking(crypto: string): string | undefined {
  if (process.platform !== "linux") return "the loader runs on Linux only";
  const findings = examine({
    target: targetOf("sim")!,
    scriptsOnly: false,
    crypto,
    port: undefined,
  });
  const missing = findings.find(({ state }) => state === "missing");
  if (missing) return `${missing.what}: ${missing.detail}`;
  const glib = spawnSync("pkg-config", ["--exists", "glib-2.0"]);
  return glib.status === 0
    ? undefined
    : "glib-2.0: install it (Debian: libglib2.0-dev, pkg-config)";
}

/** Builds the simulator's app, or another one; the path of its mc.so. */
export async function buildApp(crypto: string, app?: BuildOptions["app"]): Promise<string> {
  const target = targetOf("sim")!;
  const made = await configure({
    target,
    sdk: process.env.MODDABLE!,
    crypto,
    secure: false,
    debug: false,
    verbose: false,
    ...(app && { app }),
  });
  return make(made, target, false);
}

/** Builds the loader; its path. */
export function buildLoader(): string {
  const folder = join(ROOT, ".cache/firmware");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "loader");
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "glib-2.0"], { encoding: "utf8" });
  const args = ["-O2", "-DmxLinux=1", `-I${process.env.MODDABLE}/build/simulators/modules`];
  const source = join(ROOT, "host-sim/panel/loader/loader.c");
  const built = spawnSync(
    "cc",
    [...args, source, "-o", path, ...flags.stdout.trim().split(/\s+/)],
    {
      encoding: "utf8",
    },
  );
  if (built.status !== 0 || !existsSync(path)) throw new Error(`the loader: ${built.stderr}`);
  return path;
}
