// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { Entry } from "#node/authority/entries";
import { whileLocked } from "#node/authority/lock";
import { Register } from "#node/authority/register";
import { anchorKey, crypto, init, NOW_MS, secretOf, tempFolder, vault } from "./tools.ts";

const at = tempFolder();
const { anchorSecret } = vault;
let count = 0;

const tls = (serial: number): Entry => ({
  kind: "tls",
  atMs: NOW_MS + serial,
  serial: String(serial),
  fingerprint: "é".repeat(serial % 3), // more bytes than characters
  hosts: ["a"],
  fromMs: 0,
  untilMs: 1,
});

/** A register with its first line and `more`. */
function made(more: number): string {
  const path = at(`r${count++}`);
  Register.create(path, crypto, anchorSecret, init());
  const register = open(path);
  for (let i = 1; i <= more; i++) register.append(tls(i), anchorSecret);
  return path;
}

const open = (path: string) => Register.open(path, crypto, anchorKey);

function copied(path: string): string {
  const copy = at(`r${count++}`);
  copyFileSync(path, copy);
  copyFileSync(`${path}.head`, `${copy}.head`);
  return copy;
}

test("what is appended is there when it is opened again, for its owner only", () => {
  const path = made(3);
  assert.deepEqual(open(path).entries, [init(), tls(1), tls(2), tls(3)]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(`${path}.head`).mode & 0o777, 0o600);
  assert.throws(
    () => Register.create(path, crypto, anchorSecret, init()),
    /is there already\. Give back the key store/,
  );
});

test("any byte that is changed, taken out or put in is found", () => {
  const path = made(3);
  const bytes = readFileSync(path);
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  const copy = copied(path);
  fc.assert(
    fc.property(change, ({ at: index, remove, insert }) => {
      const parts = [bytes.subarray(0, index), insert, bytes.subarray(index + remove)];
      const changed = Buffer.concat(parts);
      if (changed.equals(bytes)) return;
      // Behind the last line break nothing counts: see the test of lines that were cut.
      if (changed.subarray(0, bytes.length).equals(bytes)) return;
      writeFileSync(copy, changed);
      assert.throws(() => open(copy), /line \d is not as|of 4 lines are missing/);
    }),
    { numRuns: 500 },
  );
});

test("lines that are left out, doubled or swapped are found", () => {
  const path = made(3);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const copy = copied(path);
  const [a, b, c, d] = lines;
  for (const [kept, expected] of [
    [[a, b, c], /1 of 4 lines are missing/],
    [[a], /3 of 4 lines are missing/],
    [[], /4 of 4 lines are missing/],
    [[a, c, d], /line 2 is not as/],
    [[b, c, d], /line 1 is not as/],
    [[a, c, b, d], /line 2 is not as/],
    [[a, b, b, c, d], /line 3 is not as/],
    [[a, b, c, d, d], /line 5 is not as/],
  ] as const) {
    writeFileSync(copy, kept.map((line) => `${line}\n`).join(""));
    assert.throws(() => open(copy), expected);
  }
});

test("another anchor's register is none, and neither is another spelling of a line", () => {
  const path = made(1);
  const other = crypto.publicKey(secretOf(1));
  assert.throws(() => Register.open(path, crypto, other), /head is not as the authority wrote it/);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace('{"entry":', '{ "entry":'));
  assert.throws(() => open(path), /line 1 is not as/);
  writeFileSync(
    path,
    text.replace(/"signature":"(.)/, (all) => all.toUpperCase()),
  );
  assert.throws(() => open(path), /line 1 is not as/);
});

test("the head is signed, and a register without it is not opened", () => {
  const path = made(2);
  const head = readFileSync(`${path}.head`, "utf8");
  for (const changed of [
    head.replace('"lines":3', '"lines":2'),
    head.replace('"lines":3', '"lines":-3'),
    head.replace(/"hash":"../, '"hash":"zz'),
    "{}",
    "null",
    "",
  ]) {
    assert.notEqual(changed, head);
    writeFileSync(`${path}.head`, changed);
    assert.throws(() => open(path), /head is not as the authority wrote it\. Take the copy/);
  }
  rmSync(`${path}.head`);
  assert.throws(() => open(path), /head: ENOENT\. Take the copy/);
});

test("a head of another history is found", () => {
  const [one, two] = [made(1), made(1)];
  open(one).append(tls(7), anchorSecret);
  open(two).append(tls(8), anchorSecret);
  copyFileSync(`${two}.head`, `${one}.head`);
  assert.throws(() => open(one), /line 3 is not the one that its head names/);
});

test("after a crash between line and head the line counts, and the next one follows it", () => {
  const path = made(1);
  const head = readFileSync(`${path}.head`);
  open(path).append(tls(2), anchorSecret);
  writeFileSync(`${path}.head`, head);
  const register = open(path);
  assert.deepEqual(register.entries.slice(1), [tls(1), tls(2)]);
  register.append(tls(3), anchorSecret);
  assert.deepEqual(open(path).entries.slice(1), [tls(1), tls(2), tls(3)]);
});

test("after a crash within a line what is there of it is dropped", () => {
  const path = made(1);
  const before = readFileSync(path);
  const head = readFileSync(`${path}.head`);
  open(path).append(tls(2), anchorSecret);
  const line = readFileSync(path).subarray(before.length);
  for (let length = 1; length < line.length; length += 37) {
    writeFileSync(path, Buffer.concat([before, line.subarray(0, length)]));
    writeFileSync(`${path}.head`, head);
    const register = open(path);
    assert.equal(register.entries.length, 2);
    register.append(tls(3), anchorSecret);
    assert.deepEqual(open(path).entries.slice(1), [tls(1), tls(3)]);
  }
  writeFileSync(path, before);
  writeFileSync(`${path}.head`, head);
  appendFileSync(path, Buffer.alloc(10_000)); // as a file system may leave it
  assert.equal(open(path).entries.length, 2);
  open(path).append(tls(2), anchorSecret);
  assert.equal(readFileSync(path).length, before.length + line.length, "nothing is left of it");
});

test("one process at a time; the lock of one that is gone does not count", async () => {
  const path = at("locked");
  const order: string[] = [];
  await whileLocked(path, async () => {
    order.push("in");
    await assert.rejects(
      whileLocked(path, () => void order.push("never")),
      new RegExp(`process ${process.pid} is at work with the register`),
    );
  });
  writeFileSync(`${path}.lock`, "4194305\n"); // above Linux's largest process id
  await whileLocked(path, () => void order.push("again"));
  await assert.rejects(
    whileLocked(path, () => Promise.reject(new Error("work failed"))),
    /work failed/,
  );
  await whileLocked(path, () => void order.push("free"));
  assert.deepEqual(order, ["in", "again", "free"]);
});
