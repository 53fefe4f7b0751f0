// SPDX-License-Identifier: Apache-2.0
/**
 * The firmware as the SDK builds it for the desktop, tried: `node test/simulator/run.ts [--only
 * trade,tls,login,crypto] [--crypto native|noble]`. Where the SDK is not there it says so, and that is no failure.
 */
import { parseArgs } from "node:util";
import type { Find } from "../accept/harness.ts";
import { tryCrypto } from "./crypto.ts";
import { tryLogin } from "./login.ts";
import { buildApp, buildLoader, lacking } from "./sdk.ts";
import type { Parts } from "./sim-node.ts";
import { tryTls } from "./tls.ts";
import { tryTrade } from "./trade.ts";

const TRIES: Record<string, { title: string; run: (parts: Parts, find: Find) => Promise<void> }> = {
  trade: { title: "two nodes trade over MQTT, and one loses its power", run: tryTrade },
  crypto: { title: "Ed25519 by libsodium and by noble: vectors, and figures", run: tryCrypto },
  login: { title: "they trade at a Mosquitto that asks for passwords", run: tryLogin },
  tls: { title: "they trade over mqtts, and refuse every other server", run: tryTls },
};

const { values } = parseArgs({
  options: { only: { type: "string" }, crypto: { type: "string", default: "native" } },
});
const { crypto } = values;
const names = values.only?.split(",") ?? Object.keys(TRIES);
const unknown = names.filter((name) => !(name in TRIES));
if (unknown.length > 0 || !["native", "noble"].includes(crypto)) {
  print(`usage: node test/simulator/run.ts [--only ${Object.keys(TRIES)}] [--crypto native|noble]`);
  process.exit(2);
}
const reason = lacking(crypto);
if (reason !== undefined) {
  print(`SKIPPED: ${reason}`);
  process.exit(0);
}
let failed = 0;
const startMs = performance.now();
// That of crypto builds its own.
const app = names.some((name) => name !== "crypto") ? await buildApp(crypto) : "";
const parts = { loader: buildLoader(), app };
print(`built in ${seconds(startMs)} s, crypto ${crypto}`);
for (const name of names) await tryOne(name);
process.exit(failed > 0 ? 1 : 0);

async function tryOne(name: string): Promise<void> {
  const { title, run } = TRIES[name];
  print(`\n== ${name}: ${title}`);
  const beganMs = performance.now();
  let bad = 0;
  try {
    await run(parts, (what, required, measured, pass = String(required) === String(measured)) => {
      if (!pass) bad++;
      print(`   ${pass ? "PASS" : "FAIL"}  ${what}: required ${required}, measured ${measured}`);
    });
  } catch (error) {
    bad++;
    print(`   FAIL  ${error instanceof Error ? error.message : error}`);
  }
  if (bad > 0) failed++;
  print(`== ${name}: ${bad > 0 ? "FAIL" : "PASS"} in ${seconds(beganMs)} s`);
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
