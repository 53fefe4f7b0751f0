// SPDX-License-Identifier: Apache-2.0
/**
 * An updater on XS whose slots keep nothing, so that what memory it takes is its own. Events: 1 the
 * announcement, 2 a chunk, 3 the next moment that something is due. Posts: 1 a request.
 */
import { fetchRecord } from "#core/records/release";
import { TimeQuality } from "#core/units/time";
import { hostCrypto, type XsGlobal } from "#host-sim/fleet/xs-crypto";
import { Updater } from "#meter/update/updater";

declare const host: XsGlobal;

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runFetch(): void {
  const entries = new Map<string, Uint8Array>();
  let written: Uint8Array = new Uint8Array(0);
  let writtenAt = 0;
  let uptimeMs = 0;
  const updater = new Updater(
    { board: "xs", releaseKey: hostCrypto.publicKey(new Uint8Array(32).fill(7)) },
    {
      crypto: hostCrypto,
      entropy: { bytes: (length) => new Uint8Array(length).fill(100) },
      store: {
        get: (key) => entries.get(key),
        set: (key, value) => void entries.set(key, value),
        delete: (key) => void entries.delete(key),
        keys: () => [],
      },
      time: {
        uptimeMs: () => uptimeMs,
        utc: () => ({ utcMs: 0, quality: TimeQuality.unknown, errorMs: 0 }),
      },
      log: () => {},
      slots: {
        slot: 0,
        running: { major: 1, minor: 0, patch: 0 },
        bootState: "valid",
        idleBytes: 16 * 1024 * 1024,
        erase: () => true,
        write(offset, bytes) {
          written = bytes;
          writtenAt = offset;
          return true;
        },
        read: (offset, length) => written.subarray(offset - writtenAt, offset - writtenAt + length),
        digest: () => new Uint8Array(32),
        activate: () => true,
        confirm: () => true,
        rollback: () => true,
      },
      source: {
        request: (release, offset, chunks) =>
          host.post(1, fetchRecord.encode({ release, offset, chunks })),
      },
      health: { network: () => true, meter: () => true },
      mayRestart: () => true,
      restart: () => {},
      changed: () => {},
    },
  );
  host.onEvent = (kind, payload) => {
    const bytes = new Uint8Array(payload);
    if (kind === 1) {
      updater.onAnnounced(bytes);
      updater.onOpen();
    } else if (kind === 2) updater.onChunk(bytes);
    else {
      uptimeMs += updater.delayMs() ?? 0;
      updater.onTimer();
    }
  };
}
