// SPDX-License-Identifier: Apache-2.0
/** `wattle dag` and `wattle trace` on the store of a small simulation with proof-of-time. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { type Code, WIRE } from "#core/errors/codes";
import { type Body, signTx, TxType } from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { UP_KINDS } from "#core/topics";
import { writeExport } from "#gateway/audit/export";
import { EntryKind, packEntry, saidEntry, voteEntry } from "#gateway/entries";
import type { LogEntry } from "#gateway/ports";
import { dagCommand, traceCommand } from "#host-sim/cli/inspect";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { comparedIn, comparedText } from "#host-sim/inspect/heights";
import { Ledger, type SeenTx } from "#host-sim/inspect/ledger";
import { traceOf } from "#host-sim/inspect/trace";
import { explain } from "#host-sim/inspect/why";
import { centreOf, SHOWN_MAX, windowOf } from "#host-sim/inspect/window";
import { gatewayOptions, nodeSetups, SIM_NET, seededKey, tariffOf } from "#host-sim/setup";
import { runSim } from "#host-sim/sim/run";
import { syntheticWorld } from "#host-sim/worlds/synthetic";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openSealedStore } from "#node/store/sealed";

const crypto = sodiumCrypto();
const SEED = 1;
const folder = mkdtempSync(join(tmpdir(), "wattle-inspect-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "gateway.db");
const gatewayKey = seededKey(crypto, SEED, "gateway", 0);

/** Half a day of hours, until after sunrise. */
async function simulated(): Promise<{ entries: LogEntry[]; accepted: number }> {
  const homes = 5;
  const world = syntheticWorld({ homes, days: 1, slotSeconds: 3600, seed: SEED });
  const choices = {
    genesisMicro: 1e8,
    deposit: undefined,
    market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 } as const,
    slotTimeoutMs: 30_000,
  };
  const store = openSealedStore(path, { create: true });
  const { gateway } = await runSim({
    world,
    options: { ...gatewayOptions(world, gatewayKey, choices), slots: 10 },
    tariff: tariffOf(world),
    setups: nodeSetups(crypto, world, SEED, crypto.publicKey(gatewayKey)),
    engine: v8Engine(),
    crypto,
    store,
    log: () => {},
  });
  const entries = [...store.read()];
  store.close();
  return { entries, accepted: gateway.area.votes.accepted };
}

const { entries, accepted } = await simulated();
const ledger = new Ledger(crypto, entries);
const txs = [...ledger.txs.values()];
const sold = txs.find(({ tx }) => tx.body.type === TxType.sold)!;

function run(command: (io: { out(text: string): void; err(text: string): void }) => number) {
  let out = "";
  let err = "";
  const code = command({ out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

test("a trade from reading to FINAL, the same from each of its messages", () => {
  assert.ok(sold, "somebody sold");
  const { node, seq } = sold.said;
  const name = ledger.nameOf(node);
  const trace = run((io) => traceCommand(path, name, seq, {}, io));
  assert.equal(trace.code, 0, trace.err);
  const { slot, parents } = sold.tx.body;
  assert.equal(parents.length > 0, true);
  const lines = trace.out.split("\n");
  const order = [
    `slot ${slot} begins`,
    `slot ${slot} ends`,
    "offers ",
    `${name} sells`,
    `SOLD ${sold.id.slice(0, 8)} +asks`,
    `SOLD ${sold.id.slice(0, 8)} +token`,
    `message ${seq}, height ${sold.tx.body.seq}: to `,
    "BOUGHT .*pays",
    `comparison +SOLD at height ${sold.tx.body.seq} of ${name} = BOUGHT at height \\d+ of home`,
    "BOUGHT .*FINAL in block",
    "block \\d+ +pay ",
  ];
  const places = order.map((text) => lines.findIndex((line) => new RegExp(text).test(line)));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    trace.out,
  );
  assert.ok(!places.includes(-1), `${places} in\n${trace.out}`);
  assert.match(trace.out, /RESERVE .*reserves/);
  const times = lines.slice(1, -1).map((line) => /^(\d\d:\d\d:\d\d\.\d{3}) {2}/.exec(line)?.[1]);
  assert.ok(!times.includes(undefined), "each with its time");
  assert.equal(lines.filter((line) => /SOLD .*token$/.test(line)).length, sold.tx.pot.length);
  const reading = ledger.said.findLast(
    ({ node: who, said, seq: number }) => who === node && number < seq && said.kind === "reading",
  )!;
  const again = run((io) => traceCommand(path, node.slice(0, 10), reading.seq, {}, io));
  assert.deepEqual(again.out.split("\n").slice(1), lines.slice(1));
});

test("the DAG around a transaction, in the terminal and as a picture", () => {
  const svg = join(folder, "dag.svg");
  const { code, out, err } = run((io) =>
    dagCommand(path, { around: sold.id.slice(0, 12), slots: 1, svg }, io),
  );
  assert.equal(code, 0, err);
  const near = txs.filter(({ tx }) => Math.abs(tx.body.slot - sold.tx.body.slot) <= 1);
  for (const { id } of near) assert.ok(out.includes(id.slice(0, 8)), id);
  const { k, m } = ledger.epochs.get(sold.tx.body.epoch)!;
  const name = ledger.nameOf(sold.said.node);
  const own = out.split("\n").find((line) => line.startsWith(">"))!;
  assert.match(
    own,
    new RegExp(`SOLD +${name} .*${sold.tx.pot.length} tokens, ${m} of ${k} needed`),
  );
  assert.ok(own.includes(`message ${sold.said.seq}, height ${sold.tx.body.seq};`), own);
  const compared = comparedIn(ledger).filter(({ bought }) => near.includes(bought));
  assert.ok(compared.length > 0 && compared.every(({ faults }) => faults.length === 0));
  for (const one of compared) assert.ok(out.includes(`\n  ${comparedText(ledger, one)}\n`), out);
  assert.match(own, /VC [1-9]\d*\/\d+; FINAL in block \d+ <- /);
  const picture = readFileSync(svg, "utf8");
  assert.equal(picture.match(/<circle/g)?.length, near.length + 4, "and those of the legend");
  assert.ok(picture.includes(`SOLD of ${name}, ${sold.id}`));
  const drawn = windowOf(ledger, sold, 1);
  const held = new Set([...drawn.txs, ...drawn.blocks].map(({ id }) => id));
  const edges = drawn.txs.flatMap(({ tx }) => tx.body.parents.filter((id) => held.has(toHex(id))));
  assert.equal(picture.match(/<path/g)?.length, edges.length);
  assert.equal(picture.match(/class="trade"/g)?.length, compared.length, "SOLD joined to BOUGHT");
  const [{ sold: first, bought }] = compared;
  assert.ok(picture.includes(`>${first.tx.body.seq} : ${bought.tx.body.seq}</text>`));
});

test("a BOUGHT that says something else than its SOLD is shown with what differs", () => {
  const { bought, answer } = comparedIn(ledger).find((one) => one.sold === sold)!;
  const legs = bought.tx.body.legs.map((leg) => {
    return leg === answer ? { ...leg, qtyWh: leg.qtyWh + 1, ecashMicro: 0 } : leg;
  });
  const { bought: type } = TxType;
  const { log } = refusedAs(bought, "BOUGHT_TERMS", { type, legs, seq: 1 });
  const wrong = comparedIn(log).filter(({ faults }) => faults.length > 1);
  assert.equal(wrong.length, 1, wrong.map((one) => comparedText(log, one)).join("\n"));
  assert.deepEqual(wrong[0].faults.slice(-1), ["the BOUGHT is not above the RESERVE"]);
  const text = comparedText(log, wrong[0]);
  assert.match(text, /≠ BOUGHT at height 1 of home-\d+: \d+ and \d+ Wh; 0\.\d+ and 0\.0+;/);
});

test("votes are counted as the gateway counted them", () => {
  assert.ok(accepted > 0);
  assert.equal(txs.filter(({ acceptedMs }) => acceptedMs !== undefined).length, accepted);
  assert.ok(txs.every(({ votes }) => votes && votes.count >= 1 && votes.threshold > 1));
});

test("votes of the log count, and the trade shows them", () => {
  const last = txs.at(-1)!;
  const { epoch } = last.tx.body;
  const atMs = last.tMs + 1000;
  const { index: at } = last.said;
  const more = ledger.epochs.get(epoch)!.members.map(({ node: voter }) => {
    const index = Number(ledger.nameOf(voter).slice(-2)) - 1;
    const secretKey = seededKey(crypto, SEED, "node", index);
    const vote = { net: SIM_NET, voter, epoch, txids: [last.tx.txid], atMs };
    const signed = signRecord(voteRecord, crypto, secretKey, vote).bytes;
    const bytes = packEntry(voteEntry, { signed });
    return { index: at, kind: EntryKind.vote, bytes };
  });
  // In place of those that came after it.
  const rest = entries.slice(at).filter(({ kind }) => kind !== EntryKind.vote);
  const without = new Ledger(crypto, [...entries.slice(0, at), ...rest]);
  const log = new Ledger(crypto, [...entries.slice(0, at), ...more, ...rest]);
  const voted = log.txs.get(last.id)!;
  assert.equal(without.txs.get(last.id)!.acceptedMs, undefined);
  assert.deepEqual([voted.votes?.count, voted.acceptedMs], [more.length, atMs]);
  const trace = traceOf(log, last.said.node, last.said.seq);
  assert.ok(typeof trace !== "string");
  const votes = trace.steps.filter(
    ({ what, detail }) => detail === "vote" && what.endsWith(last.id.slice(0, 8)),
  );
  assert.deepEqual(
    votes.map((vote) => vote.atMs),
    more.map(() => atMs),
  );
});

test("an export is read like its store", () => {
  const file = join(folder, "day.wattle");
  writeFileSync(file, Buffer.concat([...writeExport(entries, { crypto, secretKey: gatewayKey })]));
  const [fromStore, fromExport] = [path, file].map((from) => run((io) => dagCommand(from, {}, io)));
  assert.deepEqual(fromExport, fromStore);
  assert.equal(fromExport.code, 0);
});

test("what cannot be shown is said with its cure", () => {
  const cases: [RegExp, (io: never) => number][] = [
    [/no such file/, (io) => dagCommand(join(folder, "none.db"), {}, io)],
    [/no transaction begins with/, (io) => dagCommand(path, { around: "zz" }, io)],
    [/transactions begin with/, (io) => dagCommand(path, { around: "" }, io)],
    [/no member nobody/, (io) => traceCommand(path, "nobody", 1, {}, io)],
    [/has no message 99999/, (io) => traceCommand(path, "home-01", 99_999, {}, io)],
  ];
  for (const [cause, command] of cases) {
    const { code, out, err } = run(command as never);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, cause);
  }
  assert.equal(run((io) => dagCommand(path, { refused: true }, io)).out, "nothing was refused\n");
});

/** The log with a transaction behind `like` in its author's chain that was refused with `code`. */
function refusedAs(
  like: SeenTx,
  code: Code,
  change: Partial<Body>,
): { lines: string; log: Ledger; more: LogEntry } {
  const index = Number(ledger.nameOf(like.said.node).slice(-2)) - 1;
  const secretKey = seededKey(crypto, SEED, "node", index);
  const last = txs.findLast(({ said }) => said.node === like.said.node)!;
  const seq = ledger.said.findLast(({ node }) => node === like.said.node)!.seq + 1;
  const good = { ...last.tx.body, seq: last.tx.body.seq + 1, prev: last.tx.txid };
  const { bytes } = signTx(crypto, secretKey, { ...good, ...change }, seq);
  const node = like.tx.body.from;
  const entry = { node, seq, kind: UP_KINDS.indexOf("tx"), code: WIRE[code], content: bytes };
  const more = {
    index: entries.length + 1,
    kind: EntryKind.said,
    bytes: packEntry(saidEntry, entry),
  };
  const log = new Ledger(crypto, [...entries, more]);
  const refused = log.said.at(-1)!;
  return { lines: explain(log, refused, refused.code!).join("\n"), log, more };
}

test("a verdict: code, meaning, rule, and what would have been right", () => {
  const last = txs.findLast(({ said }) => said.node === sold.said.node)!;
  const { body } = last.tx;
  const cases: [Code, Partial<Body>, string[]][] = [
    [
      "TX_SEQ",
      { seq: body.seq + 5 },
      ["V3", `number ${body.seq + 1}, after ${last.id.slice(0, 8)}`],
    ],
    ["TX_PREV", { prev: undefined }, ["V3", `prev ${last.id.slice(0, 8)}; it has none`]],
    ["TX_EPOCH", { epoch: 9 }, ["V1", "epoch 1; it has 9"]],
    ["TX_PARENT_UNKNOWN", { parents: [new Uint8Array(32).fill(7)] }, ["V4", "07070707 is unknown"]],
    ["TX_TOKENS", {}, ["V6", "valid tokens of the", "it has 0"]],
    ["TX_TICK", { tick: 3 }, ["V7", `after ${body.tick}; it has 3`]],
    ["TX_TIME", {}, ["V7", "T at or after"]],
    [
      "SOLD_TERMS",
      { slot: sold.tx.body.slot },
      ["V8", `${ledger.nameOf(sold.said.node)} to home-`],
    ],
    ["SLOT_CLOSED", { slot: sold.tx.body.slot }, ["V8", `closed slot ${sold.tx.body.slot}`]],
  ];
  for (const [code, change, expected] of cases) {
    const { lines, log } = refusedAs(sold, code, change);
    assert.ok(lines.startsWith(`${code} (${WIRE[code]}): `), lines);
    for (const text of expected) assert.ok(lines.includes(text), `${text} in\n${lines}`);
    assert.equal(log.said.at(-1)!.code, code);
  }
});

/** Without indentation. */
const flush = (text: string) => text.replaceAll(/\n +/g, "\n");

test("a refusal in the list, in the DAG and in the trace", () => {
  const file = join(folder, "refused.wattle");
  const { more, log, lines } = refusedAs(sold, "TX_PARENT_OLD", {});
  const chunks = [...writeExport([...entries, more], { crypto, secretKey: gatewayKey })];
  writeFileSync(file, Buffer.concat(chunks));
  const { node, seq } = log.said.at(-1)!;
  const txid = [...log.txs.keys()].at(-1)!;
  const list = run((io) => dagCommand(file, { refused: true }, io));
  assert.ok(list.out.startsWith(`${log.nameOf(node)}, message ${seq}: tx refused`), list.out);
  const drawn = run((io) => dagCommand(file, { around: txid }, io));
  assert.match(drawn.out, /^> .* REFUSED TX_PARENT_OLD <- /m);
  const traced = run((io) => traceCommand(file, node, seq, {}, io));
  for (const { out } of [list, drawn, traced]) assert.ok(flush(out).includes(flush(lines)), out);
  assert.match(traced.out, /REFUSED TX_PARENT_OLD/);
});

test("a picture is bounded, with the centre in it", () => {
  const centre = centreOf(ledger, undefined);
  assert.ok(typeof centre !== "string");
  const copies = Array.from({ length: 2 * SHOWN_MAX }, (_, i) => [
    `x${i}`,
    { ...sold, id: `x${i}` },
  ]);
  const many = Object.create(ledger) as Ledger;
  Object.defineProperty(many, "txs", { value: new Map(copies as [string, SeenTx][]) });
  const middle = many.txs.get("x700")!;
  const shown = windowOf(many, middle, 0);
  assert.ok(shown.txs.length <= SHOWN_MAX && shown.txs.includes(middle));
  assert.equal(shown.left, 2 * SHOWN_MAX - shown.txs.length);
});
