// SPDX-License-Identifier: Apache-2.0
/**
 * What is attacked: a gateway in a process of its own with TLS, tokens and an authority, and honest members
 * that trade. Slots go on when the attack says so: the seller's readings wait for a word.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { revocationsRecord, Subject } from "#core/records/authority";
import type { Certificate } from "#core/records/certificate";
import { openCertificate } from "#core/trust/certificate";
import type { SlotFacts } from "#node/process/slot-facts";
import { TestAuthority } from "../helpers/authority.ts";
import { certificate, newKey, pem } from "../helpers/certificates.ts";
import { crypto } from "../helpers/local-area.ts";
import { Member, type Spoken } from "./member.ts";
import { type Metrics, parseMetrics } from "./metrics.ts";
import { AREA, CONNECTION_W, NET, type Person, person } from "./people.ts";

const CHILD = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));
export const WORLD_START = "2026-01-01T00:00:00Z";
export const WORLD_START_MS = Date.parse(WORLD_START);
const SLOT_S = 900;
/** What takes a number. */
export const NUMBERED: readonly string[] = ["reading", "order", "tx", "event", "wallets"];
/** What takes longer does not come any more, ms. */
const PATIENCE_MS = 30_000;

/** Net energy of a member in a slot, Wh; negative is surplus. */
export type NetWh = (slot: number) => number;

export interface StageOptions {
  /** Slots until the gateway is done. */
  slots: number;
  /** By name; the first one's readings are what slots wait for. */
  members: Readonly<Record<string, NetWh>>;
  /** As in the gateway's configuration; default: none. */
  proofOfTime?: object;
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "wattle-attack-"));
  readonly identity = join(this.folder, "identity");
  readonly authority = new TestAuthority(NET);
  readonly gatewayPerson = person("gateway");
  readonly operator = person("operator");
  readonly deputy = person("deputy");
  readonly gatewayKey = this.gatewayPerson.publicKey;
  readonly members: Member[] = [];
  readonly slots: SlotFacts[] = [];
  /** Of the certificates that were given out, by node id. */
  readonly serials = new Map<string, number>();
  readonly ca: string;
  port = 0;
  finished = false;
  private readonly options: StageOptions;
  private metricsPort = 0;
  private child: ChildProcess | undefined;
  private readonly held: Spoken[] = [];
  private readonly revoked = new Set<number>();
  private paused = false;
  private advancing = 0;
  private readings = 0;
  /** Serials of the certificates that the gateway has entered, and the number of its last list. */
  private readonly certificatesTaken = new Set<number>();
  private listTaken: number | undefined;
  /** What was let go, and may be said again. */
  private readonly free = new Set<string>();

  constructor(options: StageOptions) {
    this.options = options;
    const authorityKey = newKey();
    const issuer = { subject: "attack", key: authorityKey };
    this.ca = pem(certificate({ ...issuer, ca: true }));
    const key = newKey();
    const broker = { subject: "broker", key, issuer, ip: [[127, 0, 0, 1]] };
    this.write("broker.pem", pem(certificate(broker)));
    this.write("broker.key", key.export({ type: "pkcs8", format: "pem" }) as string);
    this.write("gateway.key", `${toHex(this.gatewayPerson.secretKey)}\n`);
    mkdirSync(this.identity);
    this.put("authority.cbor", this.authority.record());
    this.certify(this.gatewayPerson, { subject: Subject.gateway, area: AREA });
    for (const [name, netWh] of Object.entries(options.members)) {
      const who = person(name);
      this.certify(who);
      this.members.push(this.member(who, netWh));
    }
    this.members[0].hold = (spoken) => this.holdBack(spoken);
  }

  /** A file of the identity folder. */
  put(name: string, bytes: Uint8Array): void {
    writeFileSync(join(this.identity, name), bytes);
  }

  take(name: string): void {
    rmSync(join(this.identity, name), { force: true });
  }

  /** Requests that wait for the operator, by node id. */
  requests(): string[] {
    const names = readdirSync(join(this.identity, "requests"));
    return names.filter((name) => name.endsWith(".enrol")).map((name) => name.slice(0, -6));
  }

  /** Gives out a certificate by way of the folder; its serial. */
  certify({ id, publicKey }: Person, fields: Partial<Certificate> = {}): number {
    const encoded = this.authority.issue(publicKey, { connectionW: CONNECTION_W, ...fields });
    const opened = openCertificate(crypto, encoded);
    if (!opened.ok) throw new Error(opened.detail);
    const { serial } = opened.value;
    this.put(`${serial}.cert`, encoded);
    this.serials.set(id, serial);
    return serial;
  }

  /** The certificate that was given out to `who`. */
  certificateOf({ id }: Person): Uint8Array {
    return Uint8Array.from(readFileSync(join(this.identity, `${this.serials.get(id)}.cert`)));
  }

  /** Revokes `people` and those that were revoked before; it counts when this resolves. */
  async revoke(people: readonly Person[]): Promise<void> {
    for (const { id } of people) this.revoked.add(this.serials.get(id)!);
    const serials = [...this.revoked].sort((a, b) => a - b);
    const list = this.authority.list(serials);
    this.put("revoked-nodes.cbor", list);
    if (!this.child) return;
    const opened = openSigned(revocationsRecord, crypto, list);
    if (!opened.ok) throw new Error(opened.detail);
    const { number } = opened.value;
    await this.look(() => this.listTaken === number);
  }

  /** The gateway has taken the certificate of `who` when this resolves. */
  enter({ id }: Person): Promise<void> {
    return this.look(() => this.certificatesTaken.has(this.serials.get(id)!));
  }

  async start(): Promise<void> {
    // Who may say what is asked where there is none; what members say about each other's in witness.ts.
    const { slots, members, proofOfTime = false } = this.options;
    const json = {
      net: NET,
      area: AREA,
      listen: { port: this.port, tls: { cert: "broker.pem", key: "broker.key" } },
      operators: [this.operator, this.deputy].map(({ publicKey }) => toHex(publicKey)),
      identity: { folder: "identity" },
      expectNodes: Object.keys(members).length,
      slotSeconds: SLOT_S,
      worldStart: WORLD_START,
      slots,
      clock: "barrier",
      proofOfTime,
      // Nobody is given up: a slot that went on without an honest member would be seen.
      slotTimeoutSeconds: 3600,
      log: { level: "silent" },
    };
    const args = [CHILD, JSON.stringify(json), this.folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.child = child;
    await new Promise<void>((ready, failed) => {
      child.once("exit", (code) => failed(new Error(`the gateway ended with ${code}`)));
      child.on("message", (fact: Record<string, unknown>) => {
        if (fact.what === "slot") this.slots.push(fact.slot as SlotFacts);
        if (fact.what === "finished") this.finished = true;
        if (fact.what === "certified") this.certificatesTaken.add(fact.serial as number);
        if (fact.what === "revoked") this.listTaken = fact.number as number;
        if (fact.what !== "ready") return;
        this.port = fact.port as number;
        this.metricsPort = fact.metricsPort as number;
        ready();
      });
    });
    for (const member of this.members) if (member.connections === 0) member.join(this.port);
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise<void>((done) => child.once("exit", () => done()));
    child.send("stop");
    await gone;
  }

  /** A new process on the same log; the members come back by themselves. */
  restart(): Promise<void> {
    return this.between(async () => {
      await this.stop();
      await this.start();
    });
  }

  async end(): Promise<void> {
    for (const member of this.members) member.leave();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The gateway looks at its folder, and has taken what it found when this resolves. */
  async look(taken: (metrics: Metrics) => boolean = () => true): Promise<void> {
    this.child?.send("look");
    await this.untilMetrics(taken, "the folder is taken");
  }

  async metrics(): Promise<Metrics> {
    const response = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`);
    return parseMetrics(await response.text());
  }

  /** Until the metrics are as `holds` wants them. */
  async untilMetrics(holds: (metrics: Metrics) => boolean, what: string): Promise<Metrics> {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const metrics = await this.metrics();
      if (holds(metrics)) return metrics;
      if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
      await delay(20);
    }
  }

  /** Until every member is connected and all that it said is receipted, but for what is held back. */
  everybody(): Promise<void> {
    const isThere = ({ connected, node }: Member, i: number) => {
      const waiting = node.state.saidSeq - node.state.receiptedSeq;
      return connected && node.speaker.open && waiting === (i === 0 ? this.held.length : 0);
    };
    return this.until(() => this.members.every(isThere), "every member is back");
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
      await delay(5);
    }
  }

  /** Nobody asked for more slots just now. */
  get idle(): boolean {
    return this.advancing === 0;
  }

  /** `count` more slots are traded; one no sooner than `paceMs` after the one before. */
  async advance(count: number, paceMs = 0): Promise<void> {
    this.advancing++;
    for (let i = 0; i < count; i++) {
      const target = this.slots.length + 1;
      const paced = delay(paceMs);
      await this.until(() => {
        // The slots before it, and both ends of its own.
        const due = this.readings <= target && !this.paused;
        if (due && this.members[0].node.speaker.open) this.letGo();
        return this.slots.length >= target;
      }, `slot ${target}`);
      await paced;
    }
    this.advancing--;
  }

  /** A reading waits for its word, and what is numbered behind it waits with it. */
  /**
   * Does something between two slots: the next one does not begin without a member whose connection is lost
   * just then, and nobody who is told of a settled slot is gone.
   */
  async between(act: () => Promise<unknown>): Promise<void> {
    this.paused = true;
    await this.until(() => this.slots.length >= this.readings - 1, "the slot is settled");
    await this.everybody();
    await act();
    await this.everybody();
    this.paused = false;
  }

  /** A member's connection is lost, and it comes back. */
  lose(member: Member): Promise<void> {
    return this.between(async () => {
      member.drop();
      await this.until(() => !member.connected, "gone");
    });
  }

  private holdBack(spoken: Spoken): boolean {
    if (!NUMBERED.includes(spoken.kind)) return false;
    if (spoken.kind !== "reading" && this.held.length === 0) return false;
    const key = toHex(spoken.payload);
    if (this.free.has(key)) return false;
    if (!this.held.some(({ payload }) => toHex(payload) === key)) this.held.push(spoken);
    return true;
  }

  private letGo(): void {
    const [seller] = this.members;
    if (this.held.length > 0) this.readings++;
    do {
      const next = this.held.shift();
      if (!next) return;
      this.free.add(toHex(next.payload));
      seller.spoken.push(next);
      seller.send(next.topic, next.payload);
    } while (this.held[0]?.kind !== "reading");
  }

  private member(who: Person, netWh: NetWh): Member {
    const { gatewayKey, ca } = this;
    const counters = (atMs: number) => countersAt(netWh, atMs - WORLD_START_MS);
    return new Member({ who, gatewayKey, authorityKey: this.authority.anchorKey, ca, counters });
  }

  private write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }
}

/** Registers `ms` after world start, linear within a slot. */
function countersAt(netWh: NetWh, ms: number): { importMwh: bigint; exportMwh: bigint } {
  let importMwh = 0;
  let exportMwh = 0;
  for (let slot = 0; slot * SLOT_S * 1000 < ms; slot++) {
    const share = Math.min(1, (ms - slot * SLOT_S * 1000) / (SLOT_S * 1000));
    const mwh = Math.trunc(netWh(slot) * 1000 * share);
    if (mwh > 0) importMwh += mwh;
    else exportMwh -= mwh;
  }
  return { importMwh: BigInt(importMwh), exportMwh: BigInt(exportMwh) };
}
