// SPDX-License-Identifier: Apache-2.0
/** What takes the Moddable SDK: the link for every board, and the firmware in the desktop simulator. */
import { join } from "node:path";
import { boardNames } from "#tools/firmware/boards";
import { command, type Line, ROOT } from "./harness.ts";

const NO_SDK = "no Moddable SDK: set MODDABLE to its folder (docs/firmware.md)";
const TRIED = "test/simulator/run.ts";
const TRY_SIM = join(ROOT, TRIED);

export const link: Line = {
  name: "link",
  title: "the JavaScript link of every board and the simulator, with native crypto and with noble",
  takes: "2 min",
  ci: false,
  async run(find, say) {
    if (!process.env.MODDABLE) return find("firmware -- --link-only", "exit 0", NO_SDK, "skip");
    for (const board of [...boardNames(), "sim"])
      for (const crypto of ["native", "noble"]) {
        const args = ["run", "--silent", "firmware", "--", "--board", board];
        say(`${board} ${crypto}`);
        const ran = await command("npm", [...args, "--link-only", "--crypto", crypto], say);
        const what = `${board}, ${crypto}: ${ran.seconds.toFixed(0)} s`;
        find(what, "exit 0", `exit ${ran.code}`);
        if (ran.code !== 0) process.stdout.write(`${(ran.out + ran.err).slice(-1500)}\n`);
        const counts = /(\d+) modules linked, (\d+) of them preloaded/.exec(ran.out);
        const [, modules, preloaded] = counts?.map(Number) ?? [0, 0, 0];
        const fine = preloaded > 100 && modules > preloaded;
        find(`${what}: modules, preloaded`, "more than 100", `${modules}, ${preloaded}`, fine);
      }
  },
};

export const simulator: Line = {
  name: "simulator",
  title: "the firmware built for the simulator: two nodes trade over MQTT, and over TLS",
  takes: "7 min",
  ci: false,
  async run(find, say) {
    for (const [crypto, ...only] of [["native"], ["noble", "--only", "trade"]]) {
      const ran = await command(process.execPath, [TRY_SIM, "--crypto", crypto, ...only], say);
      const reason = /^SKIPPED: (.*)/m.exec(ran.out)?.[1];
      if (reason !== undefined) {
        find(`SDK-built nodes, ${crypto} crypto`, "exit 0", reason, "skip");
        continue;
      }
      for (const line of ran.out.trimEnd().split("\n")) process.stdout.write(`   ${line}\n`);
      if (ran.code !== 0) process.stdout.write(`${ran.err.slice(-1500)}\n`);
      const passed = ran.out.match(/^ +PASS /gm)?.length ?? 0;
      find(`${TRIED}, ${crypto} crypto, ${ran.seconds.toFixed(0)} s`, "exit 0", `exit ${ran.code}`);
      find(`${TRIED}, ${crypto} crypto: findings passed`, "> 0", passed, passed > 0);
    }
  },
};
