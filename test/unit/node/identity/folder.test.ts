// SPDX-License-Identifier: Apache-2.0
/** The identity folder as people and disks treat it: what is read, what is kept, what is written. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { REQUESTS_MAX } from "#core/limits";
import { Subject } from "#core/records/authority";
import { enrolRecord } from "#core/records/certificate";
import { SEALED_BYTES_MAX } from "#core/trust/certificate";
import { IdentityFolder } from "#node/identity/folder";
import { TestAuthority } from "#test/helpers/authority";
import {
  crypto,
  idOf,
  NET,
  NOW_MS,
  requestBytes,
  secretOf,
  tempFolder,
} from "../authority/tools.ts";

const at = tempFolder();
let count = 0;

/** A folder of its own, and what was logged about it. */
function folder() {
  const dir = at(`f${count++}`);
  const logs: string[] = [];
  const log = (_: string, event: string, facts: object = {}) =>
    void logs.push([event, ...Object.values(facts)].join(" "));
  /** Where each node is; nowhere that is known but for those. */
  const from = new Map<string, string>();
  const open = () => new IdentityFolder(dir, crypto, log, (id) => from.get(id));
  const shelf = open();
  const path = (...names: string[]) => [dir, ...names].join("/");
  const put = (name: string, bytes: Uint8Array) => writeFileSync(path(name), bytes);
  return { dir, logs, open, shelf, path, put, from };
}

const authority = new TestAuthority(NET);
const keyOf = (number: number) => crypto.publicKey(secretOf(number));

/** The record id of a request, as the operator's refusal names it. */
function requestId(signed: Uint8Array): string {
  const opened = openSigned(enrolRecord, crypto, signed);
  assert.ok(opened.ok);
  return toHex(opened.id);
}

test("a new folder is made, with room for requests, and has nothing", () => {
  const { shelf, path } = folder();
  assert.ok(statSync(path("requests")).isDirectory());
  assert.equal(shelf.scan(), true, "never looked at before");
  assert.equal(shelf.scan(), false);
  assert.equal(shelf.authority(), undefined);
  assert.deepEqual([shelf.certificates(), shelf.lists()], [[], []]);
});

test("it reads the authority's record, certificates and lists, and nothing else", () => {
  const { shelf, put } = folder();
  const [record, node, gateway] = [authority.record(), authority.issue(keyOf(1)), Uint8Array.of(1)];
  const lists = [authority.list([1], Subject.gateway), authority.list([2])];
  put("authority.cbor", record);
  put("1.cert", node);
  put("gateway.cert", gateway);
  put("revoked-gateways.cbor", lists[0]);
  put("revoked-nodes.cbor", lists[1]);
  for (const name of ["1.cert.tmp-77", "authority.cbor~", "notes.txt", "revoked.cbor", "2.enrol"])
    put(name, Uint8Array.of(9));
  assert.equal(shelf.scan(), true);
  assert.deepEqual(shelf.authority(), record);
  assert.deepEqual(shelf.certificates(), [node, gateway]);
  assert.deepEqual(shelf.lists(), lists);
  for (const bytes of [shelf.authority(), ...shelf.certificates(), ...shelf.lists()])
    assert.equal(Buffer.isBuffer(bytes), false, "no view on a buffer that others use");
});

test("a look is worth something only where a file of the authority is other than before", () => {
  const { shelf, path, put } = folder();
  shelf.scan();
  const seen: [string, () => void, boolean][] = [
    ["nothing", () => {}, false],
    ["a certificate", () => put("1.cert", authority.issue(keyOf(1))), true],
    ["nothing again", () => {}, false],
    ["a file of somebody else's", () => put("readme.txt", Uint8Array.of(1)), false],
    ["another in its place", () => put("1.cert", authority.issue(keyOf(1))), true],
    ["one that is half copied", () => put("2.cert", authority.issue(keyOf(2)).subarray(9)), true],
    ["the rest of it", () => put("2.cert", authority.issue(keyOf(2))), true],
    ["a request", () => void shelf.request(idOf(1), requestBytes(1), false), false],
    ["a refusal", () => put(`requests/${idOf(1)}.refused`, Buffer.from("aa")), false],
    ["one taken away", () => rmSync(path("2.cert")), true],
    ["a new name", () => renameSync(path("1.cert"), path("9.cert")), true],
  ];
  for (const [what, change, expected] of seen) {
    change();
    assert.equal(shelf.scan(), expected, what);
  }
  assert.equal(shelf.certificates().length, 1);
});

test("what is too large, no file or not there is told once and left out; the others count", () => {
  const { shelf, path, put, logs } = folder();
  const good = authority.issue(keyOf(3));
  put("0.cert", new Uint8Array(SEALED_BYTES_MAX + 1));
  mkdirSync(path("1.cert"));
  symlinkSync(path("nowhere"), path("2.cert"));
  put("3.cert", good);
  put("authority.cbor", new Uint8Array(100_000));
  mkdirSync(path("revoked-nodes.cbor"));
  assert.equal(shelf.scan(), true);
  assert.deepEqual(shelf.certificates(), [good]);
  assert.deepEqual([shelf.authority(), shelf.lists()], [undefined, []]);
  const expected = [
    "identity-ignored 0.cert OVERSIZED ",
    "identity-ignored 1.cert NO_FILE ",
    "identity-ignored 2.cert ENOENT ",
    "identity-ignored authority.cbor OVERSIZED ",
    "identity-ignored revoked-nodes.cbor NO_FILE ",
  ];
  assert.deepEqual(logs, expected);
  assert.equal(shelf.scan(), false);
  assert.deepEqual(logs, expected, "not every ten seconds");
  put("nowhere", good);
  assert.equal(shelf.scan(), true, "what the link names is there now");
  assert.equal(shelf.certificates().length, 2);
});

test("a folder that is away takes nothing with it, and goes on when it is back", () => {
  const { shelf, dir, put, logs } = folder();
  put("1.cert", authority.issue(keyOf(1)));
  assert.equal(shelf.request(idOf(2), requestBytes(2), false), true);
  shelf.scan();
  renameSync(dir, `${dir}-away`);
  for (let i = 0; i < 3; i++) assert.equal(shelf.scan(), false);
  assert.deepEqual(logs, [`identity-folder ${dir} ENOENT`]);
  assert.equal(shelf.certificates().length, 1);
  renameSync(`${dir}-away`, dir);
  assert.equal(shelf.scan(), false, "as it was");
  put("3.cert", authority.issue(keyOf(3)));
  assert.equal(shelf.scan(), true);
  assert.equal(shelf.certificates().length, 2);
  assert.equal(logs.length, 1);
});

test("where no folder can be made, the gateway starts; it is read as soon as it is there", () => {
  const { open, path, dir, put, logs } = folder();
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "a file");
  const shelf = open();
  assert.equal(shelf.scan(), false);
  assert.equal(shelf.request(idOf(1), requestBytes(1), false), false);
  assert.match(logs.join("\n"), /^identity-folder \S+ (EEXIST|ENOTDIR)\n/);
  rmSync(dir);
  mkdirSync(dir);
  put("1.cert", authority.issue(keyOf(1)));
  assert.equal(shelf.scan(), true, "without a folder for requests");
  assert.equal(shelf.certificates().length, 1);
  assert.equal(shelf.request(idOf(1), requestBytes(1), false), true);
  assert.deepEqual(readdirSync(path("requests")), [`${idOf(1)}.enrol`]);
});

test("requests are written whole, and the same wish is not written again", () => {
  const { shelf, path } = folder();
  const file = path("requests", `${idOf(1)}.enrol`);
  const first = requestBytes(1);
  assert.equal(shelf.request(idOf(1), first, false), true);
  assert.deepEqual(Uint8Array.from(readFileSync(file)), first);
  assert.deepEqual(readdirSync(path("requests")), [`${idOf(1)}.enrol`], "no half is left");
  const { ino } = statSync(file);
  assert.equal(shelf.request(idOf(1), requestBytes(1, { atMs: NOW_MS + 300_000 }), false), true);
  assert.deepEqual(Uint8Array.from(readFileSync(file)), first, "an operator may be reading it");
  assert.equal(statSync(file).ino, ino);
  const other = requestBytes(1, { connectionW: 11_000 });
  assert.equal(shelf.request(idOf(1), other, false), true);
  assert.deepEqual(Uint8Array.from(readFileSync(file)), first, "one write between two looks");
  shelf.scan();
  assert.equal(shelf.request(idOf(1), other, false), true);
  assert.deepEqual(Uint8Array.from(readFileSync(file)), other);
  assert.equal(shelf.refused(idOf(1), other), false);
});

const name = (i: number) => i.toString(16).padStart(32, "0");

test("requests survive a restart, and no more than REQUESTS_MAX wait", () => {
  const { shelf, open, path } = folder();
  const bytes = requestBytes(1);
  for (let i = 0; i < REQUESTS_MAX; i++) assert.ok(shelf.request(name(i), bytes, true));
  assert.equal(shelf.request(name(REQUESTS_MAX), bytes, true), false, "there are no strangers");
  assert.equal(shelf.request(name(0), requestBytes(1, { renews: 3 }), true), true, "in its place");
  const again = open();
  again.scan();
  for (let i = 1; i < REQUESTS_MAX; i++) again.request(name(i), bytes, true);
  assert.equal(again.requestsWaiting, REQUESTS_MAX);
  assert.equal(again.request(name(5), requestBytes(1, { atMs: 1 }), true), true);
  rmSync(path("requests", `${name(7)}.enrol`)); // approved
  again.scan();
  assert.equal(again.request(name(REQUESTS_MAX), bytes, false), true);
  assert.equal(readdirSync(path("requests")).length, REQUESTS_MAX);
});

test("a flood of keys from one address pushes itself out, and nobody from another", () => {
  const { shelf, path, from, logs } = folder();
  const bytes = requestBytes(1);
  const flood = (begin: number, count: number) => {
    for (let i = begin; i < begin + count; i++) {
      from.set(name(i), "10.0.0.66");
      assert.equal(shelf.request(name(i), bytes, false), true);
    }
  };
  const files = () => readdirSync(path("requests"));
  /** Looks until everything is in its file: 32 are written at each. */
  const looks = () => {
    for (let i = 0; i < REQUESTS_MAX / 32; i++) shelf.scan();
  };
  const honest = ["a", "b", "c"].map((letter) => letter.repeat(32));
  flood(0, REQUESTS_MAX);
  honest.forEach((id, i) => {
    from.set(id, `10.0.1.${i}`);
    assert.equal(shelf.request(id, bytes, false), true, "at the first try");
  });
  flood(1000, 3 * REQUESTS_MAX);
  assert.equal(files().length, REQUESTS_MAX, "nothing is written in between");
  shelf.scan();
  assert.ok(files().length < 64, "the places of others are theirs no more");
  looks();
  for (const id of honest) assert.ok(files().includes(`${id}.enrol`), "and it stays");
  assert.equal(files().length, REQUESTS_MAX);
  assert.equal(shelf.requestsWaiting, REQUESTS_MAX);
  const displaced = 3 * REQUESTS_MAX + honest.length;
  assert.equal(shelf.displaced, displaced);
  assert.deepEqual(logs, [`requests-displaced ${displaced} ${REQUESTS_MAX}`]);
  shelf.scan();
  assert.equal(logs.length, 1);
  // Some that hang up at once, so that nobody knows where they were, share one place too.
  for (let i = 5000; i < 6000; i++) shelf.request(name(i), bytes, false);
  looks();
  for (const id of honest) assert.ok(files().includes(`${id}.enrol`));
});

test("who is expected or was certified stays, whatever comes from any number of addresses", () => {
  const { shelf, path, put, from, open } = folder();
  const bytes = requestBytes(1);
  const byKey = idOf(1);
  const [byId, certified, late] = ["b", "c", "d"].map((letter) => letter.repeat(32));
  const list = ["# the houses of June", `${toHex(keyOf(1))}  # house 1`, byId.toUpperCase(), ""];
  put("expected.txt", Buffer.from(list.join("\n")));
  shelf.scan();
  for (const id of [byKey, byId]) shelf.request(id, bytes, false);
  shelf.request(certified, bytes, true);
  const flood = (to: typeof shelf, begin: number) => {
    for (let i = begin; i < begin + 2 * REQUESTS_MAX; i++) {
      from.set(name(i), `10.${i >> 8}.${i & 255}.1`);
      to.request(name(i), bytes, false);
    }
    for (let i = 0; i < REQUESTS_MAX / 32; i++) to.scan();
    return readdirSync(path("requests"));
  };
  let files = flood(shelf, 0);
  for (const id of [byKey, byId, certified]) assert.ok(files.includes(`${id}.enrol`), id);
  assert.equal(files.length, REQUESTS_MAX);
  put("expected.txt", Buffer.from([...list, `WATTLE1:${toHex(keyOf(2))}:7K2M-9QX4`].join("\n")));
  const again = open();
  again.scan();
  assert.equal(again.request(idOf(2), bytes, false), true, "as soon as it is expected");
  from.set(late, "10.200.0.1");
  assert.equal(again.request(late, bytes, false), true);
  files = flood(again, 10_000);
  for (const id of [byKey, byId, idOf(2)]) assert.ok(files.includes(`${id}.enrol`), id);
  assert.ok(!files.includes(`${late}.enrol`), "256 addresses were against it: it asks again");
});

test("lines of the list that name nobody are told, and the others count", () => {
  const { shelf, put, logs } = folder();
  put("expected.txt", Buffer.from(`house 7\n${idOf(1)}\n${toHex(keyOf(2)).slice(2)}\n`));
  shelf.scan();
  assert.deepEqual(logs, ["identity-expected expected.txt 1 2"]);
});

test("a refusal holds for the wish, whenever it is asked again, and another wish clears it", () => {
  const { shelf, open, path, put } = folder();
  const id = idOf(1);
  const first = requestBytes(1);
  shelf.request(id, first, false);
  put(`requests/${id}.refused`, Buffer.from(`${requestId(first)}\n`));
  assert.equal(shelf.refused(id, first), false, "not seen yet");
  shelf.scan();
  const later = requestBytes(1, { atMs: NOW_MS + 300_000 });
  assert.equal(shelf.refused(id, first), true);
  assert.equal(shelf.refused(id, later), true);
  assert.equal(shelf.refused(idOf(2), requestBytes(2)), false, "another node");
  const again = open();
  again.scan();
  assert.equal(again.refused(id, later), true, "after a restart");
  const other = requestBytes(1, { meter: "M-7" });
  assert.equal(shelf.refused(id, other), false);
  assert.equal(shelf.request(id, other, false), true);
  assert.ok(!existsSync(path("requests", `${id}.refused`)));
  assert.equal(shelf.refused(id, first), false, "the operator decides anew");
});

test("a refusal of an earlier request, a damaged one and a folder are none", () => {
  const { shelf, path, put } = folder();
  const id = idOf(1);
  const now = requestBytes(1, { connectionW: 9_000 });
  shelf.request(id, now, false);
  put(`requests/${id}.refused`, Buffer.from(requestId(requestBytes(1))));
  shelf.scan();
  assert.equal(shelf.refused(id, now), false, "it crossed the new request");
  put(`requests/${id}.refused`, Buffer.from(requestId(now).slice(0, 20)));
  shelf.scan();
  assert.equal(shelf.refused(id, now), false);
  put(`requests/${id}.refused`, Buffer.from(requestId(now).repeat(9)));
  shelf.scan();
  assert.equal(shelf.refused(id, now), false);
  rmSync(path("requests", `${id}.refused`));
  mkdirSync(path("requests", `${id}.refused`));
  mkdirSync(path("requests", `${idOf(2)}.enrol`));
  put(`requests/${idOf(3)}.enrol`, new Uint8Array(5000));
  put("1.cert", authority.issue(keyOf(1)));
  assert.equal(shelf.scan(), true, "the certificates are read all the same");
  assert.equal(shelf.refused(id, now), false);
});

test("a certificate answers its request, also where wattle authority made it elsewhere", () => {
  const { shelf, path, put } = folder();
  const wallets = (number: number) => new Uint8Array(32).fill(number);
  for (const number of [1, 2, 3]) shelf.request(idOf(number), requestBytes(number), false);
  const renewal = requestBytes(4, { renews: 1000 });
  shelf.request(idOf(4), renewal, false);
  put(`requests/${idOf(1)}.refused`, Buffer.from("an earlier word"));
  put("1.cert", authority.issue(keyOf(1), { wallets: wallets(1) }));
  put("2.cert", authority.issue(keyOf(2), { wallets: wallets(7) }));
  put("4.cert", authority.issue(keyOf(4), { wallets: wallets(4), serial: 1000 }));
  shelf.scan();
  const left = () => readdirSync(path("requests")).sort();
  const names = (...numbers: number[]) => numbers.map((n) => `${idOf(n)}.enrol`).sort();
  assert.deepEqual(left(), names(2, 3, 4), "2 has new wallets since, 4 wants more time");
  put("5.cert", authority.issue(keyOf(4), { wallets: wallets(4), serial: 1001 }));
  shelf.scan();
  assert.deepEqual(left(), names(2, 3));
});
