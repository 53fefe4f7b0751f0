// SPDX-License-Identifier: Apache-2.0
/**
 * The independent re-check of a gateway's log: every signature, every rule, every clearing and
 * every block again, from the log alone. It trusts nobody: what members signed the gateway cannot
 * change, and what the gateway signed must follow from what members signed. It shares the ledger's
 * and the market's functions with the gateway (they are the rules), but none of its state and none
 * of its flow.
 *
 * What it cannot see: messages that the gateway never wrote down (the node keeps them without a
 * receipt), and how much an operator's standing order for deposits is.
 */
import { bytesEqual } from "#core/codec/bytes";
import { AssertionFailure } from "#core/errors/assert";
import { nodeIdOf } from "#core/identity";
import { EntryKind, type WorldEntry, worldEntry } from "../entries.ts";
import type { LogEntry } from "../ports.ts";
import { AuditEnds, auditBlock } from "./block.ts";
import { auditClearing } from "./clearing.ts";
import { auditConsortium, auditSegment, auditTurn } from "./consortium.ts";
import { auditBank } from "./credit.ts";
import { auditFeeder } from "./feeder.ts";
import { Findings } from "./findings.ts";
import { kindName, openEntry } from "./open.ts";
import { auditPublished, checkPublished } from "./published.ts";
import { auditRewards } from "./rewards.ts";
import { auditMember, auditSaid } from "./said.ts";
import { auditDemand, auditMissed, auditNotice } from "./slots.ts";
import { auditEpoch, auditEvidence, auditToken, auditVote } from "./smartchain.ts";
import { AuditState, type Context, emptySummary } from "./state.ts";
import { auditPiece, auditState, BEHIND_STATE } from "./state-entry.ts";
import { auditAuthority, auditCertificate, auditRevocations } from "./trust.ts";
import type { AuditOptions, AuditPorts, AuditResult } from "./types.ts";

const PROGRESS_EVERY = 4096;

const BY_KIND: Readonly<Record<number, (context: Context, bytes: Uint8Array) => void>> =
  Object.freeze({
    [EntryKind.world]: ({ findings }: Context) => findings.fault("WORLD_REPEATED", {}, ""),
    [EntryKind.member]: auditMember,
    [EntryKind.said]: auditSaid,
    [EntryKind.notice]: auditNotice,
    [EntryKind.demand]: auditDemand,
    [EntryKind.clearing]: auditClearing,
    [EntryKind.block]: auditBlock,
    [EntryKind.missed]: auditMissed,
    [EntryKind.authority]: auditAuthority,
    [EntryKind.certificate]: auditCertificate,
    [EntryKind.revocations]: auditRevocations,
    [EntryKind.published]: auditPublished,
    [EntryKind.feeder]: auditFeeder,
    [EntryKind.epoch]: auditEpoch,
    [EntryKind.token]: auditToken,
    [EntryKind.vote]: auditVote,
    [EntryKind.evidence]: auditEvidence,
    [EntryKind.consortium]: auditConsortium,
    [EntryKind.rewards]: auditRewards,
    [EntryKind.segment]: auditSegment,
    [EntryKind.turn]: auditTurn,
    [EntryKind.bank]: auditBank,
  });

/** Re-checks a whole log. Never throws on what a log holds; errors of reading it pass through. */
export function audit(
  entries: Iterable<LogEntry>,
  ports: AuditPorts,
  options: AuditOptions = {},
): AuditResult {
  const findings = new Findings(ports, options.faultsMax);
  let context: Context | undefined;
  let index = 0;
  let dropped = 0;
  for (const entry of entries) {
    index++;
    findings.at(entry.index, kindName(entry.kind));
    if (context && entry.kind === EntryKind.state && entry.index > index) {
      dropped += entry.index - index;
      index = entry.index;
    }
    if (entry.index !== index)
      findings.fault("ENTRY_INDEX", {}, `${entry.index} at place ${index}`);
    if (!context) {
      context = begin(entry, findings, ports, options);
      if (!context) break;
    } else if (!step(context, entry, dropped)) break;
    if (index % PROGRESS_EVERY === 0) options.onProgress?.(index);
  }
  if (index === 0) findings.fault("WORLD_FIRST", {}, "the log is empty");
  if (context) finish(context);
  findings.flush();
  options.onProgress?.(index);
  const summary = context?.state.summary ?? emptySummary();
  summary.entries = index - dropped;
  summary.state = context?.state.based;
  summary.signaturesVerified = findings.signatures;
  summary.faults = findings.count;
  if (findings.count === 0) return { ok: true, summary };
  return { ok: false, faults: findings.faults(), summary };
}

function finish(context: Context): void {
  const { coming, based } = context.state;
  if (coming) context.findings.fault("STATE", {}, "pieces of it are missing");
  if (!based) checkPublished(context);
}

/** One entry after the first; false where nothing after it can be judged. */
function step(context: Context, { kind, bytes, index }: LogEntry, dropped: number): boolean {
  if (kind === EntryKind.state) return auditState(context, bytes, index, dropped);
  if (kind === EntryKind.piece) return guarded(context, auditPiece, bytes);
  const { coming, based } = context.state;
  if (coming) context.findings.fault("STATE", {}, "pieces of it are missing");
  context.state.coming = undefined;
  if (kind !== EntryKind.segment) context.state.again = false;
  const check = based ? BEHIND_STATE[kind] : BY_KIND[kind];
  if (based && !check && kind in BY_KIND) return true;
  if (!check) {
    context.findings.fault("ENTRY_KIND", {}, `kind ${kind}`);
    return true;
  }
  return guarded(context, check, bytes);
}

function guarded(
  context: Context,
  check: (context: Context, bytes: Uint8Array) => void,
  bytes: Uint8Array,
): boolean {
  try {
    check(context, bytes);
    return true;
  } catch (error) {
    if (error instanceof AuditEnds) return false;
    // Numbers that the market's or the ledger's own checks do not let through.
    if (!(error instanceof AssertionFailure)) throw error;
    context.findings.fault("ENTRY_IMPOSSIBLE", {}, error.message);
    return false;
  }
}

/** The world entry: without a sound one there is nothing to audit by. */
function begin(
  { kind, bytes }: LogEntry,
  findings: Findings,
  ports: AuditPorts,
  options: AuditOptions,
): Context | undefined {
  if (kind !== EntryKind.world) {
    findings.fault("WORLD_FIRST", {}, `it is a ${kindName(kind)}`);
    return undefined;
  }
  const world = openEntry(findings, worldEntry, bytes);
  if (!world) return undefined;
  const range = worldFault(world);
  if (range) {
    findings.fault("WORLD_RANGE", {}, range);
    return undefined;
  }
  if (options.gatewayKey && !bytesEqual(options.gatewayKey, world.gatewayKey))
    findings.fault("WORLD_GATEWAY", {}, "another gateway's key");
  const state = new AuditState(world, nodeIdOf(ports.crypto, world.gatewayKey), ports.crypto);
  return { ports, options, findings, state };
}

function worldFault(world: WorldEntry): string | undefined {
  const { net, area, slotMs, tickMs, ageMaxMs, worldStartMs } = world;
  for (const text of [net, area])
    if (text.length === 0 || text.some((byte) => byte < 32 || byte > 126)) return "a name";
  if (slotMs < 1 || tickMs < 1 || ageMaxMs < 1) return "a length of time is zero";
  // Times are added to each other: four thousand million slots stay below 2^53 ms.
  if (slotMs > 86_400_000 || tickMs > slotMs || worldStartMs > 2 ** 52) return "a time";
  return worldStartMs < slotMs ? "it starts before slot 0 can be noticed" : undefined;
}
