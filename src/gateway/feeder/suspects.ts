// SPDX-License-Identifier: Apache-2.0
/**
 * Who it may be: what is missing at the feeder is explained by the members' flows. Where a member
 * reports a share x too little, the residual goes up and down with that member's flow and with no
 * other's; a lie that is the same in every slot goes with nobody's, and shows as a constant.
 *
 *     residual = constant + a·net² + a'·Σ flow² + Σ (b·import + c·export)
 *
 * The squares take up the losses of what all share, and of lines that are alike. What every member has
 * in common (the feeder's own error) is the median of the coefficients; who is far from it stands out.
 */
import { FEEDER_MEMBERS_MAX } from "#core/limits";
import { Fit, type Fitted } from "./fit.ts";
import type { Span } from "./spans.ts";
import {
  DAY_WEIGHT,
  type FeederTerms,
  FIT_DAYS,
  FIT_DAYS_ALIKE,
  FIT_ERRORS,
  FIT_SCORE_KEPT,
} from "./terms.ts";

export interface Suspect {
  id: string;
  register: "import" | "export";
  /** How much more is missing with its flow than with the others', permille of what it reports. */
  permille: number;
  /** Standard error of that, permille. */
  errorPermille: number;
  /** Above 1 it stands out: distance over limit and errors. */
  score: number;
}

/** Columns that are no member's: the constant and the two squares. */
const COMMON = 3;
const PERMILLE = 1000;

export class Suspects {
  /** By score, highest first; empty while too little is known. */
  ranked: Suspect[] = [];
  /** The same in every slot and with nobody's flow, Wh a slot; and whether it is too much. */
  constantWh = 0;
  standsOut = false;
  constantOut = false;
  private readonly terms: FeederTerms;
  private readonly slotsPerDay: number;
  private ids: string[] = [];
  private fit: Fit | undefined;
  private slots = 0;
  private flowKwh = 0;
  private alike = { who: "", days: 0, constantDays: 0 };

  constructor(terms: FeederTerms, slotsPerDay: number) {
    this.terms = terms;
    this.slotsPerDay = slotsPerDay;
  }

  /** Those that stand out; nobody where none can be told from the others. */
  get named(): Suspect[] {
    return this.ranked.filter(({ score }) => score > 1);
  }

  add(span: Span): void {
    const { members } = span;
    const same =
      members.length === this.ids.length && members.every(({ id }, i) => id === this.ids[i]);
    if (!same) this.begin(span.members.map(({ id }) => id));
    if (!this.fit || span.to - span.from !== 1) return;
    const count = members.length;
    const x = new Float64Array(this.fit.size);
    let residual = kwh(span.feeder.importMwh) - kwh(span.feeder.exportMwh);
    members.forEach(({ importMwh, exportMwh }, i) => {
      x[COMMON + i] = kwh(importMwh);
      x[COMMON + count + i] = kwh(exportMwh);
      residual -= x[COMMON + i] - x[COMMON + count + i];
      const flow = x[COMMON + i] + x[COMMON + count + i];
      this.flowKwh += flow;
      x[2] += flow * flow;
    });
    const net = kwh(span.feeder.importMwh) - kwh(span.feeder.exportMwh);
    x[0] = 1;
    x[1] = net * net;
    this.fit.add(x, residual);
    this.slots++;
    if (this.slots % this.slotsPerDay === 0) this.judge();
  }

  /**
   * Something has begun that was not before. A mixture of both times can point at the wrong member, so
   * that the search begins anew, unless it has an answer already.
   */
  doubt(): void {
    if (!this.standsOut && !this.constantOut) this.begin(this.ids);
  }

  /** Other members: what is known does not fit any more. */
  private begin(ids: string[]): void {
    this.ids = ids;
    this.slots = 0;
    this.flowKwh = 0;
    this.ranked = [];
    this.alike = { who: "", days: 0, constantDays: 0 };
    this.standsOut = false;
    this.constantOut = false;
    // Two members cannot be told apart by what they have in common.
    const fits = ids.length >= 3 && ids.length <= FEEDER_MEMBERS_MAX;
    this.fit = fits ? new Fit(COMMON + 2 * ids.length) : undefined;
  }

  /** Once a day. */
  private judge(): void {
    const fit = this.fit!;
    fit.fade(DAY_WEIGHT);
    if (this.slots < FIT_DAYS * this.slotsPerDay) return;
    const fitted = fit.solve();
    if (!fitted) return;
    const count = this.ids.length;
    this.ranked = [
      ...this.scored(fitted, COMMON, "import"),
      ...this.scored(fitted, COMMON + count, "export"),
    ].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    const [top] = this.ranked;
    const { alike } = this;
    const who = top.score > 1 ? top.id : "";
    alike.days = who === "" ? 0 : who === alike.who ? alike.days + 1 : 1;
    alike.who = who;
    const still = this.standsOut && top.score > FIT_SCORE_KEPT;
    this.standsOut = still || alike.days >= FIT_DAYS_ALIKE;
    this.judgeConstant(fitted);
  }

  private judgeConstant({ coefficients, errors }: Fitted): void {
    const { alike } = this;
    this.constantWh = Math.round(coefficients[0] * 1000);
    // Errors that change with the load leave a constant too: by chance, so with the root of their number.
    const share = (2 * this.terms.classPermille) / PERMILLE / Math.sqrt(this.ids.length);
    const limit = share * (this.flowKwh / this.slots);
    const out = Math.abs(coefficients[0]) > limit + FIT_ERRORS * errors[0];
    alike.constantDays = out ? alike.constantDays + 1 : 0;
    this.constantOut = alike.constantDays >= FIT_DAYS_ALIKE;
  }

  private scored(fitted: Fitted, first: number, register: "import" | "export"): Suspect[] {
    const { classPermille, lossPermille } = this.terms;
    // Two meters at the two ends of their class; and lines that are not alike, beyond the squares.
    const limit = 2 * classPermille + lossPermille / 4;
    const ids = this.ids;
    const of = (array: Float64Array) => ids.map((_, i) => array[first + i] * PERMILLE);
    const coefficients = of(fitted.coefficients);
    const errors = of(fitted.errors);
    // Who hardly uses a register says nothing about what is common.
    const known = coefficients.filter((_, i) => errors[i] < limit);
    const common = known.length >= 3 ? median(known) : 0;
    return ids.map((id, i): Suspect => {
      const distance = coefficients[i] - common;
      return {
        id,
        register,
        permille: Math.round(distance),
        errorPermille: Math.round(errors[i]),
        score: Math.abs(distance) / (limit + FIT_ERRORS * errors[i]),
      };
    });
  }
}

function kwh(mwh: bigint): number {
  return Number(mwh) / 1e6;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
