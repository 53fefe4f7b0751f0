// SPDX-License-Identifier: Apache-2.0
/** A quorum's certificate checked on XS with 32 bits, of 4 and of 51 gateways: outcome, memory, bytecodes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { encodeCbor } from "#core/codec/cbor";
import { headerRecord } from "#core/records/block";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost, type XsStats } from "#host-sim/xs-host/host";
import { sodiumCrypto } from "#node/crypto/sodium";
import { CertifiedLedger } from "../helpers/certified-ledger.ts";
import { Consortium } from "../helpers/consortium.ts";
import { SMALL_CREATION } from "./small-creation.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const KB = 1024;
const sodium = sodiumCrypto();

const bytesOf = ({ chunkBytes, slots, slotBytes }: XsStats): number =>
  chunkBytes + slots * slotBytes;

/** Bytes that a node has more with the keys alone, with a certificate at its largest, and after it. */
async function run(gateways: number, crypto: "native" | "noble", voices: number) {
  const ledger = new CertifiedLedger(new Consortium(gateways, "quorum", sodium), 3);
  const file = fileURLToPath(new URL("./certificate-node.ts", import.meta.url));
  const bundle = await bundleForXs(file, { name: "certificate" });
  const source = `import { runCertificates } from "certificate"; runCertificates("${crypto}");`;
  const failures: string[] = [];
  let answer: [number, number, string[]] = [-1, -1, []];
  const preload = crypto === "native" ? ["certificate"] : [];
  const creation = crypto === "native" ? SMALL_CREATION : { ...SMALL_CREATION, stackSlots: 16_384 };
  const xs = await XsHost.start(
    { modules: [bundle, { name: "main", source }], entry: "main", preload, bits: 32 },
    {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => {
        answer = JSON.parse(Buffer.from(data).toString());
      },
      failed: (_, reason) => void failures.push(reason),
    },
  );
  try {
    await xs.create(0, creation);
    const look = async (): Promise<number> => bytesOf(await xs.stats(0, { collect: true }));
    const before = await look();
    await xs.deliver(0, 1, Buffer.concat(ledger.keys()));
    const keys = (await look()) - before;
    const costs: number[] = [];
    let held = 0;
    const started = process.hrtime.bigint();
    for (let block = 0; block < 3; block++) {
      const record = headerRecord.encode(ledger.heads[block].value);
      await xs.deliver(0, 2, Buffer.from(encodeCbor([record, new Uint8Array(64)])));
      const certified = ledger.certified(10 + block, block, {
        change: (quorum) => ({ ...quorum, voices: quorum.voices.slice(0, voices) }),
      });
      await xs.deliver(0, 3, Buffer.from(certified));
      held = Math.max(held, (await look()) - before);
      for (let i = 0; answer[0] === 0 && i < 64; i++) {
        costs.push((await xs.deliver(0, 4, Buffer.alloc(0))).meter);
        if (crypto === "noble") break;
      }
      if (crypto === "noble") break;
    }
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    const after = (await look()) - before;
    assert.deepEqual(failures, []);
    return { answer, keys, held, after, steps: costs.length, dearest: Math.max(...costs), ms };
  } finally {
    await xs.close();
  }
}

test("certificates of 4 and 51 gateways on XS: what they prove, and what they take", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  for (const [gateways, quorum, keysMax, heldMax] of [
    [4, 3, 4 * KB, 9 * KB],
    [51, 35, 22 * KB, 30 * KB],
  ]) {
    const found = await run(gateways, "native", quorum);
    t.diagnostic(`${gateways}: ${JSON.stringify(found)}`);
    assert.deepEqual(found.answer, [-1, 2, []], "the balance is certified");
    assert.equal(found.steps, 3 * quorum, "one signature at a time");
    assert.ok(found.keys <= keysMax, `${found.keys} bytes of keys`);
    assert.ok(found.held <= heldMax, `${found.held} bytes with a certificate`);
    assert.ok(found.after <= found.keys + 2 * KB, `${found.after} bytes stay`);
  }
  const forged = await run(4, "native", 2);
  assert.match(forged.answer[2][0], /^GATEWAY_LEDGER 2 voices, not 3/);
});

test("one voice with crypto in JavaScript", async (t) => {
  if (!(await xsOrSkip(t, { bits: 32 }))) return;
  const { dearest, ms } = await run(4, "noble", 3);
  t.diagnostic(`${dearest} bytecodes, ${ms.toFixed(0)} ms`);
  assert.ok(dearest < 8_000_000);
});
