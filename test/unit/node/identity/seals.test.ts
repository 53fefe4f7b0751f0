// SPDX-License-Identifier: Apache-2.0
/** The thread of the seals: a verdict for each in order, and no question without an answer. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openAuthority } from "#core/trust/anchor";
import { DOMAIN, openCertificate } from "#core/trust/certificate";
import type { SealJob } from "#gateway/identity/ports";
import { SealThread } from "#node/identity/seals";
import { TestAuthority } from "#test/helpers/authority";
import { crypto, NET, secretOf } from "../authority/tools.ts";

const authority = new TestAuthority(NET);
const sealKey = sealKeyOf(authority);

function sealKeyOf(of: TestAuthority): Uint8Array {
  const opened = openAuthority(crypto, of.record());
  assert.ok(opened.ok);
  return opened.value.sealKey;
}

/** A certificate's seal, of node `number`. */
function job(number: number, from = authority): SealJob {
  const opened = openCertificate(crypto, from.issue(crypto.publicKey(secretOf(number))));
  assert.ok(opened.ok);
  return { domain: DOMAIN, record: opened.record, seal: opened.seal };
}

/** The same, spoilt in one of four ways. */
function bad(number: number): SealJob {
  const good = job(number);
  const record = good.record.slice();
  record[record.length - 1] ^= 1;
  const seal = good.seal.slice();
  seal[60] ^= 1;
  const ways = [
    { ...good, record },
    { ...good, seal },
    { ...good, domain: `${DOMAIN}x` },
    { ...good, seal: new Uint8Array(7) },
  ];
  return ways[number % ways.length];
}

function thread(t: TestContext, url?: URL): SealThread {
  const seals = new SealThread(url);
  t.after(() => seals.close());
  return seals;
}

/** A thread's program that does `action` with its first message, and then answers that all are good. */
function program(action: string): URL {
  const source = `import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ jobs }) => { ${action}; parentPort.postMessage(jobs.map(() => true)); });`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

test("good seals, bad ones and both together get their verdicts in order", async (t) => {
  const seals = thread(t);
  assert.deepEqual(await seals.verifySeals(sealKey, []), []);
  assert.deepEqual(await seals.verifySeals(sealKey, [job(1)]), [true]);
  for (const number of [0, 1, 2, 3])
    assert.deepEqual(await seals.verifySeals(sealKey, [bad(number)]), [false], `way ${number}`);
  const mixed = Array.from({ length: 24 }, (_, i) => (i % 5 === 2 ? bad(i) : job(i)));
  const expected = mixed.map((_, i) => i % 5 !== 2);
  assert.deepEqual(await seals.verifySeals(sealKey, mixed), expected);
  assert.equal(await seals.verifyAll(sealKey, mixed), false);
  assert.equal(await seals.verifyAll(sealKey, [job(1), job(2)]), true);
  assert.equal(await seals.verifyAll(new Uint8Array(32), [job(1)]), false);
});

test("another authority's key, and what is none, seals nothing", async (t) => {
  const seals = thread(t);
  const other = new TestAuthority(NET, "another");
  const jobs = [job(1), job(2, other)];
  assert.deepEqual(await seals.verifySeals(sealKeyOf(other), jobs), [false, true]);
  assert.deepEqual(await seals.verifySeals(sealKey, jobs), [true, false], "back to the first key");
  const none = [new Uint8Array(0), new Uint8Array(32), sealKey.slice(1)];
  for (const key of [...none, new Uint8Array(sealKey.length)])
    assert.deepEqual(await seals.verifySeals(key, jobs), [false, false], `${key.length} bytes`);
});

test("many questions at once each get their own answer", async (t) => {
  const seals = thread(t);
  const asked = Array.from({ length: 12 }, (_, i) =>
    Array.from({ length: (i % 3) + 1 }, (_, k) => ((i + k) % 2 === 0 ? job(k) : bad(k))),
  );
  const answers = await Promise.all(asked.map((jobs) => seals.verifySeals(sealKey, jobs)));
  answers.forEach((verdicts, i) => {
    assert.deepEqual(
      verdicts,
      asked[i].map((_, k) => (i + k) % 2 === 0),
      `question ${i}`,
    );
  });
});

test("a thread that dies rejects what it owes, and the next question gets a new one", async (t) => {
  const dying: [string, RegExp][] = [
    ['if (jobs.length === 1) throw new Error("it broke")', /it broke/],
    ["if (jobs.length === 1) process.exit(3)", /ended with 3/],
  ];
  for (const [action, expected] of dying) {
    const seals = thread(t, program(action));
    const both = [
      seals.verifySeals(sealKey, [job(1)]),
      seals.verifySeals(sealKey, [job(1), job(2)]),
    ];
    for (const answer of await Promise.allSettled(both)) {
      assert.equal(answer.status, "rejected");
      assert.match(String(answer.reason), expected);
    }
    assert.deepEqual(await seals.verifySeals(sealKey, [job(1), job(2)]), [true, true]);
  }
});

test("closing rejects what waits, ends the thread, and starts no other", async () => {
  const seals = new SealThread();
  const waiting = seals.verifySeals(sealKey, [job(1)]);
  const failed = assert.rejects(waiting, /closed/);
  await seals.close();
  await failed;
  await seals.close();
  await assert.rejects(seals.verifySeals(sealKey, [job(1)]), /closed/);
  await new SealThread().close();
});
