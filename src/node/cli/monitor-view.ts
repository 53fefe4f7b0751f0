// SPDX-License-Identifier: Apache-2.0
/**
 * What `wattle monitor` shows: a picture of an area made from its monitor topics alone, and its
 * text.
 */

import { TOPIC_ROOT } from "#core/topics";
import { formatCoins } from "#core/units/money";

type Json = Record<string, unknown>;

/** More nodes than any terminal has lines; what is beyond is counted and not shown. */
const NODES_MAX = 4096;
/** Members whose latest event stands above the table. */
const EVENTS_LISTED = 3;
/** A monitor message of the gateway takes less than 1 KB, and a bank's at most 14. */
const PAYLOAD_BYTES_MAX = 16 * 1024;

export type Link = "connecting" | "connected" | "lost";

export class MonitorView {
  link: Link = "connecting";
  /** Why the last attempt failed, for people. */
  linkError = "";
  /** The broker shows no more than who the gateway is. */
  outsider = false;
  private readonly area: string;
  private readonly url: string;
  private readonly prefix: string;
  private gateway: Json | undefined;
  private slot: Json | undefined;
  private chain: Json | undefined;
  private totals: Json | undefined;
  private feeder: Json | undefined;
  private dag: Json | undefined;
  private bank: Json | undefined;
  private readonly nodes = new Map<string, Json>();
  /** Events of meters, by the member's name. */
  private readonly events = new Map<string, Json>();
  /** By node id, from the retained birth or last will of its present connection. */
  private readonly states = new Map<string, Json>();

  constructor(area: string, url: string) {
    this.area = area;
    this.url = url;
    this.prefix = `${TOPIC_ROOT}/${area}/`;
  }

  /** Where the view gets its messages from. */
  get filters(): string[] {
    return [`${this.prefix}monitor/#`, `${this.prefix}node/+/state`];
  }

  /** Takes a message; true where a slot was settled with it. What cannot be read is left out. */
  apply(topic: string, payload: Uint8Array): boolean {
    if (!topic.startsWith(this.prefix) || payload.length > PAYLOAD_BYTES_MAX) return false;
    const json = jsonOf(payload);
    if (!json) return false;
    const [first, second, third] = topic.slice(this.prefix.length).split("/");
    if (first === "node" && third === "state") {
      if (this.states.size < NODES_MAX || this.states.has(second)) this.states.set(second, json);
      return false;
    }
    if (first !== "monitor") return false;
    // A last will says less than the gateway did itself: what it said before still holds.
    if (second === "gateway") this.gateway = json.reason ? { ...this.gateway, ...json } : json;
    else if (second === "slot") this.slot = json;
    else if (second === "chain") this.chain = json;
    else if (second === "totals") this.totals = json;
    else if (second === "feeder") this.feeder = json;
    else if (second === "dag") this.dag = json;
    else if (second === "bank") this.bank = json;
    else if (second === "node" && third && this.nodes.size < NODES_MAX) this.nodes.set(third, json);
    else if (second === "event" && third && this.events.size < NODES_MAX)
      this.events.set(third, json);
    // The totals are the last that a gateway says of a slot.
    return second === "totals";
  }

  /** Whether there is anything of a gateway to show. */
  get hasGateway(): boolean {
    return this.gateway !== undefined;
  }

  /** Connection and gateway in one line, which changes only when they do. */
  status(): string {
    if (this.link !== "connected" || !this.gateway) return this.header().slice(0, 2).join("; ");
    return `Wattle area ${this.area}  ${this.url}  gateway ${this.gatewayText(this.gateway)}`;
  }

  /** The whole picture, lines of at most `width` characters, at most `height` of them. */
  render(width: number, height: number): string[] {
    const head = [...this.header(), ...this.market()];
    const room = height - head.length - 1;
    const table = this.table(room);
    const lines = [...head, ...(table.length > 0 ? ["", ...table] : [])];
    return lines.slice(0, height).map((line) => line.slice(0, width).trimEnd());
  }

  /** One line for a slot, for logs. */
  line(): string {
    const { slot, totals } = this;
    if (!slot) return this.header().join(" | ");
    const price = priceText(slot.priceMicroPerKwh);
    const missed = list(slot.missed);
    return [
      `slot ${text(slot.slot)}`,
      text(slot.start),
      `${kwh(slot.tradedWh)} kWh in ${text(slot.contracts)} contracts`,
      `price ${price}`,
      `online ${this.onlineCount()}/${text(slot.members)}`,
      `block ${text(this.chain?.height)}`,
      `total ${kwh(totals?.tradedWh)} kWh`,
      ...this.counted(),
      ...(missed.length > 0 ? [`missed ${missed.join(" ")}`] : []),
    ].join("  ");
  }

  /** Of the transactions since the first slot, those that votes accepted. */
  private counted(): string[] {
    const { dag } = this;
    return dag ? [`accepted ${text(dag.accepted)}/${text(dag.transactions)}`] : [];
  }

  private header(): string[] {
    const { gateway } = this;
    const lines = [`Wattle area ${this.area}  ${this.url}  ${this.linkText()}`.trimEnd()];
    if (!gateway) {
      const waits =
        this.link === "connected"
          ? `no gateway of area "${this.area}" has spoken on this broker yet`
          : "waiting for the broker";
      return [...lines, `${waits}; this view fills itself when there is one`];
    }
    const { slot } = this;
    const of = gateway.slots == null ? "" : `/${text(gateway.slots)}`;
    const known = this.onlineCount();
    lines.push(
      `gateway ${this.gatewayText(gateway)}  net ${text(gateway.net)}` +
        `  clock ${text(gateway.clock)}  market ${marketText(gateway.market)}`,
    );
    if (this.outsider) return lines;
    lines.push(
      slot
        ? `slot ${Number(slot.slot) + 1}${of}  ${text(slot.start)}  ${text(slot.slotSeconds)} s` +
            `  members ${text(slot.members)}, online ${known}`
        : `before the first slot: waiting for ${text(gateway.expectNodes)} members, ` +
            `online ${known}`,
    );
    return lines;
  }

  private gatewayText({ state, reason }: Json): string {
    const lost = reason === "lost" ? " (connection lost)" : "";
    return `${text(state)}${lost}${this.totals?.finished === true ? ", finished" : ""}`;
  }

  private linkText(): string {
    if (this.link === "connected") return this.linkError;
    const what = this.link === "lost" ? "CONNECTION LOST, trying again" : "connecting";
    // What failed matters until it works again.
    return this.linkError ? `${what} (${this.linkError})` : what;
  }

  private market(): string[] {
    const { slot, chain, totals } = this;
    const lines: string[] = [];
    if (slot) {
      const missed = list(slot.missed);
      lines.push(
        `last clearing: price ${priceText(slot.priceMicroPerKwh)}, ${kwh(slot.tradedWh)} kWh in ` +
          `${text(slot.contracts)} contracts (feed-in ${priceText(slot.feedInMicroPerKwh)}, ` +
          `retail ${priceText(slot.retailMicroPerKwh)})`,
      );
      if (missed.length > 0) lines.push(`missed in this slot: ${missed.join(", ")}`);
    }
    if (chain)
      lines.push(
        `chain: block ${text(chain.height)} ${text(chain.block).slice(0, 16)} ` +
          `at ${text(chain.at)}, ${text(chain.transactions)} transactions`,
      );
    lines.push(...this.witnessing(), ...this.lending());
    lines.push(...this.feederAlarms(), ...this.latestEvents());
    if (totals) {
      const coins = objectOf(totals.coins);
      lines.push(
        `totals: ${kwh(totals.tradedWh)} kWh in ${text(totals.slotsWithTrade)} of ` +
          `${text(totals.slotsSettled)} slots, ` +
          `coins ${coinsText(coins.walletsMicro)} in wallets, ` +
          `${coinsText(coins.lockedMicro)} locked, ${coinsText(coins.mintedMicro)} minted`,
      );
    }
    return lines;
  }

  /** Proof-of-time and votes, where there are any. */
  private witnessing(): string[] {
    const { dag } = this;
    if (!dag) return [];
    const out = list(dag.suspended);
    return [
      `proof-of-time: epoch ${text(dag.epoch)}, ${text(dag.tokensNeeded)} of ` +
        `${text(dag.witnesses)} witnesses; ${text(dag.transactions)} transactions, ` +
        `${text(dag.accepted)} accepted by ${text(dag.votes)} votes, ` +
        `${text(dag.byGateways)} by the gateway`,
      ...(out.length > 0 ? [`SUSPENDED, with proof of fraud: ${out.join(", ")}`] : []),
    ];
  }

  /** The gateway's bank, where it has one; `wattle bank` shows more. */
  private lending(): string[] {
    const { bank } = this;
    if (!bank || !Array.isArray(bank.banks)) return [];
    const { policy, reserveMicro, outstandingMicro } = objectOf(bank.banks[0]);
    const [late, out] = [list(bank.lateNow), list(bank.blacklisted)];
    return [
      `bank: ${text(policy)}, ${text(bank.loansLive)} loans, ${coinsText(outstandingMicro)} coins ` +
        `lent, ${coinsText(reserveMicro)} in reserve` +
        (late.length > 0 ? `; LATE ${late.join(", ")}` : "") +
        (out.length > 0 ? `; blacklisted ${out.join(", ")}` : ""),
    ];
  }

  /** Where the members' meters do not agree with the feeder's. */
  private feederAlarms(): string[] {
    const { feeder } = this;
    if (feeder?.state !== "alarm" || !Array.isArray(feeder.alarms)) return [];
    const tests = feeder.alarms.map(objectOf).map((alarm) => text(alarm.test));
    const suspects = Array.isArray(feeder.suspects) ? feeder.suspects.map(objectOf) : [];
    const names = suspects.map(({ name, register, permille }) => {
      return `${text(name)} (${text(register)} by ${text(permille)} permille)`;
    });
    const who = names.length > 0 ? `; suspect ${names.join(", ")}` : "";
    return [`FEEDER METER ALARM: ${tests.join(", ")}${who}`];
  }

  /** What happened to meters last, beside energy that flowed. */
  private latestEvents(): string[] {
    const found: { at: string; line: string }[] = [];
    for (const member of this.events.values()) {
      const latest = Array.isArray(member.latest) ? objectOf(member.latest.at(-1)) : {};
      const amount = latest.register == null ? "" : ` ${text(latest.register)}`;
      const energy = amount && ` ${text(latest.valueMwh)} mWh`;
      const at = text(latest.at, "time unknown");
      const of = `${text(member.name)} (${text(member.events)} in all)`;
      found.push({ at, line: `meter event: ${of} ${text(latest.event)}${amount}${energy}, ${at}` });
    }
    found.sort((a, b) => (a.at < b.at ? 1 : -1));
    return found.slice(0, EVENTS_LISTED).map(({ line }) => line);
  }

  private table(room: number): string[] {
    if (this.nodes.size === 0 || room < 2) return [];
    const rows = [...this.nodes.values()].sort((a, b) => naturally(text(a.name), text(b.name)));
    const fits = rows.length <= room - 1 ? rows.length : Math.max(0, room - 2);
    const widest = Math.max(4, ...rows.map((row) => text(row.name).length));
    const line = (cells: string[]) =>
      cells.map((cell, i) => (i < 2 ? cell.padEnd([widest, 6][i]) : cell.padStart(11))).join("  ");
    const titles = ["name", "role", "import kWh", "export kWh", "slot Wh", "coins", "locked"];
    if (this.bank) titles.push("owes");
    const lines = [`${line(titles)}  online  alarm`];
    for (const row of rows.slice(0, fits)) {
      const state = this.states.get(text(row.node)) ?? {};
      const alarm = row.alarm ?? state.alarm;
      const cells = [
        text(row.name),
        text(row.role),
        kwh(row["1-0:1.8.0 import Wh"]),
        kwh(row["1-0:2.8.0 export Wh"]),
        text(row.slotNetWh),
        coinsText(row.freeMicro),
        coinsText(row.lockedMicro),
        ...(this.bank ? [coinsText(objectOf(row.credit).debtMicro)] : []),
      ];
      lines.push(`${line(cells)}  ${this.isOnline(row) ? "yes   " : "NO    "}  ${text(alarm, "")}`);
    }
    if (fits < rows.length) lines.push(`... and ${rows.length - fits} more nodes`);
    return lines;
  }

  private isOnline(row: Json): boolean {
    const state = this.states.get(text(row.node));
    return state ? state.state === "online" : row.online === true;
  }

  private onlineCount(): number {
    let count = 0;
    for (const state of this.states.values()) if (state.state === "online") count++;
    return count;
  }
}

function jsonOf(payload: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Text for a terminal: what came over the network must not be able to steer it. */
function text(value: unknown, missing = "-"): string {
  if (value === undefined || value === null) return missing;
  return String(value).replace(/[^\x20-\x7e]/g, "?");
}

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null ? (value as Json) : {};

const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.map((item) => text(item)) : [];

const kwh = (wh: unknown): string => (typeof wh === "number" ? (wh / 1000).toFixed(3) : "-");

const coinsText = (micro: unknown): string =>
  Number.isSafeInteger(micro) ? formatCoins(micro as number).slice(0, -4) : "-";

const priceText = (micro: unknown): string =>
  Number.isSafeInteger(micro) ? formatCoins(micro as number).slice(0, -2) : "none";

function marketText(value: unknown): string {
  const { timing, mode, pricing } = objectOf(value);
  return `${text(timing)} ${text(mode)} ${text(pricing)}`;
}

/** Building_2 before Building_10. */
function naturally(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
