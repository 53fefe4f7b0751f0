// SPDX-License-Identifier: Apache-2.0
/**
 * The audit of other gateways' turns, and of decided ones: a turn may name segments that have not come, and
 * then it waits until they have.
 */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { WIRE } from "#core/errors/codes";
import { partDigest } from "#core/pot/beacon-parts";
import type { Turn } from "#core/records/turn";
import type { Block, Output } from "../consensus/types.ts";
import type { Exchange } from "./exchange.ts";
import type { Feeds, Taken } from "./feeds.ts";
import type { Partners } from "./partners.ts";
import type { ConsortiumPorts } from "./ports.ts";
import { type Before, checkTurn, type OpenTurn, openTurn } from "./turns.ts";

/** How often segments that a turn names and nobody sent are asked for, ms. */
const MISSING_MS = 350;

/** Requests for a segment that nobody may have: a gateway that lies names some that it never made. */
const MENDS_MAX = 16;

/** Turns of one height of which it is remembered whether their parts of the beacon are right. */
const REVEALS_MAX = 64;

type Check = Extract<Output, { type: "check" }>;
type Decide = Extract<Output, { type: "decide" }>;

export interface AuditPorts {
  crypto: Crypto;
  feeds: Feeds;
  exchange: Exchange;
  outside: ConsortiumPorts;
  /** Id of this gateway, hex. */
  self: string;
  partners: Partners;
  /** The turn before, as it is now. */
  before(): Before;
  epoch(): number;
  nowMs(): number;
  /** The audit is done: 0 or a code. */
  checked(check: Check, code: number): void;
  /** A decided turn is whole. */
  whole(decide: Decide, turn: OpenTurn, taken: readonly Taken[]): void;
  /** A quorum stands for what nobody may propose. */
  broken(decide: Decide): void;
}

export class Audits {
  private readonly ports: AuditPorts;
  private waiting: Check[] = [];
  private stuck: Decide | undefined;
  private looking = false;
  /** Whether the parts of the beacon in these turns (by key) of one height are their leaders'. */
  private reveals = { height: 0, right: new Map<string, boolean>() };
  /** Requests for what is missing in feeds, since the last segment came. */
  private mended = 0;
  /** Who sent the last decided turn, and so has what it takes in. */
  helper: string | undefined;

  constructor(ports: AuditPorts) {
    this.ports = ports;
  }

  /** Audits a turn; where segments are missing, as soon as they are there. */
  check(check: Check): void {
    if (check.height !== this.ports.before().height) return;
    const code = this.faultOf(check.block, check.certified);
    if (code !== undefined) return this.ports.checked(check, code);
    this.waiting.push(check);
    this.lookAgain();
  }

  decide(decide: Decide): void {
    const opened = openTurn(decide.block);
    const taken = opened && this.taken(opened, true);
    if (!opened || taken === "fault") return this.ports.broken(decide);
    if (taken) {
      this.waiting = [];
      return this.ports.whole(decide, opened, taken);
    }
    this.stuck = decide;
    this.lookAgain();
  }

  /** A segment came: what waited for it may go on; some before it may have got lost. */
  heard(): void {
    this.mended = 0;
    this.look();
    if (this.ports.feeds.gaps.length > 0) this.lookAgain();
  }

  private look(): void {
    const { stuck, waiting } = this;
    this.waiting = [];
    this.stuck = undefined;
    if (stuck) this.decide(stuck);
    for (const check of waiting) this.check(check);
  }

  /** What this gateway's own part of the beacon is a signature of. */
  partOf({ net, height }: Pick<Turn, "net" | "height">): Uint8Array {
    return partDigest(this.ports.crypto, net, this.ports.epoch(), height);
  }

  /** 0, or what is wrong with it; undefined while segments are missing. */
  private faultOf(block: Block, certified: boolean): number | undefined {
    const opened = openTurn(block);
    if (!opened) return WIRE.TURN_PLAN;
    const { before, nowMs } = this.ports;
    const verdict = checkTurn(before(), opened, certified ? undefined : nowMs());
    if (!verdict.ok) return WIRE[verdict.code];
    // A quorum has looked at the rest already.
    if (!certified && !this.revealed(opened.turn, block.key)) return WIRE.TURN_REVEAL;
    const taken = this.taken(opened, certified);
    if (taken === undefined) return undefined;
    return taken === "fault" ? WIRE.TURN_PLAN : 0;
  }

  /** Whether the leader's part of the beacon is its own: looked at once, however often the turn is. */
  private revealed(turn: Turn, key: string): boolean {
    const { partners, outside } = this.ports;
    const partner = partners.get(turn.leader);
    if (!partner) return false;
    const { reveal, height } = turn;
    if (!reveal) return true;
    const known = this.reveals.height === height ? this.reveals.right.get(key) : undefined;
    if (known !== undefined) return known;
    const right = outside.beacon.verify(partner.beaconKey, this.partOf(turn), reveal);
    if (this.reveals.height !== height || this.reveals.right.size >= REVEALS_MAX)
      this.reveals = { height, right: new Map() };
    this.reveals.right.set(key, right);
    return right;
  }

  /** What a turn takes in; undefined while segments are missing, which are asked for. */
  private taken(
    { turn, cuts }: OpenTurn,
    decided: boolean,
  ): readonly Taken[] | "fault" | undefined {
    const { feeds, exchange, partners, nowMs } = this.ports;
    const found = feeds.resolve(cuts, decided);
    if (Array.isArray(found)) return found;
    if ("fault" in found) return "fault";
    const leader = toHex(turn.leader);
    const all = [leader, ...partners.list.map(({ id }) => toHex(id)).filter((id) => id !== leader)];
    const peers = all.filter((id) => id !== this.ports.self);
    // Of those that it began with there may be none any more.
    const helper = partners.has(this.ports.self) ? undefined : this.helper;
    exchange.ask(found.missing, peers, nowMs(), helper);
    return undefined;
  }

  /** Without its first open segment a feed comes no further, and no turn would ever name it. */
  private mend(): void {
    const { feeds, exchange, partners, nowMs } = this.ports;
    const { gaps } = feeds;
    if (gaps.length === 0 || ++this.mended > MENDS_MAX) return;
    const peers = partners.list.map(({ id }) => toHex(id)).filter((id) => id !== this.ports.self);
    for (const gap of gaps) exchange.ask(gap, peers, nowMs());
    this.lookAgain();
  }

  private lookAgain(): void {
    if (this.looking) return;
    this.looking = true;
    this.ports.outside.after(MISSING_MS, () => {
      this.looking = false;
      if (this.stuck || this.waiting.length > 0) this.look();
      this.mend();
    });
  }
}
