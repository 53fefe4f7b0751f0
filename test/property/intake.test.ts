// SPDX-License-Identifier: Apache-2.0
/**
 * A hundred thousand messages against one live gateway, most of them valid but for one field and
 * signed by the right key. Every answer is foreseen, every code that a gateway can give is given
 * often, and the honest members' trades go on as if nothing were. `WATTLE_SEED` replays a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { type Code, WIRE } from "#core/errors/codes";
import { MEMBERS_MAX } from "#core/limits";
import { Gateway } from "#gateway/gateway";
import { LocalBus } from "#host-sim/sim/local-bus";
import type { LocalArea } from "../helpers/local-area.ts";
import { auditLog } from "../helpers/log-audit.ts";
import { Enrolments } from "./enrolments.ts";
import { HONEST_TRADED_WH, HONEST_WH, Range } from "./range.ts";
import { Rng } from "./rng.ts";
import { collect, settle } from "./slot-script.ts";
import { futureShot } from "./tx-mutations.ts";

const SLOTS = 28;
const MEMBERS = 24;
const MESSAGES_MIN = 100_000;
const HITS_MIN = 100;

/** Codes of the table that no message to a gateway can bring about, and why. */
const UNREACHABLE: ReadonlyMap<Code, string> = new Map([
  ...[
    "TX_TOKENS",
    "TX_CANCELLED",
    "TX_UNSOLID",
    "TX_CONFLICT",
    "AUTHOR_SUSPENDED",
    "WITNESS_NOT_CHOSEN",
    "WITNESS_TICK",
    "WITNESS_CLOCK",
    "WITNESS_BOUND",
    "WITNESS_ABSTAINS",
    "WITNESS_BUSY",
    "VOTE_UNKNOWN",
    "VOTE_DOUBLE",
    "EVIDENCE_INVALID",
  ].map((code) => [code as Code, "this area has no proof-of-time"] as const),
  ["OFFER_EXPIRED", "no offer here is over before its slot"],
  ...[
    "NOT_ENROLLED",
    "ENROL_PENDING",
    "ENROL_REFUSED",
    "ENROL_FULL",
    "CERT_INVALID",
    "CERT_EXPIRED",
    "CERT_REVOKED",
    "CAPACITY_OVER",
  ].map((code) => [code as Code, "needs an authority"] as const),
  ["RATE_LIMITED", "the broker's"],
  ["GATEWAY_EPOCH", "a node's word on its gateway"],
  ["FEEDER_TRADES", "this area has no feeder meter"],
  ...["PLAN_SLOT", "PLAN_FORM", "PLAN_STATION"].map(
    (code) => [code as Code, "nobody here has a battery"] as const,
  ),
]);

test("every message gets the answer that it deserves", { timeout: 600_000 }, async (t) => {
  const seed = Number(process.env.WATTLE_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed}: WATTLE_SEED=${seed} replays this run`);
  const started = performance.now();
  const rng = new Rng(seed);
  const enrolments = new Enrolments(rng, MEMBERS_MAX - MEMBERS - HONEST_WH.length, 150);
  const range = new Range(rng, SLOTS, MEMBERS, enrolments.admitted());
  await range.local.start();
  for (const attacker of range.attackers)
    await range.fire({
      topic: attacker.topic("enrol"),
      payload: attacker.enrol(),
      code: undefined,
      form: "valid",
    });
  await range.turn();
  for (let slot = 0; slot < SLOTS; slot++) await runSlot(range, enrolments, slot);
  await range.local.settle();
  assert.ok(range.area.finished, "all slots are settled");
  checkAnswers(range);
  checkHonest(range);
  await checkReplay(range.local);
  const { counts } = range;
  const total = counts.valid + counts.mutated + counts.garbage;
  t.diagnostic(`${total} messages, ${counts.honest} of honest members beside them`);
  t.diagnostic(`${counts.mutated} valid but for one field, ${counts.valid} valid`);
  for (const line of table(range)) t.diagnostic(line);
  t.diagnostic(`${Math.round(performance.now() - started)} ms`);
  assert.ok(total >= MESSAGES_MIN, `${total} messages`);
  assert.ok(2 * counts.mutated >= total, `${counts.mutated} of ${total} are one field from valid`);
  checkCoverage(range);
});

async function runSlot(range: Range, enrolments: Enrolments, slot: number): Promise<void> {
  const phase = () => range.area.runs.get(slot)?.phase;
  assert.equal(phase(), "collect", `slot ${slot} is open`);
  await collect(range, slot);
  await enrolments.fire(range, 40);
  if (slot === SLOTS - 1) await enrolments.fillArea(range);
  assert.ok(range.paced && phase() === "collect", `slot ${slot} waits for the honest seller`);
  await range.release();
  if (phase() === "collect") await giveUp(range);
  assert.ok(range.paced && phase() === "settle", `slot ${slot} waits for the honest seller's SOLD`);
  await settle(range, slot);
  if (slot === SLOTS - 1) await sayFuture(range, slot);
  await range.release();
  if (phase() === "settle") await giveUp(range);
  assert.equal(phase(), undefined, `slot ${slot} is settled`);
}

/**
 * Stamps beyond the clock: at the very end, since their authors can say nothing earlier afterwards.
 */
async function sayFuture(range: Range, slot: number): Promise<void> {
  for (const attacker of range.attackers) {
    const shot = futureShot(range, attacker, slot + 1);
    if (shot) await range.fire(shot);
  }
}

/** The slot waits for members that do not answer: until its time is over. */
async function giveUp(range: Range): Promise<void> {
  await range.local.advanceTo(range.local.nowMs + range.local.options.slotTimeoutMs);
  await range.local.settle();
}

/** Counters, receipts and configs say what was foreseen for every single message. */
function checkAnswers(range: Range): void {
  const found = Object.fromEntries([...range.area.counters.byCode].sort());
  const foreseen = Object.fromEntries([...range.expected].sort());
  assert.deepEqual(found, foreseen, "answers by code");
  for (const attacker of range.attackers)
    assert.deepEqual(
      range.refusals.get(attacker.id),
      attacker.refused,
      `${attacker.name}'s receipts`,
    );
}

/** Nobody refused an honest member, and what it traded was settled to the last Wh and µc. */
function checkHonest(range: Range): void {
  const { local } = range;
  const wallets = new Set<string>();
  const honest = HONEST_WH.map((_, home) => local.nodeId(home));
  for (const [home, id] of honest.entries()) {
    assert.deepEqual(range.refusals.get(id) ?? [], [], `nothing of home ${home} is refused`);
    for (const { wallets: own } of local.state.account(id).sets)
      for (const wallet of own) wallets.add(wallet);
  }
  for (const { slot, nodes } of range.area.missedSlots)
    for (const node of nodes) assert.ok(!honest.includes(node), `slot ${slot} missed ${node}`);
  const audit = auditLog(local.store);
  const tradedWh = new Map<number, number>();
  let owedMicro = 0;
  for (const { slot, from, to, qtyWh, micro } of audit.payments) {
    assert.equal(wallets.has(from), wallets.has(to), "honest members trade with each other");
    if (!wallets.has(from)) continue;
    tradedWh.set(slot, (tradedWh.get(slot) ?? 0) + qtyWh);
    owedMicro += micro;
  }
  for (let slot = 0; slot < SLOTS; slot++)
    assert.equal(tradedWh.get(slot), HONEST_TRADED_WH, `slot ${slot}`);
  const owned = (home: number) =>
    local.state.freeOf(honest[home]) + local.state.lockedOf(honest[home]);
  const { genesisMicro } = local.options;
  assert.equal(owned(0) + owned(1), 2 * genesisMicro + owedMicro, "what the sellers earned");
  assert.equal(owned(2) + owned(3), 2 * genesisMicro - owedMicro, "what the buyers paid");
}

/** The log alone gives the same gateway. */
async function checkReplay(local: LocalArea): Promise<void> {
  const again = new Gateway(local.options, { ...local.portsForReplay(), bus: new LocalBus() });
  await again.start();
  assert.equal(toHex(again.area.chain.head!.id), toHex(local.gateway.area.chain.head!.id));
  for (const [id, session] of local.gateway.area.sessions) {
    const { saidSeq, digest, txSeq } = again.area.sessions.get(id)!;
    assert.deepEqual(
      [saidSeq, toHex(digest), txSeq],
      [session.saidSeq, toHex(session.digest), session.txSeq],
    );
  }
}

/** What nodes find wrong, with their gateway or a release. */
function isNodes(code: string, wire: number): boolean {
  return wire >= 120 || code === "GATEWAY_EPOCH";
}

function table(range: Range): string[] {
  const lines: string[] = [];
  for (const [code, wire] of Object.entries(WIRE)) {
    if (isNodes(code, wire)) continue;
    const hits = range.area.counters.byCode.get(code as Code) ?? 0;
    const why = UNREACHABLE.get(code as Code);
    lines.push(`${String(wire).padStart(3)} ${code.padEnd(20)} ${why ?? hits}`);
  }
  return lines;
}

function checkCoverage(range: Range): void {
  for (const [code, wire] of Object.entries(WIRE) as [Code, number][]) {
    if (isNodes(code, wire)) continue;
    const hits = range.area.counters.byCode.get(code) ?? 0;
    if (UNREACHABLE.has(code)) assert.equal(hits, 0, `${code} is reachable after all`);
    else assert.ok(hits >= HITS_MIN, `${code} was answered ${hits} times`);
  }
}
