// SPDX-License-Identifier: Apache-2.0
/**
 * From a running node to what a panel shows of it: integers and short texts, nothing that changes the node.
 */
import { TxState } from "#core/votes/tally";
import type { LogLevel } from "#meter/ports";
import type { NodeState } from "#meter/state";
import {
  ALARM_CHARS_MAX,
  ALARMS_MAX,
  type NodeFace,
  printable,
  type TradeFace,
} from "./protocol.ts";

/** What a face reads of a node; MeterNode is one. */
export interface FaceNode {
  readonly id: string;
  readonly state: NodeState;
  readonly clock: {
    nowMs(): number;
    readonly running: boolean;
    readonly quality: number;
    /** Of the last notice. */
    readonly ratePermille?: number;
  };
  readonly speaker: { readonly open: boolean };
  /** What was last sold or bought since this start. */
  readonly lastTrade?: LastTrade;
  /** Of a body that waits for its witnesses. */
  readonly slots?: { readonly issuer: { readonly progress: Progress | undefined } };
  readonly observer?: { stateOf(txid: Uint8Array): number };
  /** Of a node that asks for a certificate. */
  readonly enrolment?: { readonly certificate?: object };
}

interface Progress {
  readonly tokens: number;
  readonly needed: number;
}

export interface LastTrade {
  slot: number;
  sold: boolean;
  energyWh: number;
  coinsMicro: number;
  partners: number;
  readonly txid?: Uint8Array;
  /** The block that the node knows it to be settled by. */
  readonly height?: number;
}

/** What a face cannot read of the node. */
export interface FaceFacts {
  name: string;
  /** Whether the transport is connected. */
  connected: boolean;
  alarms: readonly string[];
  /** The code that the node's operator has to know before it has a certificate. */
  claim?: string;
}

/** By TxState; a node that does not follow the area's transactions knows of none. */
const TX_STATES = Object.freeze(["unknown", "valid", "accepted", "final", "rejected"] as const);
/** By TimeQuality. */
const QUALITIES = Object.freeze(["unknown", "holdover", "synced"] as const);

export function faceOf(node: FaceNode, facts: FaceFacts): NodeFace {
  const { state, clock } = node;
  const { importMwh, exportMwh } = state.registers;
  const netMwh = state.lastNetMwh.import - state.lastNetMwh.export;
  const timeMs = clock.nowMs();
  const { claim } = facts;
  const progress = node.slots?.issuer.progress;
  return {
    name: facts.name,
    node: node.id,
    importMwh: String(importMwh),
    exportMwh: String(exportMwh),
    importKwh: kwhText(importMwh),
    exportKwh: kwhText(exportMwh),
    role: netMwh > 0n ? "buyer" : netMwh < 0n ? "seller" : "idle",
    netWh: Number(netMwh / 1000n),
    coinsMicro: state.freeMicro,
    lockedMicro: state.lockedMicro,
    trade: node.lastTrade ? tradeFace(node, node.lastTrade) : null,
    link: !facts.connected ? "offline" : node.speaker.open ? "online" : "joining",
    // `boundary` is one more than the last boundary read, and a slot has the number of its start.
    slot: state.boundary > 0 ? state.boundary - 1 : null,
    timeMs: timeMs > 0 ? timeMs : null,
    ratePermille: clock.running ? (clock.ratePermille ?? 1000) : 0,
    quality: QUALITIES[clock.quality],
    ...(progress ? { tokens: { ...progress } } : {}),
    waiting: state.saidSeq - state.receiptedSeq,
    boot: state.boot,
    alarms: [...facts.alarms],
    ...(claim && !node.enrolment?.certificate ? { claim } : {}),
  };
}

/** mWh as kWh with three places, rounded down. */
export function kwhText(mwh: bigint): string {
  const digits = String(mwh / 1000n).padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

function tradeFace(node: FaceNode, trade: LastTrade): TradeFace {
  const { slot, sold, energyWh, coinsMicro, partners, txid, height } = trade;
  // Beyond 2^53 in between.
  const price = energyWh > 0 ? (BigInt(coinsMicro) * 1000n) / BigInt(energyWh) : 0n;
  const seen = (txid && node.observer?.stateOf(txid)) ?? TxState.unsolid;
  return {
    slot,
    side: sold ? "sold" : "bought",
    energyWh,
    coinsMicro,
    priceMicroPerKwh: Number(price),
    partners,
    state: TX_STATES[height === undefined ? seen : TxState.final],
  };
}

/** A node's alarms as its log tells them: the newest, each once. */
export class Alarms {
  readonly texts: string[] = [];

  /** Takes every entry of the log; keeps those that say that something is wrong. */
  note(level: LogLevel, event: string, facts: Record<string, string | number> = {}): void {
    if (level !== "error") return;
    const said = event === "alarm" ? [facts.code, facts.detail] : [event, ...pairs(facts)];
    const text = printable(said.join(" "), ALARM_CHARS_MAX);
    const at = this.texts.indexOf(text);
    if (at >= 0) this.texts.splice(at, 1);
    this.texts.push(text);
    if (this.texts.length > ALARMS_MAX) this.texts.shift();
  }
}

function pairs(facts: Record<string, string | number>): string[] {
  return Object.entries(facts)
    .filter(([name]) => name !== "node")
    .map(([name, fact]) => `${name}=${fact}`);
}
