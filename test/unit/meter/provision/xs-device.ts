// SPDX-License-Identifier: Apache-2.0
/**
 * A device that runs on XS and on V8 alike: what it says on its serial line has to be the same. An event of
 * kind 1 carries bytes from the line; kind 2 lets time pass; kind 3 ends an attempt to join a network.
 */
import type { Crypto } from "#core/crypto/port";
import { hostCrypto, type XsGlobal } from "#host-sim/fleet/xs-crypto";
import { Provisioner } from "#meter/provision/provisioner";

declare const host: XsGlobal;

/** `on` takes an event; `write` gets what the device says. */
export function startDevice(
  crypto: Crypto,
  write: (bytes: Uint8Array) => void,
): (kind: number, payload: Uint8Array) => void {
  const entries = new Map<string, Uint8Array>();
  let nowMs = 0;
  let random = 1;
  let joined: ((connected: boolean) => void) | undefined;
  const draw = () => (random = (random * 1103515245 + 12345) % 0x80000000) >> 16;
  const device = new Provisioner(
    { firmware: "Wattle", version: "0.1.0", chip: "xs" },
    { s0: [{ name: "pulses", min: 1, max: 100_000 }] },
    {
      crypto,
      entropy: { bytes: (length) => Uint8Array.from({ length }, () => draw() & 0xff) },
      store: {
        get: (key) => entries.get(key)?.slice(),
        set: (key, value) => void entries.set(key, value.slice()),
        delete: (key) => void entries.delete(key),
        keys: (prefix) => [...entries.keys()].filter((key) => key.indexOf(prefix) === 0),
      },
      time: { uptimeMs: () => nowMs, wakeAfter: () => {} },
      log: () => {},
      serial: { write },
      wifi: {
        tryNetwork: (_ssid, _passphrase, done) => {
          joined = done;
          return () => {};
        },
        scan: (done) => done([{ ssid: "Küche 🔌", rssi: -50, secured: true }]),
      },
      changed: () => {},
      qr: () => ({ size: 21, modules: new Uint8Array(441).fill(1, 0, 21) }),
    },
  );
  return (kind, payload) => {
    if (kind === 1) device.onBytes(payload);
    else if (kind === 2) {
      nowMs += 30_000;
      device.onTimer();
    } else joined?.(payload[0] === 1);
  };
}

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runOnXs(): void {
  const on = startDevice(hostCrypto, (bytes) => host.post(1, bytes));
  host.onEvent = (kind, payload) => on(kind, new Uint8Array(payload));
}
