// SPDX-License-Identifier: Apache-2.0
/**
 * The area against its feeder meter, slot by slot: a pure function of readings and closed slots in the
 * log's order, for the gateway, its replay and the audit alike.
 */
import type { FeederWord } from "#core/ledger/arbitrate";
import { DAY_MS } from "#core/units/time";
import { type Balance, balanceOf } from "./bound.ts";
import { Drift } from "./drift.ts";
import { type Point, type Span, Spans } from "./spans.ts";
import { type Suspect, Suspects } from "./suspects.ts";
import { type FeederTerms, GONE_DAYS, SUSPECTS_SHOWN } from "./terms.ts";

/** What each test says when it alarms. */
export const FEEDER_MEANINGS = Object.freeze({
  slot: "more than losses and honest meters can make at once",
  missing: "members' meters show too little import or too much export, a little all the time",
  surplus: "members' meters show too much import or too little export, a little all the time",
  member: "the difference goes with the flow of one member",
  constant: "the difference is the same in every slot and goes with no member's flow",
} as const);

export type FeederTest = keyof typeof FEEDER_MEANINGS;

/** An alarm that began with `slot`. */
export interface FeederAlarm {
  test: FeederTest;
  slot: number;
  residualMwh: bigint;
  /** Highest score first; empty where nobody can be told from the others. */
  suspects: Suspect[];
}

export class FeederCheck {
  readonly terms: FeederTerms;
  readonly drift: Drift;
  readonly suspects: Suspects;
  /** Slots judged, alone or within a longer stretch, and slots at whose close nothing could be. */
  judgedSlots = 0;
  openSlots = 0;
  /** The latest stretch and its balance. */
  latest: { span: Span; balance: Balance } | undefined;
  /** Tests that alarm now, with the slot since which they do. */
  readonly raised = new Map<FeederTest, number>();
  alarmCount = 0;
  private readonly spans: Spans;

  constructor(terms: FeederTerms, slotMs: number) {
    this.terms = terms;
    const slotsPerDay = Math.max(1, Math.round(DAY_MS / slotMs));
    this.spans = new Spans(terms.node, GONE_DAYS * slotsPerDay);
    this.drift = new Drift(slotsPerDay);
    this.suspects = new Suspects(terms, slotsPerDay);
  }

  /** Members that have not read for long. */
  get gone(): ReadonlySet<string> {
    return this.spans.gone;
  }

  /** An accepted reading of the feeder's node or a member's. */
  take(id: string, reading: Point): void {
    this.spans.take(id, reading);
  }

  /** What there is to say at the close of `slot` where two members do not agree (ledger 4.6). */
  word(slot: number): FeederWord {
    const span = this.spans.peek(slot);
    const alone = span && span.to - span.from === 1 ? span : undefined;
    const named = this.raised.has("member") ? this.suspects.named : [];
    const wrong = (register: "import" | "export") =>
      named.filter((one) => one.register === register && one.permille > 0).map(({ id }) => id);
    return {
      balance: alone && balanceOf(alone, this.terms),
      lowImport: new Set(wrong("import")),
      highExport: new Set(wrong("export")),
    };
  }

  /** A slot is settled. The alarms that begin with it. */
  close(slot: number): FeederAlarm[] {
    const span = this.spans.close(slot);
    if (!span) {
      this.openSlots++;
      return [];
    }
    const balance = balanceOf(span, this.terms);
    this.latest = { span, balance };
    this.judgedSlots += span.to - span.from;
    const before = this.drift.missing || this.drift.surplus;
    this.drift.add(balance, span.to - span.from);
    this.suspects.add(span);
    if (!before && (this.drift.missing || this.drift.surplus)) this.suspects.doubt();
    const { residualMwh, lowMwh, highMwh } = balance;
    const { drift, suspects } = this;
    return [
      ...this.raise("slot", slot, residualMwh < lowMwh || residualMwh > highMwh),
      ...this.raise("missing", slot, drift.missing),
      ...this.raise("surplus", slot, drift.surplus),
      ...this.raise("member", slot, suspects.standsOut),
      ...this.raise("constant", slot, suspects.constantOut),
    ];
  }

  private raise(test: FeederTest, slot: number, on: boolean): FeederAlarm[] {
    if (!on) this.raised.delete(test);
    if (!on || this.raised.has(test)) return [];
    this.raised.set(test, slot);
    this.alarmCount++;
    const { residualMwh } = this.latest!.balance;
    return [{ test, slot, residualMwh, suspects: this.suspects.named.slice(0, SUSPECTS_SHOWN) }];
  }
}
