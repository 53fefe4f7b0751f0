// SPDX-License-Identifier: Apache-2.0
/** `wattle enrol`: what an operator sees of the requests in a gateway's folder, and what becomes of them. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { toHex } from "#core/codec/bytes";
import { openCertificate } from "#core/trust/certificate";
import { DAY_MS } from "#core/units/time";
import { registerNodeCommands } from "#node/cli/commands";
import { enrolApproveCommand, enrolListCommand, enrolRefuseCommand } from "#node/cli/enrol";
import { IdentityFolder } from "#node/identity/folder";
import { at, authority } from "../authority/cli-tools.ts";
import { CODE, crypto, idOf, NOW_MS, request, requestBytes, run } from "../authority/tools.ts";

/** An authority, a gateway's folder with the requests of `numbers`, and the commands on them. */
async function office(numbers: readonly number[], where = "identity") {
  const own = await authority();
  const folder = own.at(where);
  const requests = `${folder}/requests`;
  mkdirSync(requests, { recursive: true });
  const files = { folder, key: own.key, passphraseFile: at("pass"), nowMs: NOW_MS };
  const ask = (number: number, more = {}) =>
    writeFileSync(`${requests}/${idOf(number)}.enrol`, requestBytes(number, more));
  for (const number of numbers) ask(number);
  return {
    ...own,
    ask,
    folder,
    requests,
    left: () => readdirSync(requests).sort(),
    list: (more = {}) => run((output) => enrolListCommand({ ...files, ...more, ...output })),
    approve: (which: string | undefined, more = {}) =>
      run((output) => enrolApproveCommand(which, { ...files, ...more, ...output })),
    refuse: (which: string, more = {}) =>
      run((output) => enrolRefuseCommand(which, { ...files, ...more, ...output })),
  };
}

/** The certificate in a file; its seal is not looked at. */
function certificateIn(path: string) {
  const opened = openCertificate(crypto, Uint8Array.from(readFileSync(path)));
  assert.ok(opened.ok);
  return opened.value;
}

test("list shows who asks for what, and what cannot be read", async () => {
  const { list, ask, requests } = await office([]);
  assert.deepEqual(await list(), { code: 0, said: "no requests\n", failed: "" });
  assert.deepEqual(JSON.parse((await list({ json: true })).said), { requests: [], faults: [] });
  ask(2);
  ask(1, { meter: "", renews: 7, atMs: 0 });
  const shown = [
    `${idOf(1)}  house-1: renews 7, no meter named, 17250 W`,
    `${idOf(2)}  house-2: new, M-2, 17250 W`,
  ];
  assert.equal((await list()).said, `${shown.join("\n")}\n`);
  writeFileSync(`${requests}/odd.enrol`, "not CBOR");
  const changed = requestBytes(3);
  changed[changed.length - 1] ^= 1;
  writeFileSync(`${requests}/${idOf(3)}.enrol`, changed);
  const { code, said } = await list({ json: true });
  assert.equal(code, 0);
  const { requests: found, faults } = JSON.parse(said);
  assert.deepEqual(
    found.map(({ id, name, renews, at, refused }: Record<string, unknown>) => ({
      ...{ id, name, renews, at, refused },
    })),
    [
      { id: idOf(1), name: "house-1", renews: 7, at: null, refused: false },
      { id: idOf(2), name: "house-2", renews: 0, at: "2027-01-01T00:00:00Z", refused: false },
    ],
  );
  assert.equal(faults.length, 2);
  assert.match(faults.join("\n"), /odd\.enrol is no request \(/);
  assert.match(faults.join("\n"), /is not signed by the key in it/);
});

test("a folder that is none is named, with what to give", async () => {
  const { approve, list, refuse, folder, requests } = await office([]);
  rmSync(requests, { recursive: true });
  for (const command of [
    list(),
    approve("house-1"),
    approve(undefined, { all: true }),
    refuse("x"),
  ]) {
    const { code, said, failed } = await command;
    assert.deepEqual([code, said], [2, ""]);
    assert.match(
      failed,
      /^wattle enrol (list|approve|refuse): .*requests: ENOENT\. Give the folder/,
    );
  }
  assert.deepEqual(readdirSync(folder), []);
});

test("approve by name and by the begin of an id; the claim code has to be the node's", async () => {
  const { approve, folder, left, requests } = await office([1, 2]);
  writeFileSync(`${requests}/${idOf(1)}.refused`, "earlier");
  const wrong = await approve("house-1", { claim: "0000-0000" });
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.failed,
    /^wattle enrol approve: the claim code is not the one .* Read it again/,
  );
  const typo = await approve("house-1", { claim: "7K2M" });
  assert.match(typo.failed, /--claim: not a claim code\. Give the eight characters/);
  assert.equal(existsSync(`${folder}/1.cert`), false);
  assert.equal(left().length, 3);

  const named = await approve("house-1", { claim: CODE.toLowerCase().replace("-", " ") });
  assert.equal(named.code, 0, named.failed);
  assert.match(named.said, /^serial 1: node \w+ \(house-1, meter M-1, 17250 W\), 2026-12-31T23/);
  assert.doesNotMatch(named.said, /without claim codes/);
  const { id, meter, untilMs } = certificateIn(`${folder}/1.cert`);
  assert.deepEqual([toHex(id), meter, untilMs], [idOf(1), "M-1", NOW_MS + 365 * DAY_MS]);
  assert.deepEqual(left(), [`${idOf(2)}.enrol`], "answered, with its refusal");

  const given = { meter: "Z 99", connectionW: "11000", days: "30", json: true };
  const byId = await approve(idOf(2).slice(0, 4).toUpperCase(), given);
  const { approved, left: others, faults } = JSON.parse(byId.said);
  assert.deepEqual([byId.code, others, faults, approved.length], [0, [], [], 1]);
  assert.equal(approved[0].file, `${folder}/2.cert`);
  const own = certificateIn(approved[0].file);
  assert.deepEqual([own.meter, own.connectionW], ["Z 99", 11_000]);
  assert.equal(own.untilMs, NOW_MS + 30 * DAY_MS);
  assert.deepEqual(left(), []);
});

test("who is meant has to be clear", async () => {
  const { approve, refuse, ask, left } = await office([1]);
  ask(2, { name: "house-1" });
  const cases: [string | undefined, object, RegExp][] = [
    ["house-1", {}, /house-1: 2 requests\. Give more of the node's id/],
    ["house-9", {}, /house-9: no such request\. wattle enrol list shows all/],
    [idOf(1).slice(0, 3), {}, /no such request/],
    ["", {}, /no such request/],
    [undefined, {}, /give either a node's id or name, or --all/],
    ["house-1", { all: true }, /give either a node's id or name, or --all/],
    [undefined, { all: true, claim: CODE }, /--claim is one node's/],
    [undefined, { all: true, meter: "M" }, /--meter is one node's/],
    [idOf(1), { days: "0" }, /--days 0: give whole days/],
    [idOf(1), { connectionW: "17 kW" }, /--connection-w 17 kW: give whole watts/],
  ];
  for (const [which, more, expected] of cases) {
    const { code, said, failed } = await approve(which, more);
    assert.deepEqual([code, said], [2, ""]);
    assert.match(failed, expected);
  }
  assert.match((await refuse("house-1")).failed, /^wattle enrol refuse: house-1: 2 requests/);
  assert.equal(left().length, 2);
  assert.equal((await approve(idOf(2))).code, 0);
  assert.equal((await approve("house-1")).code, 0, "the other one is answered");
});

test("approve --all: what the authority refuses is left and told, the others are certified", async () => {
  const { approve, ask, folder, left } = await office([1, 2]);
  ask(3, { meter: "M-1" }); // a meter has one certificate
  ask(4, { net: "elsewhere" });
  const { code, said } = await approve(undefined, { all: true });
  assert.equal(code, 1);
  const lines = said.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.match(said, /serial 1: node .*house-1.*\nserial 2: node .*house-2/);
  assert.match(said, new RegExp(`left ${idOf(3)}: meter M-1 has a certificate already: serial 1`));
  assert.match(said, new RegExp(`left ${idOf(4)}: the request is for net elsewhere`));
  assert.match(lines[4], /^without claim codes: nothing but your word ties these keys/);
  assert.deepEqual(left(), [`${idOf(3)}.enrol`, `${idOf(4)}.enrol`].sort());
  assert.deepEqual(readdirSync(folder).sort(), ["1.cert", "2.cert", "requests"]);
  const again = await approve(undefined, { all: true, json: true });
  assert.equal(again.code, 1);
  const { approved, left: ids } = JSON.parse(again.said);
  assert.deepEqual([approved, ids.map(({ id }: { id: string }) => id)], [[], [idOf(3), idOf(4)]]);
});

test("refuse: the gateway sees it, list shows it, --all passes it, and a name approves it after all", async () => {
  // The folder's own name must not be taken for a request's.
  const { approve, refuse, list, folder, left, ask } = await office([1, 2], "my.enrolments");
  const shelf = new IdentityFolder(folder, crypto, () => {});
  shelf.scan();
  const refused = await refuse("house-1");
  assert.deepEqual(refused, { code: 0, said: `refused ${idOf(1)} (house-1)\n`, failed: "" });
  shelf.scan();
  assert.equal(shelf.refused(idOf(1), requestBytes(1, { atMs: NOW_MS + 1 })), true);
  assert.equal(shelf.refused(idOf(2), requestBytes(2)), false);
  assert.match((await list()).said, /house-1: new, M-1, 17250 W, refused\n/);
  const json = JSON.parse((await refuse("house-1", { json: true })).said);
  assert.deepEqual(json, { id: idOf(1), name: "house-1" });

  const all = await approve(undefined, { all: true });
  assert.equal(all.code, 0);
  assert.match(all.said, new RegExp(`^passed ${idOf(1)} \\(house-1\\): it was refused\\. Name it`));
  assert.match(all.said, /serial 1: node .*house-2/);
  ask(1, { connectionW: 9_000 });
  assert.doesNotMatch((await list()).said, /refused/, "it asks for something else now");
  ask(1);
  assert.match((await list()).said, /refused/);
  assert.equal((await approve("house-1")).code, 0);
  assert.deepEqual(left(), []);
  shelf.scan();
  assert.equal(shelf.refused(idOf(1), requestBytes(1)), false);
});

test("a request is answered once; a folder of another authority is left alone", async () => {
  const { approve, ask, folder, left } = await office([1]);
  assert.equal((await approve("house-1")).code, 0);
  ask(1); // as a backup brings it back
  const again = await approve("house-1");
  assert.equal(again.code, 2);
  assert.match(
    again.failed,
    /serial 1 answers this request\. wattle authority export writes it again/,
  );
  const other = await office([]);
  other.ask(2);
  writeFileSync(`${other.folder}/1.cert`, readFileSync(`${folder}/1.cert`));
  const foreign = await other.approve("house-2");
  assert.deepEqual([foreign.code, foreign.said], [2, ""]);
  assert.match(foreign.failed, /1\.cert is no certificate of this authority\. Take it out/);
  assert.equal(other.left().length, 1);
  assert.equal(left().length, 1);
  assert.equal(toHex(request(1).id).length, 64);
});

test("on the command line: words, defaults, and exit codes", async () => {
  const { folder, key } = await office([1]);
  const program = new Command("wattle").exitOverride();
  registerNodeCommands(program);
  const before = process.exitCode;
  const { write } = process.stdout;
  let said = "";
  process.stdout.write = ((text: string) => {
    said += text;
    return true;
  }) as typeof write;
  try {
    const call = async (...args: string[]) => {
      await program.parseAsync(["node", "wattle", "enrol", ...args, "--folder", folder]);
      return process.exitCode;
    };
    assert.equal(await call("list"), 0);
    assert.equal(await call("refuse", "house-1", "--json"), 0);
    const store = ["--key", key, "--passphrase-file", at("pass")];
    assert.equal(await call("approve", "house-1", "--claim", CODE, ...store), 0);
  } finally {
    process.stdout.write = write;
    process.exitCode = before;
  }
  assert.match(said, /house-1: new, M-1.*\n\{"id":.*\}\nserial 1: node/s);
});
