// SPDX-License-Identifier: Apache-2.0
/**
 * Firmware for the nodes of an area. The gateway only carries it: it announces the newest release for each
 * kind of board, and hands out pieces of images to members that ask. Nothing of this is in the log.
 */

import { toHex } from "#core/codec/bytes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { RELEASES_MAX } from "#core/limits";
import {
  chunkRecord,
  compareVersions,
  type Fetch,
  formatVersion,
  openRelease,
  type Release,
} from "#core/records/release";
import { nothingRetained } from "#core/topics";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { Session } from "../session.ts";
import { FetchRate } from "./rate.ts";

interface Held {
  release: Release;
  id: string;
  signed: Uint8Array;
}

export class Updates {
  /** Bytes of images that went out since this process started. */
  servedBytes = 0;
  private readonly area: Area;
  private readonly rate: FetchRate;
  /** Everything that is held, by id; and what is announced, by board. */
  private held = new Map<string, Held>();
  private announced = new Map<string, Held>();

  constructor(area: Area) {
    this.area = area;
    this.rate = new FetchRate(area.ports.time.nowMs());
  }

  /** The newest version held for each kind of board. */
  versions(): Map<string, string> {
    const versions = new Map<string, string>();
    for (const [board, { release }] of this.announced)
      versions.set(board, formatVersion(release.firmware));
    return versions;
  }

  /** Looks again at what is held, and announces what has changed. */
  refresh(batch: Batch): void {
    const { ports, topics } = this.area;
    const before = this.announced;
    this.held = new Map();
    this.announced = new Map();
    for (const signed of ports.shelf?.releases() ?? []) this.hold(signed);
    for (const [board, { id, signed, release }] of this.announced) {
      if (before.get(board)?.id === id) continue;
      const version = formatVersion(release.firmware);
      ports.log("info", "release-announced", { board, version, release: id });
      batch.send(topics.update(board), signed, true);
    }
    for (const board of before.keys()) {
      if (this.announced.has(board)) continue;
      ports.log("info", "release-withdrawn", { board });
      batch.send(topics.update(board), nothingRetained(), true);
    }
  }

  private hold(signed: Uint8Array): void {
    const { crypto, log } = this.area.ports;
    const opened = openRelease(crypto, undefined, signed);
    if (!opened.ok) return log("warn", "release-unreadable", { code: opened.code });
    if (this.held.size >= RELEASES_MAX) return log("warn", "releases-full", { held: RELEASES_MAX });
    const { value: release } = opened;
    const held: Held = { release, id: toHex(opened.id), signed };
    this.held.set(held.id, held);
    const newest = this.announced.get(release.board)?.release.firmware;
    if (!newest || compareVersions(release.firmware, newest) > 0)
      this.announced.set(release.board, held);
  }

  /** Answers a member's request for a piece of an image. */
  serve(batch: Batch, session: Session, asked: Fetch): Verdict {
    const { area } = this;
    const { chunks, offset } = asked;
    const held = this.held.get(toHex(asked.release));
    const chunkBytes = held?.release.chunkBytes ?? 0;
    if (!this.rate.allow(session.id, chunks * chunkBytes, area.ports.time.nowMs()))
      return refuse("UPDATE_RATE", `offset ${offset}`);
    const answer = (at: number, bytes: Uint8Array) => {
      this.servedBytes += bytes.length;
      const chunk = chunkRecord.encode({ release: asked.release, offset: at, bytes });
      batch.send(area.topics.down(session.id, "update"), chunk);
    };
    if (!held) {
      answer(offset, new Uint8Array(0));
      return refuse("UPDATE_GONE", toHex(asked.release));
    }
    const { sha256, sizeBytes } = held.release;
    if (offset % chunkBytes !== 0 || offset >= sizeBytes)
      return refuse("FIELD_RANGE", `offset ${offset} of ${sizeBytes}`);
    for (let i = 0, at = offset; i < chunks && at < sizeBytes; i++, at += chunkBytes) {
      const length = Math.min(chunkBytes, sizeBytes - at);
      const bytes = area.ports.shelf?.read(toHex(sha256), at, length);
      // Taken away just now, and not looked at again yet: not to be remembered as gone.
      if (bytes?.length !== length)
        return refuse("UPDATE_GONE", formatVersion(held.release.firmware));
      answer(at, bytes);
    }
    return ACCEPT;
  }
}
