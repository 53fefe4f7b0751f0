// SPDX-License-Identifier: Apache-2.0
/**
 * The metering part of a node: brings the registers forward by the chip's samples, keeps them, says the
 * events, and signs the registers at boundaries. Nothing of energy is said before the store was read and the
 * chip gave a first whole sample.
 */
import { signRecord } from "#core/codec/record";
import { SILENT_POLLS } from "#core/limits-device";
import { EventKind, EventRegister, eventRecord } from "#core/records/event";
import type { Config } from "#core/records/member";
import type { Notice } from "#core/records/notice";
import { readingRecord } from "#core/records/reading";
import type { NodeConfig } from "./config.ts";
import type { MeterNode } from "./node.ts";
import type { NodePorts } from "./ports.ts";
import { plainEvent, queueEvent, refillEvents } from "./register/events.ts";
import type { RegisterKeeper } from "./register/keeper.ts";
import { chipOf, type Note, type Run, takeSample } from "./register/register.ts";
import type { WaitingEvent } from "./register/registers.ts";

export class Metering {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly keeper: RegisterKeeper;
  private readonly run: Run;
  private readonly note: Note;
  /** Samples in a row that the chip owes; −1: it is known to be silent. */
  private owed = 0;
  /** Uptime of the sample of the last boundary's reading. */
  private boundaryMs = -1;

  constructor(node: MeterNode, config: NodeConfig, ports: NodePorts, keeper: RegisterKeeper) {
    this.node = node;
    this.config = config;
    this.ports = ports;
    this.keeper = keeper;
    this.run = {
      counters: [],
      chip: new Uint8Array(0),
      capacityWh: config.capacityWh,
      uptimeMs: -1,
      reverse: false,
      doubtMs: -1,
    };
    this.note = (event, register, beforeMwh, afterMwh, valueMwh) =>
      this.queue({ event, register, beforeMwh, afterMwh, valueMwh, detail: 0, ...this.when() });
  }

  /** A notice: slots may have another length now. */
  follow({ startMs, endMs }: Notice): void {
    const { registers } = this.node.state;
    if (endMs <= startMs || registers.slotMs === endMs - startMs) return;
    registers.slotMs = endMs - startMs;
    registers.seq++;
  }

  /**
   * Once a second on a device: a sample, and a write of the registers where that is due. True where something
   * was said.
   */
  poll(): boolean {
    if (!this.take(this.node.clock.nowMs())) {
      if (this.owed >= 0 && ++this.owed >= SILENT_POLLS) this.fallSilent();
    }
    if (this.run.uptimeMs >= 0) this.keeper.keep(this.node.state.registers, this.run.uptimeMs);
    return this.say();
  }

  /** The driver lost what a chip had counted since the read before. */
  lostRead(): void {
    const { registers } = this.node.state;
    const last = registers.waiting[registers.waiting.length - 1];
    if (last?.event !== EventKind.lostRead) return this.plain(EventKind.lostRead, 1);
    // One event for those that come while it waits.
    last.detail++;
    registers.seq++;
  }

  /** The time of day was set; 0 before: it was not known. */
  clockStepped(beforeMs: number, afterMs: number): void {
    if (beforeMs === 0 || beforeMs === afterMs) return;
    const forward = afterMs > beforeMs;
    const kind = forward ? EventKind.clockForward : EventKind.clockBack;
    this.plain(kind, Math.floor(Math.abs(afterMs - beforeMs)));
  }

  /**
   * Reads the meter at a boundary and says the signed registers, after whatever happened to them.
   * @returns false where the chip is silent or the outbox full: nothing was said
   */
  read(boundary: number, atMs: number): boolean {
    const { state, speaker, clock } = this.node;
    if (speaker.full) return false;
    const sampled = this.take(atMs);
    // What was good enough for the boundary before is too old for this one.
    const fresh = sampled && this.run.uptimeMs > this.boundaryMs;
    if (!fresh) {
      this.ports.log("warn", "meter-silent", { atMs });
      if (this.run.doubtMs < 0 && this.owed >= 0) this.fallSilent();
    }
    if (fresh && refillEvents(state.registers)) this.plain(EventKind.suppressed, 0);
    this.say();
    if (!fresh || speaker.full) return false;
    this.boundaryMs = this.run.uptimeMs;
    const { importMwh, exportMwh } = state.registers;
    // The first interval at a gateway begins with this reading: the one before was another's.
    const follows = state.boundary === boundary && state.arrived === 0;
    state.arrived = 0;
    state.lastNetMwh = {
      import: follows ? importMwh - state.boundaryImportMwh : 0n,
      export: follows ? exportMwh - state.boundaryExportMwh : 0n,
    };
    state.boundary = boundary + 1;
    state.boundaryImportMwh = importMwh;
    state.boundaryExportMwh = exportMwh;
    const { bytes } = signRecord(readingRecord, this.ports.crypto, this.config.secretKey, {
      net: this.config.net,
      node: this.node.idBytes,
      boundary,
      atMs,
      quality: clock.quality,
      importMwh,
      exportMwh,
      boot: state.boot,
      said: state.saidSeq + 1,
    });
    return speaker.say(state, "reading", bytes);
  }

  /** Signs and says the events that wait, in order, as the outbox has room. True where there were any. */
  say(): boolean {
    const { state, speaker } = this.node;
    const { waiting } = state.registers;
    const before = waiting.length;
    while (waiting.length > 0 && speaker.open && !speaker.full) {
      const { bytes } = signRecord(eventRecord, this.ports.crypto, this.config.secretKey, {
        net: this.config.net,
        node: this.node.idBytes,
        ...waiting.shift()!,
        said: state.saidSeq + 1,
      });
      state.registers.seq++;
      speaker.say(state, "event", bytes);
    }
    return waiting.length < before;
  }

  /** Boundaries are those that the gateway knows, and no energy before the next one is a slot's. */
  begin({ boundary, importMwh, exportMwh }: Config): void {
    const { state } = this.node;
    state.boundary = boundary;
    state.boundaryImportMwh = importMwh;
    state.boundaryExportMwh = exportMwh;
    state.lastNetMwh = { import: 0n, export: 0n };
    state.carryImportMwh = 0n;
    state.carryExportMwh = 0n;
  }

  /**
   * The store was lost, and the gateway knows more: registers go on from the last reading that it has, and
   * never back, where slots of them were left.
   */
  adopt(config: Config): void {
    this.begin(config);
    const { importMwh, exportMwh } = config;
    const kept = this.node.state.registers;
    const before = { importMwh: kept.importMwh, exportMwh: kept.exportMwh };
    if (importMwh > before.importMwh) {
      kept.importMwh = importMwh;
      const valueMwh = importMwh - before.importMwh;
      this.note(EventKind.restored, EventRegister.import, before.importMwh, importMwh, valueMwh);
    }
    if (exportMwh > before.exportMwh) {
      kept.exportMwh = exportMwh;
      const valueMwh = exportMwh - before.exportMwh;
      this.note(EventKind.restored, EventRegister.export, before.exportMwh, exportMwh, valueMwh);
    }
  }

  /** Brings the registers forward by the chip's sample for `atMs`; false where it has given none. */
  private take(atMs: number): boolean {
    const sample = this.ports.meter.sample(atMs);
    if (!sample) return false;
    const { registers } = this.node.state;
    if (this.run.counters.length === 0) {
      this.run.counters = this.ports.meter.counters;
      this.run.chip = chipOf(this.run.counters);
    }
    const lastMs = this.run.uptimeMs;
    if (!takeSample(registers, this.run, sample, this.note)) return this.run.uptimeMs >= 0;
    if (this.owed < 0)
      this.plain(EventKind.resumed, lastMs < 0 ? 0 : Math.floor(sample.uptimeMs - lastMs));
    this.owed = 0;
    return true;
  }

  private fallSilent(): void {
    this.owed = -1;
    this.plain(EventKind.silent, 0);
  }

  private plain(event: number, detail: number): void {
    this.queue(plainEvent(event, detail, this.when()));
  }

  private when(): { boot: number; atMs: number; quality: number } {
    const { clock, state } = this.node;
    return { boot: state.boot, atMs: clock.nowMs(), quality: clock.quality };
  }

  private queue(event: Omit<WaitingEvent, "suppressed">): void {
    const said = queueEvent(this.node.state.registers, event);
    const { event: kind, register, valueMwh, detail } = event;
    const facts = { kind, register, valueMwh: String(valueMwh), detail };
    this.ports.log("warn", said ? "meter-event" : "meter-event-suppressed", facts);
  }
}
