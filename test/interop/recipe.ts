// SPDX-License-Identifier: Apache-2.0
/** The recipe of docs/operations.md for Mosquitto with dynamic security, run as it stands there but for places. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../simulator/sim-node.ts";

const PROGRAM = "/usr/sbin/mosquitto";
const PLUGINS = ["x86_64", "aarch64"].map(
  (cpu) => `/usr/lib/${cpu}-linux-gnu/mosquitto_dynamic_security.so`,
);
const DOCS = fileURLToPath(new URL("../../docs/operations.md", import.meta.url));

/** Why it cannot run here; undefined where it can. */
export function missing(): string | undefined {
  if (!existsSync(PROGRAM)) return `${PROGRAM} is not there`;
  return PLUGINS.some((path) => existsSync(path)) ? undefined : "no dynamic security plugin";
}

/** The configuration in docs/operations.md that has `line`. */
function written(line: string): string {
  const blocks = readFileSync(DOCS, "utf8").split(/^```/m);
  const found = blocks.filter((block) => block.startsWith("conf\n") && block.includes(`\n${line}`));
  if (found.length !== 1) throw new Error(`${found.length} configurations with ${line} in ${DOCS}`);
  return found[0].slice("conf\n".length);
}

/** Each place that is another one here; one that the recipe does not have is a mistake. */
function placed(text: string, places: Readonly<Record<string, string>>): string {
  let out = text;
  for (const [from, to] of Object.entries(places)) {
    if (!out.includes(from)) throw new Error(`no ${from} in the recipe`);
    out = out.replaceAll(from, to);
  }
  return `user ${userInfo().username}\nlog_type error\nlog_type warning\n${out}`;
}

export class Mosquitto {
  readonly #config: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(config: string, port: number) {
    this.#config = config;
    this.#port = port;
  }

  async start(): Promise<void> {
    const child = spawn(PROGRAM, ["-c", this.#config], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => void (said += text));
    this.#child = child;
    const failed = new Promise<never>((_, reject) => {
      child.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}: ${said}`)));
    });
    failed.catch(() => {});
    await Promise.race([reached(this.#port), failed]);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
}

async function reached(port: number): Promise<void> {
  for (let left = 100; left > 0; left--) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("mosquitto does not listen");
}

export interface MainBroker {
  broker: Mosquitto;
  /** For nodes, with TLS; for the gateway. */
  nodes: number;
  gateway: number;
  /** The plugin's accounts as `mosquitto_ctrl dynsec init` made them, and one more for who looks on. */
  reset(): void;
}

/** The main broker in `folder`; default: with `tls/` there, as `wattle authority tls` makes it. */
export async function mainBroker(
  folder: string,
  admin: { name: string; password: string },
  witness: { name: string; password: string },
  tls = { cert: join(folder, "tls", "broker.pem"), key: join(folder, "tls", "broker.key") },
): Promise<MainBroker> {
  const [nodes, gateway] = [await freePort(), await freePort()];
  const accounts = join(folder, "dynamic-security.json");
  const config = join(folder, "wattle.conf");
  const plugin = PLUGINS.find((path) => existsSync(path))!;
  const text = placed(written("plugin_opt_config_file "), {
    "listener 8883": `listener ${nodes} 127.0.0.1`,
    "listener 1884": `listener ${gateway}`,
    "/etc/mosquitto/certs/broker.pem": tls.cert,
    "/etc/mosquitto/certs/broker.key": tls.key,
    [PLUGINS[0]]: plugin,
    "/var/lib/mosquitto/dynamic-security.json": accounts,
  });
  writeFileSync(config, text);
  const reset = () => {
    const made = [admin, witness].map(({ name, password }) => {
      const file = join(folder, `init-${name}.json`);
      if (!existsSync(file))
        execFileSync("mosquitto_ctrl", ["dynsec", "init", file, name, password], { stdio: "pipe" });
      return JSON.parse(readFileSync(file, "utf8"));
    });
    const clients = made.flatMap((one) => one.clients);
    writeFileSync(accounts, JSON.stringify({ ...made[0], clients }));
  };
  reset();
  return { broker: new Mosquitto(config, gateway), nodes, gateway, reset };
}

/** The porch of area `area`. */
export async function porchBroker(
  folder: string,
  gateway: number,
  area: string,
  password: string,
): Promise<{ broker: Mosquitto; port: number }> {
  const port = await freePort();
  const [config, acl] = [join(folder, "porch.conf"), join(folder, "porch.acl")];
  const street = { "wattle/1/street": `wattle/1/${area}` };
  const rules = written("topic read ");
  writeFileSync(acl, rules.replaceAll("wattle/1/street", `wattle/1/${area}`));
  const text = placed(written("connection street"), {
    "listener 1883": `listener ${port} 127.0.0.1`,
    "/etc/mosquitto/wattle-porch.acl": acl,
    "127.0.0.1:1884": `127.0.0.1:${gateway}`,
    "remote_password …": `remote_password ${password}`,
    ...street,
  });
  writeFileSync(config, text);
  return { broker: new Mosquitto(config, port), port };
}
