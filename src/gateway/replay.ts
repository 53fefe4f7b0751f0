// SPDX-License-Identifier: Apache-2.0
/** From the log back to the state: every entry has the effect that it had when it was written. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { assert } from "#core/errors/assert";
import { ACCEPT, codeOfWire, refuse, type Verdict } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { clearingRecord } from "#core/records/clearing";
import { ContractStage } from "#core/records/contract";
import { memberRecord } from "#core/records/member";
import { demandRecord, noticeRecord } from "#core/records/notice";
import { saidKindAt } from "#core/topics";
import type { Area } from "./area.ts";
import type { ConsortiumOptions } from "./consortium/ports.ts";
import {
  blockEntry,
  type ConsortiumEntry,
  clearingEntry,
  consortiumEntry,
  demandEntry,
  EntryKind,
  epochEntry,
  evidenceEntry,
  feederEntry,
  memberEntry,
  missedEntry,
  noticeEntry,
  packEntry,
  publishedEntry,
  rewardsEntry,
  saidEntry,
  tokenEntry,
  unpackEntry,
  voteEntry,
  type WorldEntry,
  worldEntry,
} from "./entries.ts";
import { termsOf } from "./feeder/terms.ts";
import { replayTrust } from "./identity/enter.ts";
import { applySaid } from "./intake/apply.ts";
import { openContent } from "./intake/decode.ts";
import type { LogEntry } from "./ports.ts";
import { makeClearing, makeDelivery } from "./slots/clear.ts";
import { enterClearing, enterNotice, finishRun } from "./slots/engine.ts";
import { unhearRejected } from "./slots/seal.ts";
import { replayEpoch } from "./smartchain/epochs.ts";
import { replayEvidence } from "./smartchain/intake.ts";

/** Raised where a store belongs to another network, gateway or set-up than the options say. */
export class StoreMismatch extends Error {
  override readonly name = "StoreMismatch";
}

/** The first entry of a log for these options. */
export function worldOf(area: Area): WorldEntry {
  const { options, world } = area;
  return {
    net: asciiOf(options.net),
    area: asciiOf(options.area),
    gatewayKey: area.publicKey,
    slotMs: world.slotMs,
    worldStartMs: options.worldStartMs,
    tickMs: world.tickMs,
    ageMaxMs: world.ageMaxMs,
  };
}

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Applies one entry of the log. */
export function replayEntry(area: Area, entry: LogEntry): void {
  const { kind, bytes } = entry;
  if (kind === EntryKind.world) checkWorld(area, unpackEntry(worldEntry, bytes));
  else if (kind === EntryKind.consortium) checkConsortium(area, bytes);
  else if (kind === EntryKind.rewards) checkRewards(area, bytes);
  else if (kind === EntryKind.member) replayMember(area, bytes);
  else if (kind === EntryKind.said) replaySaid(area, bytes);
  else if (kind === EntryKind.notice) replayNotice(area, bytes);
  else if (kind === EntryKind.demand) replayDemand(area, bytes);
  else if (kind === EntryKind.clearing) replayClearing(area, bytes);
  else if (kind === EntryKind.block) replayBlock(area, bytes);
  else if (kind === EntryKind.missed) replayMissed(area, bytes);
  else if (kind === EntryKind.published) area.publicChain.check(unpackEntry(publishedEntry, bytes));
  else if (kind === EntryKind.feeder) area.setFeeder(termsOf(unpackEntry(feederEntry, bytes)));
  else if (kind === EntryKind.bank) area.credit.replay(area, bytes);
  else if (isTrust(kind)) replayTrust(area, kind, bytes);
  else if (kind === EntryKind.epoch) {
    checkPot(area);
    replayEpoch(area, unpackEntry(epochEntry, bytes).signed);
  } else if (kind === EntryKind.token) replayToken(area, bytes);
  else if (kind === EntryKind.vote) area.votes.replay(area, unpackEntry(voteEntry, bytes).signed);
  else if (kind === EntryKind.evidence)
    replayEvidence(area, unpackEntry(evidenceEntry, bytes).encoded);
  else assert(false, "LOG_KIND", `entry ${entry.index} has kind ${kind}`);
}

function replayToken(area: Area, bytes: Uint8Array): void {
  const { author, seq, tick, txid } = unpackEntry(tokenEntry, bytes);
  area.relay.witnessed(toHex(author), seq, tick, toHex(txid));
}

function isTrust(kind: number): boolean {
  const { authority, certificate, revocations } = EntryKind;
  return kind === authority || kind === certificate || kind === revocations;
}

function checkWorld(area: Area, found: WorldEntry): void {
  const expected = worldOf(area);
  for (const name of Object.keys(expected) as (keyof WorldEntry)[]) {
    const a = expected[name];
    const b = found[name];
    const same = typeof a === "number" ? a === b : bytesEqual(a, b as Uint8Array);
    if (!same)
      throw new StoreMismatch(
        `the store was made with another ${name}: use the configuration it was made with, or a new store`,
      );
  }
}

/** What the log says of the gateways that agree. */
export function consortiumOf(options: ConsortiumOptions): ConsortiumEntry {
  const { gateways, rule, leader, intervalMs } = options;
  return {
    unanimous: rule === "unanimous" ? 1 : 0,
    work: leader === "proof-of-work" ? 1 : 0,
    intervalMs,
    gateways: gateways.map(({ id, publicKey, beaconKey }) => ({ id, publicKey, beaconKey })),
  };
}

function checkConsortium({ options: { consortium } }: Area, bytes: Uint8Array): void {
  const same = consortium && packEntry(consortiumEntry, consortiumOf(consortium));
  if (same && bytesEqual(same, bytes)) return;
  throw new StoreMismatch(
    "the store is of a consortium of other gateways, or with other rules: use the configuration it was " +
      "made with, or a new store",
  );
}

function checkRewards({ options: { rewards } }: Area, bytes: Uint8Array): void {
  if (rewards && bytesEqual(packEntry(rewardsEntry, rewards), bytes)) return;
  throw new StoreMismatch(
    "the store was made with other rewards: use the configuration it was made with, or a new store",
  );
}

/** What members wait for tokens with would be void without epochs, and the last one would never end. */
function checkPot({ options }: Area): void {
  if (options.pot) return;
  throw new StoreMismatch(
    "the store has epochs of proof-of-time, and the configuration says proofOfTime false: transactions " +
      "under way wait for their tokens. Set proofOfTime to true, or give a new store",
  );
}

function replayMember(area: Area, bytes: Uint8Array): void {
  const { signed } = unpackEntry(memberEntry, bytes);
  const opened = openSigned(memberRecord, area.ports.crypto, signed);
  assert(opened.ok, "LOG_MEMBER");
  const id = nodeIdOf(area.ports.crypto, opened.value.publicKey);
  // Who was there before the restart is waited for after it, so that a restart changes no total.
  area.addMember(id, opened.value, opened.id).online = true;
}

function replaySaid(area: Area, bytes: Uint8Array): void {
  const { node, seq, kind, code, content } = unpackEntry(saidEntry, bytes);
  const session = area.sessions.get(toHex(node));
  const upKind = saidKindAt(kind);
  assert(session && upKind, "LOG_SAID", toHex(node));
  const said = openContent(area.ports.crypto, upKind, content);
  assert(!("ok" in said), "LOG_CONTENT", `${toHex(node)} ${seq}`);
  const verdict: Verdict = code === 0 ? ACCEPT : refuse(codeOfWire(code) ?? "MALFORMED");
  applySaid(area, session, seq, content, said, verdict);
}

function replayNotice(area: Area, bytes: Uint8Array): void {
  const { signed, expected } = unpackEntry(noticeEntry, bytes);
  const opened = openSigned(noticeRecord, area.ports.crypto, signed);
  assert(opened.ok, "LOG_NOTICE");
  const run = enterNotice(area, opened.value, expected.map(toHex));
  for (const session of area.sessions.values()) session.online = run.expected.has(session.id);
  run.award = area.award;
  area.award = undefined;
  area.noticeBytes = signed;
}

function replayDemand(area: Area, bytes: Uint8Array): void {
  const { signed } = unpackEntry(demandEntry, bytes);
  const opened = openSigned(demandRecord, area.ports.crypto, signed);
  assert(opened.ok, "LOG_DEMAND");
  const run = area.runs.get(opened.value.slot);
  assert(run, "LOG_DEMAND_SLOT", String(opened.value.slot));
  run.demand = opened.value;
  area.world.atLeast(opened.value.atMs);
}

function replayClearing(area: Area, bytes: Uint8Array): void {
  const { signed, slot } = unpackEntry(clearingEntry, bytes);
  const opened = openSigned(clearingRecord, area.ports.crypto, signed);
  assert(opened.ok, "LOG_CLEARING");
  const { stage, atMs } = opened.value;
  area.world.atLeast(atMs);
  if (stage === ContractStage.award) {
    const award = makeClearing(area, slot, undefined, true, atMs);
    assert(bytesEqual(award.bytes, signed), "LOG_CLEARING_BYTES", `award ${slot}`);
    area.world.closeOrders(slot);
    area.award = award;
    return;
  }
  const run = area.runs.get(slot);
  assert(run, "LOG_CLEARING_SLOT", String(slot));
  const made = run.award
    ? makeDelivery(area, run, atMs)
    : makeClearing(area, slot, run.demand?.guidanceMicro, false, atMs);
  assert(bytesEqual(made.bytes, signed), "LOG_CLEARING_BYTES", String(slot));
  enterClearing(area, run, made);
}

function replayBlock(area: Area, bytes: Uint8Array): void {
  const { block } = unpackEntry(blockEntry, bytes);
  const sealed = area.chain.replay(block);
  area.publicChain.follow(sealed);
  area.votes.seal(sealed, area.world.ageMaxMs);
  area.credit.follow(area, sealed);
  area.world.atLeast(sealed.header.atMs);
  area.countPaid(sealed);
  area.settlements.follow(area.ports.crypto, area.chain.state, sealed);
  unhearRejected(area, sealed);
  for (const slot of sealed.block.closed) {
    const run = area.runs.get(slot);
    if (run) finishRun(area, run);
  }
}

function replayMissed(area: Area, bytes: Uint8Array): void {
  const { slot, nodes } = unpackEntry(missedEntry, bytes);
  for (const node of nodes) {
    area.runs.get(slot)?.missed.add(toHex(node));
    area.sessions.get(toHex(node))!.online = false;
  }
}
