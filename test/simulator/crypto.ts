// SPDX-License-Identifier: Apache-2.0
/**
 * Ed25519 as the SDK-built firmware has it, by libsodium and by noble, against the vectors and against this
 * process: each verdict, each key, each signature. And how long they take.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Find, ROOT } from "../accept/harness.ts";
import { dataDir } from "../data.ts";
import type { Ed25519SigningVector, Ed25519Vector } from "../vectors/ed25519/check.ts";
import { buildApp, lacking } from "./sdk.ts";
import type { Parts } from "./sim-node.ts";

const APP = { manifest: "test/simulator/selftest/manifest.json", name: "selftest" };
/** What the loader takes in a line. */
const LINE_BYTES_MAX = 4095;
/** The machine does other things, too: the fastest of some batches counts. */
const BATCHES = 5;
const RUNS = { native: 2000, noble: 20 };

type Vector = Ed25519Vector & Partial<Ed25519SigningVector>;

export async function tryCrypto({ loader }: Pick<Parts, "loader">, find: Find): Promise<void> {
  const sets = vectorSets();
  for (const kind of ["native", "noble"] as const) {
    const lacks = lacking(kind);
    if (lacks !== undefined) {
      find(`${kind}: what it takes to build it`, "there", lacks, false);
      continue;
    }
    const app = await buildApp(kind, APP);
    for (const [name, vectors] of Object.entries(sets))
      await compare(kind, name, vectors, loader, app, find);
    await measure(kind, loader, app, find);
  }
}

function vectorSets(): Record<string, Vector[]> {
  const load = (name: string): Vector[] =>
    JSON.parse(readFileSync(join(ROOT, `test/vectors/ed25519/${name}.json`), "utf8"));
  const sets: Record<string, Vector[]> = {
    "RFC 8032": load("rfc8032"),
    "edge cases": load("edge"),
    "mixed order": load("mixed-order"),
  };
  const file = join(dataDir() ?? "", "vectors/wycheproof-ed25519.json");
  if (existsSync(file)) sets.Wycheproof = wycheproof(file);
  return sets;
}

interface WycheproofGroup {
  publicKey: { pk: string };
  tests: { tcId: number; msg: string; sig: string; result: string }[];
}

function wycheproof(file: string): Vector[] {
  const groups: WycheproofGroup[] = JSON.parse(readFileSync(file, "utf8")).testGroups;
  return groups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      name: String(tcId),
      publicKey: publicKey.pk,
      message: msg,
      signature: sig,
      valid: result === "valid",
    })),
  );
}

async function compare(
  kind: string,
  name: string,
  vectors: Vector[],
  loader: string,
  app: string,
  find: Find,
): Promise<void> {
  const here = kind === "native" ? sodiumCrypto() : nobleCrypto();
  const answers = await ask(loader, app, vectors);
  const right = vectors.filter(({ valid }, i) => answers[i]?.verdict === valid);
  find(`${kind}, ${name}: verdicts as the vectors say`, vectors.length, right.length);
  const same = vectors.filter(({ publicKey, message, signature }, i) => {
    const verdict = here.verify(bytes(publicKey), bytes(message), bytes(signature));
    return answers[i]?.verdict === verdict;
  });
  find(`${kind}, ${name}: verdicts as V8 gives them`, vectors.length, same.length);
  const signed = vectors.filter(({ secretKey }) => secretKey !== undefined);
  if (signed.length === 0) return;
  const made = signed.filter((vector) => {
    const answer = answers[vectors.indexOf(vector)];
    return answer?.publicKey === vector.publicKey && answer.signature === vector.signature;
  });
  find(`${kind}, ${name}: keys and signatures`, signed.length, made.length);
}

async function measure(
  kind: "native" | "noble",
  loader: string,
  app: string,
  find: Find,
): Promise<void> {
  for (const time of ["sign", "verify"]) {
    const asked = new Array(BATCHES).fill({ time, runs: RUNS[kind] });
    const answers = await ask(loader, app, asked);
    const least = Math.min(...answers.map(({ microseconds }) => Number(microseconds)));
    const ms = (least / 1000).toFixed(3);
    find(`${kind}: ${time}, 300 bytes, ms at best`, "a number", ms, least > 0);
  }
}

/** Sends one line after the other, and gathers the answers. */
function ask(loader: string, app: string, lines: object[]): Promise<Record<string, unknown>[]> {
  const child = spawn(loader, [app], { stdio: ["pipe", "pipe", "inherit"] });
  const answers: Record<string, unknown>[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>[]>();
  child.once("error", reject);
  child.once("close", () => resolve(answers));
  child.stdin.on("error", () => {});
  const next = () => {
    if (answers.length === lines.length) return void child.stdin.end();
    const line = JSON.stringify(lines[answers.length]);
    if (line.length > LINE_BYTES_MAX) reject(new Error(`${line.length} bytes in a line`));
    child.stdin.write(`${line}\n`);
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    answers.push(JSON.parse(line));
    next();
  });
  next();
  return promise;
}

function bytes(hex: string): Uint8Array {
  const found = fromHex(hex);
  if (!found) throw new Error(`not hex: ${hex.slice(0, 20)}`);
  return found;
}
