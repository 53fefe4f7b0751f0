// SPDX-License-Identifier: Apache-2.0
/**
 * From readings to stretches of time that every meter of the area has read at both ends. Registers
 * are cumulative: where a reading is missing, the stretch goes on to the next boundary at which all
 * have read, so that silence hides nothing.
 */
import { POINTS_KEPT } from "./terms.ts";

/** Registers at a boundary. */
export interface Point {
  boundary: number;
  importMwh: bigint;
  exportMwh: bigint;
}

export interface Flow {
  id: string;
  importMwh: bigint;
  exportMwh: bigint;
}

/** What flowed between two boundaries. */
export interface Span {
  from: number;
  to: number;
  feeder: Flow;
  /** In ascending order of ids. */
  members: Flow[];
}

interface Track {
  points: Point[];
  /** The registers at the start of the present stretch. */
  base: Point | undefined;
}

export class Spans {
  private readonly feeder: string;
  private readonly goneSlots: number;
  private readonly tracks = new Map<string, Track>();
  private from: number | undefined;
  /** Members that are left out, as they have not read for long. */
  readonly gone = new Set<string>();

  constructor(feeder: string, goneSlots: number) {
    this.feeder = feeder;
    this.goneSlots = goneSlots;
  }

  /** An accepted reading. A member counts from its first one on. */
  take(id: string, { boundary, importMwh, exportMwh }: Point): void {
    let track = this.tracks.get(id);
    if (!track) this.tracks.set(id, (track = { points: [], base: undefined }));
    track.points.push({ boundary, importMwh, exportMwh });
    if (track.points.length > POINTS_KEPT) track.points.shift();
  }

  /** At the close of a slot: the stretch that ends with it, or undefined where none can be judged. */
  close(slot: number): Span | undefined {
    const now = this.pointsAt(slot + 1);
    if (!now) return undefined;
    const span = this.spanTo(slot + 1, now);
    this.rebase(slot + 1, now);
    return span;
  }

  /** What `close` would say, without closing. */
  peek(slot: number): Span | undefined {
    const now = this.pointsAt(slot + 1);
    return now && this.spanTo(slot + 1, now);
  }

  private pointsAt(to: number): Map<string, Point> | undefined {
    // Slots close in order; a log that an audit reads may say otherwise.
    if (this.from !== undefined && to <= this.from) return undefined;
    const now = new Map<string, Point>();
    for (const [id, { points }] of this.tracks) {
      const point = points.find(({ boundary }) => boundary === to);
      const last = points[points.length - 1].boundary;
      if (point) now.set(id, point);
      else if (id === this.feeder || last >= to - this.goneSlots) return undefined;
    }
    return now.has(this.feeder) ? now : undefined;
  }

  private spanTo(to: number, now: ReadonlyMap<string, Point>): Span | undefined {
    if (this.from === undefined) return undefined;
    const members: Flow[] = [];
    let feeder: Flow | undefined;
    for (const [id, point] of now) {
      const base = this.tracks.get(id)!.base;
      if (!base) return undefined; // it was not there at the start
      const importMwh = point.importMwh - base.importMwh;
      const exportMwh = point.exportMwh - base.exportMwh;
      if (id === this.feeder) feeder = { id, importMwh, exportMwh };
      else members.push({ id, importMwh, exportMwh });
    }
    if (!feeder || members.length === 0) return undefined;
    members.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { from: this.from, to, feeder, members };
  }

  private rebase(to: number, now: ReadonlyMap<string, Point>): void {
    this.from = to;
    this.gone.clear();
    for (const [id, track] of this.tracks) {
      track.base = now.get(id);
      if (!track.base) this.gone.add(id);
    }
  }
}
