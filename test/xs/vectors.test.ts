// SPDX-License-Identifier: Apache-2.0
/** The vectors of core on the engine of the device: with the driver's crypto, and with noble on XS. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, describe, type TestContext, test } from "node:test";
import { sodiumCrypto } from "#node/crypto/sodium";
import { requireData } from "../data.ts";
import { creditRun } from "../vectors/credit/run.ts";
import { witnessRun } from "../vectors/pot/witness-run.ts";
import { VectorsHost } from "./vectors-host.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const VECTORS = new URL("../vectors/", import.meta.url);
/**
 * Where crypto runs, and whether the modules are preloaded: noble's cannot be, its tables would be
 * read-only.
 */
const RUNS = [
  { crypto: "native", preload: false },
  { crypto: "native", preload: true },
  { crypto: "noble", preload: false },
] as const;

function load(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, VECTORS), "utf8"));
}

/** All record vectors of the folder, and those that must be refused. */
function records(): [unknown[], unknown] {
  const files = readdirSync(new URL("records/", VECTORS)).filter((name) => name.endsWith(".json"));
  const positive = files.filter((name) => name !== "negative.json");
  assert.ok(positive.length >= 16, `${positive.length} files of record vectors`);
  const vectors = positive.flatMap((name) => load(`records/${name}`) as unknown[]);
  return [vectors, load("records/negative.json")];
}

function cases(path: string): unknown {
  return (load(path) as { cases: unknown }).cases;
}

function wycheproof(path: string): unknown[] {
  const file = JSON.parse(readFileSync(path, "utf8"));
  return file.testGroups.flatMap(
    (group: {
      publicKey: { pk: string };
      tests: { tcId: number; msg: string; sig: string; result: string }[];
    }) =>
      group.tests.map(({ tcId, msg, sig, result }) => ({
        name: String(tcId),
        publicKey: group.publicKey.pk,
        message: msg,
        signature: sig,
        valid: result === "valid",
      })),
  );
}

for (const { crypto, preload } of RUNS)
  describe(`on XS, ${crypto} crypto${preload ? ", preloaded" : ""}`, () => {
    let xs: VectorsHost | undefined;

    /** That just `expected` disagree among `vectors`, checked by check number `kind` of vectors-node.ts. */
    async function check(
      t: TestContext,
      kind: number,
      vectors: unknown,
      expected: string[] = [],
    ): Promise<void> {
      if (!(await xsOrSkip(t))) return;
      xs ??= await VectorsHost.start(crypto, preload);
      assert.deepEqual(await xs.check(kind, vectors), expected);
    }

    after(() => xs?.close());

    test("RFC 8032 section 7.1, also signing", async (t) => {
      await check(t, 1, load("ed25519/rfc8032.json"));
      await check(t, 2, load("ed25519/rfc8032.json"));
    });
    test("small order, non-canonical, wrong shapes", (t) => check(t, 1, load("ed25519/edge.json")));
    test("mixed order, without the cofactor", (t) => check(t, 1, load("ed25519/mixed-order.json")));
    test("Wycheproof", async (t) => {
      const path = requireData(t, "vectors/wycheproof-ed25519.json");
      if (path !== undefined) await check(t, 1, wycheproof(path));
    });
    test("a wrong expectation is seen", async (t) => {
      const [vector] = load("ed25519/rfc8032.json") as { name: string; valid: boolean }[];
      await check(t, 1, [vector, { ...vector, name: "turned", valid: false }], ["turned"]);
    });
    test("market clearings", (t) =>
      check(t, 3, (load("market/clearing.json") as { cases: unknown }).cases));
    test("loan prices, budgets and terms", async (t) => {
      await check(t, 15, cases("credit/pricing.json"));
      await check(t, 16, cases("credit/budgets.json"));
      await check(t, 17, cases("credit/quotes.json"));
      const path = requireData(t, "vectors/loan-pricing.json");
      if (path !== undefined) await check(t, 15, JSON.parse(readFileSync(path, "utf8")));
    });
    test("a bank's loans come to the same as on V8", async (t) => {
      for (const seed of [1, 34, 77]) {
        const { lines } = creditRun(seed, 120);
        assert.ok(lines.length > 40, `${lines.length} lines`);
        await check(t, 18, seed, lines);
      }
    });
    test("records and what must be refused", (t) => check(t, 4, records()));
    test("committees, beacons and tokens of proof-of-time", (t) =>
      check(t, 12, load("pot/pot.json")));
    // On noble it takes minutes, and nothing of it depends on that.
    if (crypto === "native")
      test("a witness on flash says the same as on V8", async (t) => {
        const said = witnessRun(sodiumCrypto());
        assert.ok(said.filter((line) => line.length > 100).length > 150, "tokens");
        assert.ok(said.filter((line) => line.includes(" kept ")).length > 3, "restarts");
        await check(t, 13, null, said);
      });
    test("Modbus meters", (t) => check(t, 5, null));
    test("DSMR telegrams", (t) => check(t, 6, null));
    test("SML files", (t) => check(t, 7, null));
    test("S0 pulses", (t) => check(t, 8, null));
    test("CSE7766 frames", (t) => check(t, 9, null));
    test("BL0942 packets", (t) => check(t, 10, null));
    test("ADE7953 registers", (t) => check(t, 11, null));
    test("cap selection", (t) => check(t, 14, load("dag/selection.json")));
  });
