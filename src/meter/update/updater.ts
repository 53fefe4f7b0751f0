// SPDX-License-Identifier: Apache-2.0
/**
 * Firmware updates of a node, from the announcement of a release to its confirmation.
 *
 *   idle ─► fetching ─► verifying ─► ready ─► (restart) trial ─► confirmed
 *               └───────────┴──────────┴─► failed ◄─┘ rolled back
 *
 * At every moment there is an image that starts: the running slot is never written, the boot slot changes
 * only after the hash of the whole image was right, and a new image has one start to prove itself. What a
 * reset may find half done is in the stored progress, or is seen by the bootloader.
 */

import { bytesEqual } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { type Code, codeOfWire, WIRE } from "#core/errors/codes";
import { UPDATE_TRIES_MAX } from "#core/limits-device";
import {
  chunkRecord,
  compareVersions,
  type FirmwareVersion,
  formatVersion,
  openRelease,
  type Release,
} from "#core/records/release";
import { isNothing } from "#core/topics";
import { DAY_MS, isoTime, MINUTE_MS, SECOND_MS, TimeQuality } from "#core/units/time";
import { fullJitter } from "../time/backoff.ts";
import { Fetcher } from "./fetcher.ts";
import { objection } from "./policy.ts";
import type { UpdateConfig, UpdatePorts } from "./ports.ts";
import { loadProgress, type Progress, saveProgress } from "./progress.ts";
import { pauseAfter, recover } from "./recover.ts";
import { TRIAL_MS, Trial } from "./trial.ts";

export type UpdateState =
  | "idle"
  | "fetching"
  | "verifying"
  | "ready"
  | "trial"
  | "confirmed"
  | "failed";

/** All boards hear of a release at once: each begins at a moment of its own. */
const BEGIN_SPREAD_MS = MINUTE_MS;
/** Likewise where they come back together. */
const RESUME_SPREAD_MS = 10 * SECOND_MS;
/** Between the beginnings of two images: a source that changes its mind all day costs no flash. */
const BEGIN_GAP_MS = 10 * MINUTE_MS;
const QUIET_POLL_MS = 5 * SECOND_MS;
/** A restart loses nothing that was said: a board that is never quiet restarts all the same. */
const QUIET_WAIT_MS = DAY_MS;

export class Updater {
  state: UpdateState = "idle";
  /** Why the last release was refused or did not stay; kept while it is tried again. */
  code: Code | undefined;
  /** Version of the release that `state` is about. */
  private about: FirmwareVersion | undefined;
  private readonly config: UpdateConfig;
  private readonly ports: UpdatePorts;
  private readonly progress: Progress;
  private readonly trial: Trial | undefined;
  private fetcher: Fetcher | undefined;
  /** The latest announcement, as it came. */
  private announced: Uint8Array | undefined;
  private open = false;
  /** The board restarts: nothing may be done any more. */
  private over = false;
  private dueMs = 0;
  private beganMs: number | undefined;
  private readySinceMs = 0;

  /** Looks at what the last start left behind; does not call `ports.changed`. */
  constructor(config: UpdateConfig, ports: UpdatePorts) {
    this.config = config;
    this.ports = ports;
    const { slots, store, time, log } = ports;
    const { progress, onTrial, failed, changed } = recover(loadProgress(store), slots);
    this.progress = progress;
    if (changed) this.save();
    // A note that was torn at the first start of a board would be missing as the way back of every update.
    if (slots.bootState === "unknown" && !onTrial) slots.confirm();
    if (onTrial) {
      this.state = "trial";
      this.about = progress.job?.version ?? slots.running;
      this.trial = new Trial(ports, config.trialMs ?? TRIAL_MS, () => this.stores());
    } else if (failed) {
      this.state = "failed";
      this.code = failed.code;
      this.about = failed.version;
      this.dueMs = time.uptimeMs() + failed.pauseMs;
      log("warn", "update-failed", {
        code: failed.code ?? "",
        version: formatVersion(failed.version),
      });
    }
  }

  /** Facts for the retained state of the node; empty ones are left out. */
  facts(): Record<string, string> {
    const { about, state, trial } = this;
    const facts: Record<string, string> = { firmware: formatVersion(this.ports.slots.running) };
    if (state === "trial" && trial) facts.update = `on trial ${this.deadline(trial.leftMs())}`;
    else if (state === "confirmed") facts.update = "confirmed";
    else if (state !== "idle" && about) facts.update = `${state} ${formatVersion(about)}`;
    if (this.code) facts.updateCode = this.code;
    return facts;
  }

  private deadline(leftMs: number): string {
    const { utcMs, quality } = this.ports.time.utc();
    if (quality === TimeQuality.unknown) return `for ${Math.ceil(leftMs / MINUTE_MS)} minutes`;
    return `until ${isoTime(utcMs + leftMs)}`;
  }

  /** The gateway has admitted this node on a connection. */
  onOpen(): void {
    this.open = true;
    if (this.state === "fetching") this.connect();
  }

  onClosed(): void {
    this.open = false;
    this.fetcher?.close();
  }

  /** The retained announcement for this kind of board; empty: there is none any more. */
  onAnnounced(payload: Uint8Array): void {
    if (this.over) return;
    this.announced = isNothing(payload) ? undefined : payload;
    // On trial the idle slot holds the image to go back to.
    if (this.state === "trial") return;
    if (this.announced) this.consider(this.announced);
    else if (this.fetcher) this.forget(undefined);
  }

  /** `except`: the release that is known to be gone. */
  private consider(encoded: Uint8Array, except?: Uint8Array): void {
    const { crypto, slots } = this.ports;
    const { board, releaseKey } = this.config;
    const unchecked = openRelease(crypto, undefined, encoded);
    if (!unchecked.ok) return this.refuse(unchecked.code, unchecked.detail);
    if (except && bytesEqual(unchecked.id, except)) return;
    const { firmware } = unchecked.value;
    const known = this.fetcher;
    if (known && compareVersions(firmware, known.release.firmware) <= 0) return;
    if (unchecked.value.board === board && compareVersions(firmware, slots.running) === 0) return;
    const { highest, bad } = this.progress;
    const { running, idleBytes } = slots;
    const installed = { board, running, highest, bad: bad?.version, idleBytes };
    const code = objection(unchecked.value, installed);
    if (code) return this.refuse(code, formatVersion(firmware));
    const opened = openRelease(crypto, releaseKey, encoded);
    if (opened.ok) this.adopt(opened);
    else this.refuse(opened.code, opened.detail);
  }

  private refuse(code: Code, detail: string): void {
    this.ports.log("warn", "release-refused", { code, detail });
    // How it failed says more; and what is in hand is not touched by it.
    if (code === "RELEASE_BAD" || this.fetcher || this.code === code) return;
    this.code = code;
    this.ports.changed();
  }

  /** A release that may be installed: goes on with what of it is in the slot already. */
  private adopt({ id, value: release }: Signed<Release>): void {
    const { progress } = this;
    let { job } = progress;
    if (!job || !bytesEqual(job.release, id)) {
      const fresh = { offset: 0, tries: 0, trials: 0, onTrial: 0, slot: 0, starts: 0 };
      job = { release: id, version: release.firmware, ...fresh };
      progress.job = job;
      this.save();
      const nowMs = this.ports.time.uptimeMs();
      this.dueMs =
        this.beganMs === undefined ? nowMs : Math.max(nowMs, this.beganMs + BEGIN_GAP_MS);
      this.beganMs = this.dueMs;
      this.code = undefined;
    }
    this.fetcher = new Fetcher(this.ports, id, release, job.offset);
    this.about = release.firmware;
    this.begin();
  }

  /** Goes on with the release in hand, at `dueMs` or later. */
  private begin(): void {
    this.become(this.fetcher!.whole ? "verifying" : "fetching", this.code);
    if (this.state === "fetching" && this.open) this.connect();
  }

  private connect(): void {
    const { entropy, time } = this.ports;
    const fetcher = this.fetcher!;
    const spreadMs = fullJitter(entropy, fetcher.offset === 0 ? BEGIN_SPREAD_MS : RESUME_SPREAD_MS);
    fetcher.open(Math.max(spreadMs, this.dueMs - time.uptimeMs()));
  }

  /** There is nothing to do for the release in hand; what is in the slot is kept. */
  private forget(code: Code | undefined): void {
    this.fetcher = undefined;
    this.become("idle", code);
  }

  /** A piece of the image, or that there is none. */
  onChunk(payload: Uint8Array): void {
    const { fetcher } = this;
    const { job } = this.progress;
    if (this.over || this.state !== "fetching" || !fetcher || !job) return;
    const decoded = chunkRecord.decode(payload);
    if (!decoded.ok) return this.ports.log("warn", "chunk-refused", { code: decoded.code });
    const taken = fetcher.take(decoded.value);
    if (taken === "gone") {
      this.forget("UPDATE_GONE");
      // Another one may have been announced in its place, which was older and waited.
      if (this.announced) this.consider(this.announced, fetcher.id);
      return;
    }
    if (taken === "flash") return this.attemptFailed("UPDATE_FLASH");
    if (taken !== "sector" && taken !== "whole") return;
    job.offset = fetcher.offset;
    this.save();
    if (taken !== "whole") return;
    // Reading the whole slot takes a while: not within the handling of a message.
    this.dueMs = this.ports.time.uptimeMs();
    this.become("verifying", this.code);
  }

  onTimer(): void {
    if (this.over) return;
    if (this.state === "trial") return this.tryOut();
    if (this.state === "fetching") return this.fetcher?.onTimer();
    if (this.delayMs() !== 0) return;
    if (this.state === "verifying") this.verify();
    else if (this.state === "ready") this.activate();
    else if (this.state === "failed") this.begin();
  }

  /** Real time until `onTimer` has something to do, or undefined. */
  delayMs(): number | undefined {
    const { state } = this;
    if (this.over) return undefined;
    if (state === "trial") return this.verdict() ? 0 : this.trial?.delayMs();
    if (state === "fetching") return this.fetcher?.delayMs();
    if (state === "idle" || state === "confirmed" || !this.fetcher) return undefined;
    return Math.max(0, this.dueMs - this.ports.time.uptimeMs());
  }

  private verify(): void {
    const { release } = this.fetcher!;
    const { slots, time } = this.ports;
    if (bytesEqual(slots.digest(release.sizeBytes), release.sha256)) {
      this.readySinceMs = time.uptimeMs();
      this.become("ready", this.code);
      return;
    }
    // Without its first sector no bootloader starts it, whatever else happens; before it is counted, so
    // that a cut in between leaves nothing that could start.
    slots.erase(0);
    this.progress.job!.offset = 0;
    this.fetcher!.offset = 0;
    this.attemptFailed("UPDATE_HASH");
  }

  private attemptFailed(code: Code): void {
    const fetcher = this.fetcher!;
    const job = this.progress.job!;
    fetcher.backToSector();
    fetcher.close();
    job.offset = fetcher.offset;
    job.tries++;
    this.dueMs = this.ports.time.uptimeMs() + pauseAfter(job.tries);
    if (job.tries >= UPDATE_TRIES_MAX) this.condemn(job.version, code);
    this.save();
    this.become("failed", code);
  }

  /** This release is not tried again; a newer one may come. */
  private condemn(version: FirmwareVersion, code: Code): void {
    this.progress.bad = { version, code: WIRE[code] };
    this.progress.job = undefined;
    this.fetcher = undefined;
  }

  private activate(): void {
    const { slots, time, log } = this.ports;
    const job = this.progress.job!;
    const nowMs = time.uptimeMs();
    if (!this.ports.mayRestart() && nowMs - this.readySinceMs < QUIET_WAIT_MS) {
      this.dueMs = nowMs + QUIET_POLL_MS;
      return;
    }
    // Noted before the boot slot changes: whoever starts next knows that a trial was under way.
    job.trials++;
    job.onTrial = 1;
    job.slot = 1 - slots.slot;
    job.starts = 0;
    this.save();
    if (!slots.activate()) {
      this.condemn(job.version, "UPDATE_BOOT");
      this.save();
      this.become("failed", "UPDATE_BOOT");
      return;
    }
    log("info", "update-restart", { version: formatVersion(job.version), trial: job.trials });
    this.over = true;
    this.ports.restart();
  }

  /** Why the image on trial goes back whatever it does; undefined where it may prove itself. */
  private verdict(): Code | undefined {
    const { bad, job } = this.progress;
    if (job?.onTrial !== 1 || job.slot !== this.ports.slots.slot) return undefined;
    // It failed, and the power went before it was sent back; or it was started too often.
    if (bad && compareVersions(bad.version, job.version) === 0)
      return codeOfWire(bad.code) ?? "TRIAL_GATES";
    // Its release would be newer than it for ever, and be installed again and again.
    return compareVersions(job.version, this.ports.slots.running) === 0
      ? undefined
      : "UPDATE_VERSION";
  }

  private tryOut(): void {
    const { job } = this.progress;
    const { slots, log } = this.ports;
    const trial = this.trial!;
    const version = job?.onTrial === 1 && job.slot === slots.slot ? job.version : slots.running;
    const verdict = this.verdict();
    if (verdict) return this.rollBack(version, verdict);
    if (trial.look() && slots.confirm()) return this.confirmed();
    if (trial.leftMs() > 0) return;
    log("error", "trial-failed", { missing: trial.missing() });
    this.rollBack(version, "TRIAL_GATES");
  }

  private confirmed(): void {
    const { progress } = this;
    const { running } = this.ports.slots;
    if (compareVersions(running, progress.highest) > 0) progress.highest = running;
    if (progress.job?.onTrial === 1) progress.job = undefined;
    if (progress.bad && compareVersions(progress.bad.version, running) <= 0)
      progress.bad = undefined;
    this.save();
    this.become("confirmed", undefined);
    if (this.announced) this.consider(this.announced);
  }

  private rollBack(version: FirmwareVersion, code: Code): void {
    this.progress.bad = { version, code: WIRE[code] };
    this.save();
    this.become("failed", code);
    const { slots } = this.ports;
    this.over = slots.rollback();
    if (this.over) return;
    // Its notes name no image to go back to: a bootloader that knows of the trial still finds one.
    this.ports.log("error", "no-image-to-go-back-to", { code });
    this.over = slots.bootState === "trial";
    if (this.over) this.ports.restart();
  }

  private stores(): boolean {
    this.save();
    return loadProgress(this.ports.store)?.count === this.progress.count;
  }

  private save(): void {
    saveProgress(this.ports.store, this.progress);
  }

  private become(state: UpdateState, code: Code | undefined): void {
    if (this.state === state && this.code === code) return;
    this.state = state;
    this.code = code;
    this.ports.log("info", "update", { state, code: code ?? "" });
    this.ports.changed();
  }
}
