// SPDX-License-Identifier: Apache-2.0
/** As somebody new: a fresh clone, and nothing but what its README says, until two simulated nodes trade. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type PanelState, parseMeterMessage } from "#host-sim/panel/protocol";
import { command, type Find, folder, type Line, ROOT } from "./harness.ts";

/** The port that the README's commands name. */
const PORT = 1883;
/** The engine is built first, slots take 15 s, and a trade is settled in the slot after it. */
const LIMIT_S = 240;

export const newcomer: Line = {
  name: "newcomer",
  title: "a clean clone and the README's commands, until two simulated nodes show a trade",
  takes: "3 min",
  ci: false,
  async run(find, say) {
    const dir = join(folder("newcomer"), "wattle");
    const cloned = await command("git", ["clone", "--quiet", ROOT, dir], say);
    find("git clone", 0, cloned.code);
    const startMs = performance.now();
    const installed = await command("npm", ["ci"], say, { cwd: dir });
    find(`npm ci, ${installed.seconds.toFixed(0)} s`, 0, installed.code);
    const commands = commandsOf(readFileSync(join(dir, "README.md"), "utf8"));
    find("README: a gateway and two meters", "4 commands", `${commands.length} commands`);
    if (commands.length !== 4) return;
    if (await taken(PORT)) return find(`port ${PORT}`, "free", "taken by another program");
    const street = new Street(dir);
    try {
      await follow(street, commands, find, say);
      const all = (performance.now() - startMs) / 1000;
      find("seconds from npm ci to the trade", `< ${LIMIT_S}`, all.toFixed(0), all < LIMIT_S);
    } finally {
      await street.end();
    }
    for (const [line, code] of street.ended) find(`Ctrl-D: ${line}`, "exit 0", `exit ${code}`);
    find("Ctrl-C: the gateway says", "stopping", /stopping/.exec(street.said)?.[0] ?? "nothing");
    const verified = await command("npx", ["wattle", "verify", "gateway.db"], say, { cwd: dir });
    find("$ npx wattle verify gateway.db", "exit 0", `exit ${verified.code}`);
  },
};

/** The commands of the README's block that starts a meter. */
function commandsOf(readme: string): string[] {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  const block = blocks.find((text) => text.includes("wattle meter ")) ?? "";
  return block.split("\n").filter((line) => line.trim() !== "");
}

/** Each command in a terminal of its own, the next one when the one before says that it is there. */
async function follow(
  street: Street,
  [configure, gateway, ...meters]: string[],
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const made = await command("sh", ["-c", configure], say, { cwd: street.dir });
  find(`$ ${configure}`, "exit 0", `exit ${made.code}`);
  const heard = street.gateway(gateway);
  await heard((text) => text.includes("listening on"));
  find(`$ ${gateway}`, "listening", "listening");
  const startMs = performance.now();
  const states = meters.map((line) => street.meter(line, say));
  const traded = await Promise.all(states.map((state) => state(({ trade }) => trade !== null)));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  for (const [i, line] of meters.entries()) {
    const { name, role, importKwh, exportKwh, coinsMicro, trade } = traded[i];
    const { side, energyWh, coinsMicro: paid } = trade!;
    const registers = `import ${importKwh} kWh, export ${exportKwh} kWh, ${coinsMicro / 1e6} coins`;
    find(
      `$ ${line}`,
      "a trade",
      `${name}, ${role}: ${registers}; ${side} ${energyWh} Wh for ${paid / 1e6} coins, ${seconds} s`,
      energyWh > 0,
    );
  }
  const sides = traded.map(({ trade }) => trade!.side).sort();
  find("sides of the trade", "bought, sold", sides.join(", "));
}

/** The terminals. */
class Street {
  readonly dir: string;
  private readonly open: { line: string; child: ChildProcess }[] = [];
  /** Meters that have ended, with their exit code. */
  readonly ended: [line: string, code: number | null][] = [];
  /** What the gateway printed, and all of them on standard error. */
  said = "";

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Starts the gateway; the answer waits for what it prints. */
  gateway(line: string) {
    this.start(line).stdout?.on("data", (text) => {
      this.said += text;
    });
    return (fits: (text: string) => boolean) =>
      this.until(line, () => fits(this.said) || undefined);
  }

  /** Starts a meter; the answer waits for a state of it. */
  meter(line: string, say: (line: string) => void) {
    const child = this.start(line);
    let latest: PanelState | undefined;
    createInterface({ input: child.stdout! }).on("line", (text) => {
      const message = parseMeterMessage(text);
      if (!message.ok || !("state" in message.value)) return;
      latest = message.value.state;
      say(`${latest.name}: ${latest.link}, slot ${latest.slot}, ${latest.role}`);
    });
    return (fits: (state: PanelState) => boolean) =>
      this.until(line, () => (latest && fits(latest) ? latest : undefined));
  }

  /** Ctrl-D for the meters, then Ctrl-C for the gateway. */
  async end(): Promise<void> {
    for (const { line, child } of this.open.reverse()) {
      const meter = line.includes("wattle meter ");
      if (child.exitCode === null) {
        const gone = once(child, "close");
        if (meter) child.stdin?.end();
        else process.kill(-child.pid!, "SIGINT");
        const limit = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), 20_000);
        await gone;
        clearTimeout(limit);
      }
      if (meter) this.ended.push([line, child.exitCode]);
    }
  }

  /** A process group of its own, so that the keys of its terminal can be played. */
  private start(line: string): ChildProcess {
    const child = spawn("sh", ["-c", line], { cwd: this.dir, detached: true });
    child.stderr.on("data", (text) => {
      this.said += text;
    });
    this.open.push({ line, child });
    return child;
  }

  private async until<T>(line: string, look: () => T | undefined): Promise<T> {
    const deadlineMs = performance.now() + LIMIT_S * 1000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const dead = this.open.find(({ child }) => child.exitCode !== null);
      if (dead || performance.now() > deadlineMs)
        throw new Error(`waited in vain for ${line}\n${this.said.slice(-1500)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function taken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(false)));
  });
}
