// SPDX-License-Identifier: Apache-2.0
/**
 * UTC from what time servers, the gateway and the meter chip say, over an uptime that only drifts.
 *
 * A source says an interval: UTC − uptime is `offsetMs` ± `errorMs`, which widens by the drift. What is
 * kept is an interval too: one source that overlaps it narrows it, one that does not changes nothing, and two
 * that agree with each other move it. So one lying source can take the time away (the error covers what it
 * says, unless two others stand against it), but cannot set a clock that runs.
 *
 * Nothing is stored: after a start the time is unknown until a source speaks.
 */
import { NOTICE_DELAY_MAX_MS } from "#core/limits";
import {
  TIME_DRIFT_PPM,
  TIME_EARLIEST_MS,
  TIME_HOLDOVER_MAX_MS,
  TIME_SLEW_PPM,
  TIME_STEP_MS,
} from "#core/limits-device";
import type { Log, UtcTime } from "../ports.ts";
import { qualityOf, UNKNOWN_TIME } from "./quality.ts";

/** `sntp`: a time server. `gateway`: live notices. `meter`: the chip's own clock (a DSMR telegram). */
export type TimeSource = "sntp" | "gateway" | "meter";

/** What a source said: at uptime `uptimeMs` it was `utcMs`, give or take `errorMs`. */
export interface TimeFix {
  utcMs: number;
  uptimeMs: number;
  errorMs: number;
}

/** UTC − uptime, as it was known at uptime `atMs`. */
interface Span {
  offsetMs: number;
  errorMs: number;
  atMs: number;
}

export interface KeeperPorts {
  /** Milliseconds since the start; never goes back. */
  uptimeMs(): number;
  /** The clock was set, forward or back: it said `beforeMs` and says `afterMs` at the same instant. */
  onStep(beforeMs: number, afterMs: number): void;
  log: Log;
}

export class TimeKeeper {
  private readonly ports: KeeperPorts;
  /** The newest word of each source. */
  private readonly said = new Map<TimeSource, Span>();
  private kept: Span | undefined;
  /** Two sources have agreed on it: it is a witness by itself until it has drifted away. */
  private agreed = false;
  /** Where the slew towards `kept` began: the offset shown at uptime `atMs`, in µs: it moves 0.5 µs in a ms. */
  private shownFrom = { offsetUs: 0, atMs: 0 };

  constructor(ports: KeeperPorts) {
    this.ports = ports;
  }

  /** The time of day now. It never goes back but in a step. */
  utc(): UtcTime {
    const nowMs = this.ports.uptimeMs();
    const { kept } = this;
    if (!kept) return UNKNOWN_TIME;
    const offsetMs = Math.floor(this.shownUs(kept, nowMs) / 1000);
    const slewingMs = Math.abs(kept.offsetMs - offsetMs);
    const errorMs = Math.max(errorAt(kept, nowMs) + slewingMs, this.disputedMs(kept, nowMs));
    const quality = qualityOf(errorMs);
    return quality === UNKNOWN_TIME.quality
      ? UNKNOWN_TIME
      : { utcMs: nowMs + offsetMs, quality, errorMs };
  }

  /** A live notice: the gateway wrote `realMs` at most NOTICE_DELAY_MAX_MS ago. */
  gatewayTime(realMs: number): void {
    const halfMs = NOTICE_DELAY_MAX_MS / 2;
    const uptimeMs = this.ports.uptimeMs();
    this.offer("gateway", { utcMs: realMs + halfMs, uptimeMs, errorMs: halfMs });
  }

  /** Takes what a source says; nonsense is refused. */
  offer(source: TimeSource, fix: TimeFix): void {
    const { log } = this.ports;
    const nowMs = this.ports.uptimeMs();
    if (!plausible(fix, nowMs)) {
      log("warn", "time-refused", { source, utcMs: fix.utcMs, errorMs: fix.errorMs });
      return;
    }
    const { utcMs, uptimeMs, errorMs } = fix;
    const span: Span = { offsetMs: utcMs - uptimeMs, errorMs, atMs: uptimeMs };
    this.said.set(source, span);
    const known = this.kept && errorAt(this.kept, nowMs) <= TIME_HOLDOVER_MAX_MS;
    if (known) this.correct(this.kept!, source, span, nowMs);
    else this.begin(source, span, nowMs);
  }

  /** There is no clock to step from. Two that contradict each other leave the time unknown. */
  private begin(source: TimeSource, span: Span, nowMs: number): void {
    const witness = this.witnessOf(source, span, nowMs, () => true);
    this.agreed = witness !== undefined;
    if (witness) this.moveTo(overlap(span, witness, nowMs)!, nowMs, true);
    else if (!this.contradicted(source, span, nowMs)) this.moveTo(span, nowMs, true);
  }

  private correct(kept: Span, source: TimeSource, span: Span, nowMs: number): void {
    const common = overlap(kept, span, nowMs);
    // One that agrees with the kept time is no witness against it, however wide its error has grown.
    const sameSide = (said: Span) => (overlap(kept, said, nowMs) !== undefined) === !!common;
    const witness = this.witnessOf(source, span, nowMs, sameSide);
    if (witness) {
      this.agreed = true;
      const both = overlap(span, witness, nowMs)!;
      // Three intervals that overlap in pairs have something in common.
      this.moveTo(common ? overlap(common, both, nowMs)! : both, nowMs, true);
    } else if (common) {
      this.moveTo(common, nowMs, false);
    } else {
      const byMs = span.offsetMs - kept.offsetMs;
      this.ports.log("warn", "time-disputed", { source, byMs });
    }
  }

  /** The most exact other source that agrees with `span`, of those that may be asked. */
  private witnessOf(
    source: TimeSource,
    span: Span,
    nowMs: number,
    may: (said: Span) => boolean,
  ): Span | undefined {
    let best: Span | undefined;
    for (const [other, said] of this.said) {
      if (other === source || !fresh(said, nowMs) || !overlap(span, said, nowMs)) continue;
      if (may(said) && (!best || errorAt(said, nowMs) < errorAt(best, nowMs))) best = said;
    }
    return best;
  }

  private contradicted(source: TimeSource, span: Span, nowMs: number): boolean {
    for (const [other, said] of this.said)
      if (other !== source && fresh(said, nowMs) && !overlap(span, said, nowMs)) return true;
    return false;
  }

  /** How far away the truth can be by the sources against the kept time; 0 where those for it are more. */
  private disputedMs(kept: Span, nowMs: number): number {
    let supporters = this.agreed ? 1 : 0;
    let opponents = 0;
    let farMs = 0;
    for (const said of this.said.values()) {
      if (!fresh(said, nowMs)) continue;
      if (overlap(kept, said, nowMs)) supporters++;
      else {
        opponents++;
        farMs = Math.max(farMs, Math.abs(said.offsetMs - kept.offsetMs) + errorAt(said, nowMs));
      }
    }
    return opponents >= supporters ? farMs : 0;
  }

  private moveTo(span: Span, nowMs: number, mayStep: boolean): void {
    const { kept } = this;
    const beforeUs = kept ? this.shownUs(kept, nowMs) : span.offsetMs * 1000;
    const beforeMs = Math.floor(beforeUs / 1000);
    const byMs = span.offsetMs - beforeMs;
    const step = mayStep && Math.abs(byMs) > TIME_STEP_MS;
    this.kept = span;
    this.shownFrom = { offsetUs: step ? span.offsetMs * 1000 : beforeUs, atMs: nowMs };
    if (!step) return;
    this.ports.log("warn", "time-step", { byMs });
    this.ports.onStep(nowMs + beforeMs, nowMs + span.offsetMs);
  }

  /** The offset on its way from where the slew began to where it should be, µs. */
  private shownUs(kept: Span, nowMs: number): number {
    const { offsetUs, atMs } = this.shownFrom;
    const mostUs = Math.floor(((nowMs - atMs) * TIME_SLEW_PPM) / 1000);
    const wayUs = kept.offsetMs * 1000 - offsetUs;
    return offsetUs + Math.max(-mostUs, Math.min(mostUs, wayUs));
  }
}

function plausible({ utcMs, uptimeMs, errorMs }: TimeFix, nowMs: number): boolean {
  return (
    Number.isSafeInteger(utcMs) &&
    utcMs >= TIME_EARLIEST_MS &&
    uptimeMs >= 0 &&
    uptimeMs <= nowMs &&
    errorMs >= 0 &&
    errorMs <= TIME_HOLDOVER_MAX_MS
  );
}

function errorAt(span: Span, nowMs: number): number {
  return span.errorMs + Math.ceil((Math.max(0, nowMs - span.atMs) * TIME_DRIFT_PPM) / 1e6);
}

/** Whether what a source said still says something. */
function fresh(span: Span, nowMs: number): boolean {
  return errorAt(span, nowMs) <= TIME_HOLDOVER_MAX_MS;
}

/** What two spans have in common at uptime `nowMs`, or undefined. */
function overlap(a: Span, b: Span, nowMs: number): Span | undefined {
  const aErrorMs = errorAt(a, nowMs);
  const bErrorMs = errorAt(b, nowMs);
  const fromMs = Math.max(a.offsetMs - aErrorMs, b.offsetMs - bErrorMs);
  const toMs = Math.min(a.offsetMs + aErrorMs, b.offsetMs + bErrorMs);
  if (fromMs > toMs) return undefined;
  const offsetMs = Math.floor((fromMs + toMs) / 2);
  return { offsetMs, errorMs: toMs - offsetMs, atMs: nowMs };
}
