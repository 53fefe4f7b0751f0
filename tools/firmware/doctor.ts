// SPDX-License-Identifier: Apache-2.0
/** What a build needs of this machine: each thing that is missing, with its cure. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, type Target } from "./boards.ts";

/** Versions that the firmware was built with; others may work and are pointed out. */
const SDK_VERSION = /^8\.2\./;
const IDF_VERSION = /^v?6\.0/;

export interface Finding {
  what: string;
  state: "ok" | "warning" | "missing";
  /** What was found, or how to get it. */
  detail: string;
}

export interface DoctorOptions {
  target: Target;
  /** Nothing is compiled but JavaScript and TypeScript. */
  scriptsOnly: boolean;
  crypto: string;
  /** Serial port to flash through. */
  port: string | undefined;
}

/** Checks in the order in which a build would fail. */
export function examine(options: DoctorOptions): Finding[] {
  const sdk = process.env.MODDABLE;
  const findings = [tools(), ...moddable(sdk)];
  const { target, scriptsOnly, port } = options;
  if (scriptsOnly) return findings;
  if (target.folder) {
    findings.push(...idf());
    if (port !== undefined) findings.push(serialPort(port));
  } else findings.push(...desktop(options.crypto));
  return findings;
}

export function binFolder(sdk: string): string {
  const host = process.platform === "darwin" ? "mac" : process.platform === "win32" ? "win" : "lin";
  return join(sdk, "build/bin", host, "release");
}

function tools(): Finding {
  const what = "TypeScript";
  const path = join(root, "node_modules/.bin/tsc");
  if (!existsSync(path)) return { what, state: "missing", detail: "run npm ci" };
  return { what, state: "ok", detail: "node_modules/.bin/tsc" };
}

function moddable(sdk: string | undefined): Finding[] {
  const what = "Moddable SDK";
  if (!sdk)
    return [
      {
        what,
        state: "missing",
        detail:
          "set MODDABLE to the folder of the SDK (https://github.com/Moddable-OpenSource/moddable)",
      },
    ];
  const versionFile = join(sdk, "tools/VERSION");
  if (!existsSync(versionFile))
    return [{ what, state: "missing", detail: `MODDABLE is ${sdk}, where there is no SDK` }];
  const version = readFileSync(versionFile, "utf8").trim();
  const known = SDK_VERSION.test(version);
  const note = known ? "" : "; built and run with 8.2.3 only";
  const findings: Finding[] = [
    { what, state: known ? "ok" : "warning", detail: `${version} in ${sdk}${note}` },
  ];
  const missing = ["mcconfig", "xsc", "xsl", "xsid", "mcrez"].filter(
    (tool) =>
      !existsSync(join(binFolder(sdk), tool)) && !existsSync(join(binFolder(sdk), `${tool}.exe`)),
  );
  findings.push(
    missing.length === 0
      ? { what: "SDK tools", state: "ok", detail: binFolder(sdk) }
      : {
          what: "SDK tools",
          state: "missing",
          detail: `${missing.join(", ")}: build them as the SDK's Getting Started says`,
        },
  );
  return findings;
}

function idf(): Finding[] {
  const what = "ESP-IDF";
  const path = process.env.IDF_PATH;
  if (!path)
    return [
      {
        what,
        state: "missing",
        detail: "install v6.0 and set IDF_PATH; --link-only checks the JavaScript without it",
      },
    ];
  if (!existsSync(join(path, "export.sh")))
    return [{ what, state: "missing", detail: `IDF_PATH is ${path}, where there is no ESP-IDF` }];
  const described = run("git", ["-C", path, "describe", "--always"]) ?? "unknown version";
  const known = IDF_VERSION.test(described);
  return [
    {
      what,
      state: known ? "ok" : "warning",
      detail: known ? `${described} in ${path}` : `${described} in ${path}; the SDK asks for v6.0`,
    },
    run("python3", ["--version"])
      ? { what: "Python", state: "ok", detail: run("python3", ["--version"]) ?? "" }
      : { what: "Python", state: "missing", detail: "ESP-IDF needs python3 on the PATH" },
  ];
}

function serialPort(port: string): Finding {
  const what = "serial port";
  if (!existsSync(port) && process.platform !== "win32")
    return { what, state: "missing", detail: `${port} is not there: is the board plugged in?` };
  try {
    if (process.platform !== "win32") accessSync(port, constants.R_OK | constants.W_OK);
    return { what, state: "ok", detail: port };
  } catch {
    return {
      what,
      state: "missing",
      detail: `no access to ${port}: join its group (often dialout)`,
    };
  }
}

function desktop(crypto: string): Finding[] {
  if (process.platform !== "linux") return [];
  const findings = [library("gio-2.0", "libgtk-3-dev"), compiler()];
  if (crypto === "native") findings.push(library("libsodium", "libsodium-dev"));
  return findings;
}

function compiler(): Finding {
  const version = run("cc", ["--version"])?.split("\n")[0];
  if (version) return { what: "C compiler", state: "ok", detail: version };
  return { what: "C compiler", state: "missing", detail: "install gcc (Debian: build-essential)" };
}

function library(name: string, debian: string): Finding {
  const version = run("pkg-config", ["--modversion", name]);
  if (version) return { what: name, state: "ok", detail: version };
  const cure = name === "libsodium" ? ", or build with --crypto noble" : "";
  return { what: name, state: "missing", detail: `install it (Debian: ${debian})${cure}` };
}

function run(command: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
