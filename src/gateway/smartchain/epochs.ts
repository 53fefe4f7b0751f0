// SPDX-License-Identifier: Apache-2.0
/**
 * Epochs of proof-of-time at the gateway (ledger 4.4): when one begins, who may witness in it, its beacon.
 * With a single gateway the beacon is its signature over the epoch's number: nobody else can compute it
 * ahead, and it has to be trusted not to have chosen its key for it.
 */
import { compareBytes, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { EPOCH_MEMBERS_MAX } from "#core/limits";
import { beaconDigest, beaconOf } from "#core/pot/beacon";
import { BeaconParts } from "#core/pot/beacon-parts";
import type { Committees } from "#core/pot/committee";
import { type NamedEpoch, nameEpoch } from "#core/pot/epoch-digest";
import { Members } from "#core/pot/members";
import { potParams } from "#core/pot/params";
import { type Epoch, type EpochMember, epochRecord } from "#core/records/epoch";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { EntryKind, epochEntry, packEntry } from "../entries.ts";
import { KeptCommittees } from "./committees.ts";

/** An epoch with the committees that its beacon draws. */
export interface KnownEpoch {
  epoch: Epoch;
  committees: Committees;
  /** As turns name it. */
  named: NamedEpoch;
  /** As it is retained on the broker. */
  bytes: Uint8Array;
}

/** The epoch in force and the one before it; none where there is no proof-of-time. */
export class Epochs {
  latest: KnownEpoch | undefined;
  /** Of the next beacon, where several gateways make it. */
  readonly parts = new BeaconParts();
  private before: KnownEpoch | undefined;

  of(number: number): KnownEpoch | undefined {
    if (this.latest?.epoch.epoch === number) return this.latest;
    return this.before?.epoch.epoch === number ? this.before : undefined;
  }

  /** The one before, where there was one, and the one in force. */
  get known(): KnownEpoch[] {
    return [this.before, this.latest].filter((one) => one !== undefined);
  }

  enter(known: KnownEpoch): void {
    this.before = this.latest;
    this.latest = known;
  }
}

/** Whether an epoch begins with `slot`. */
export function epochDue(area: Area, slot: number): boolean {
  const { pot } = area.options;
  if (!pot) return false;
  const { latest } = area.epochs;
  if (!latest) return true;
  const begun = Math.max(0, area.world.slotAt(latest.epoch.startMs));
  if (Math.floor(slot / pot.epochSlots) > Math.floor(begun / pot.epochSlots)) return true;
  return membersChanged(area, latest);
}

/**
 * Whether a member may not take part any more, so that committees wait for it in vain, or somebody is there
 * whom no witness knows: such an epoch ends with its slot.
 */
function membersChanged(area: Area, { epoch, committees }: KnownEpoch): boolean {
  for (const { node } of epoch.members) if (area.barred(toHex(node))) return true;
  if (epoch.members.length >= EPOCH_MEMBERS_MAX) return false;
  return eligible(area).some(({ node }) => committees.indexOf(node) < 0);
}

/** Begins the next epoch with those who spoke in the last one. */
export function beginEpoch(area: Area, batch: Batch, slot: number): void {
  const { options, ports, world } = area;
  const { pot } = options;
  assert(pot, "EPOCH_OFF");
  const epoch = world.epoch + 1;
  const reveals = area.shared ? area.epochs.parts.reveals : ownReveal(area, epoch);
  const beacon = beaconOf(ports.crypto, reveals);
  const members = chosenMembers(ports.crypto, beacon, eligible(area));
  const { k, m } = potParams(members.length, pot.committee);
  const record: Epoch = {
    net: options.net,
    gateway: area.idBytes,
    epoch,
    beacon,
    reveals,
    // One before slot 0, so that its RESERVEs belong to it.
    startMs:
      world.openSlot === undefined
        ? world.epochStartMs
        : Math.max(world.nowMs(), world.startMs(slot)),
    epsilonMs: pot.epsilonMs,
    tauMs: pot.tauMs,
    k,
    m,
    members,
  };
  const { bytes } = area.sign(epochRecord, record);
  batch.log(EntryKind.epoch, packEntry(epochEntry, { signed: bytes }));
  enterEpoch(area, record, bytes);
  batch.send(area.topics.dagEpoch, bytes, true);
}

function ownReveal({ options, ports }: Area, epoch: number): Uint8Array {
  const digest = beaconDigest(ports.crypto, options.net, epoch);
  return ports.crypto.sign(options.secretKey, digest);
}

/** An epoch takes effect; the same when it is made and when it is replayed. */
function enterEpoch(area: Area, epoch: Epoch, bytes: Uint8Array): void {
  assert(epoch.epoch === area.world.epoch + 1, "EPOCH_ORDER", String(epoch.epoch));
  area.world.epoch = epoch.epoch;
  const known = knownEpoch(area, epoch, bytes);
  area.epochs.enter(known);
  area.epochs.parts.begin(epoch.beacon);
  area.votes.open(known);
}

export function knownEpoch({ ports }: Area, epoch: Epoch, bytes: Uint8Array): KnownEpoch {
  const { crypto } = ports;
  const named = nameEpoch(crypto, { fields: epoch, members: Members.of(epoch.members) });
  return { epoch, committees: new KeptCommittees(crypto, epoch), named, bytes };
}

export function replayEpoch(area: Area, signed: Uint8Array): void {
  const opened = openSigned(epochRecord, area.ports.crypto, signed);
  assert(opened.ok, "LOG_EPOCH");
  enterEpoch(area, opened.value, signed);
}

/** Members with a receipt in the epoch that ends; at the first, all that are there. */
function eligible(area: Area): EpochMember[] {
  const { epoch } = area.world;
  const members: EpochMember[] = [];
  for (const { id, idBytes: node, member, spokeEpoch } of area.sessions.values())
    if (spokeEpoch === epoch && !area.barred(id))
      members.push({ node, publicKey: member.publicKey });
  return members;
}

/** At most EPOCH_MEMBERS_MAX of them, which the beacon chooses, ascending by id. */
export function chosenMembers(
  crypto: Crypto,
  beacon: Uint8Array,
  members: readonly EpochMember[],
): EpochMember[] {
  let chosen = [...members];
  if (chosen.length > EPOCH_MEMBERS_MAX) {
    const lots = new Map(
      chosen.map(({ node }) => [toHex(node), domainHash(crypto, "sc/member/1", beacon, node)]),
    );
    const lot = ({ node }: EpochMember) => lots.get(toHex(node))!;
    chosen = chosen.sort((a, b) => compareBytes(lot(a), lot(b))).slice(0, EPOCH_MEMBERS_MAX);
  }
  return chosen.sort((a, b) => compareBytes(a.node, b.node));
}
