// SPDX-License-Identifier: Apache-2.0
/** The firmware on the chip: the device application on the board's own parts. */
import config from "mc/config";
import { board } from "#board";
import { openConsole } from "#platform/console";
import { deviceCrypto } from "#platform/crypto";
import { openEntropy } from "#platform/entropy";
import { openNetwork } from "#platform/network";
import { openStore } from "#platform/store";
import { openSystem } from "#platform/system";
import { openWitnessRegion } from "#platform/witness";
import { openFront } from "#xs/chip/front";
import { CALIBRATION, chipStayedOn, openMeter } from "#xs/chip/meter";
import { openSlots } from "#xs/chip/slots";
import { Device } from "#xs/device/device";
import { guarded } from "#xs/device/guard";
import { encodeQr } from "#xs/device/qr";
import { timeServer } from "#xs/device/time-server";
import { versionText } from "#xs/device/version";

export default function main(): void {
  guarded(start);
}

function start(): void {
  const system = openSystem(() => {});
  const entropy = openEntropy();
  const store = openStore();
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const device = new Device({
    facts: { firmware: "Wattle", version: versionText(), chip: String(config.chip) },
    board: board.name,
    drivers: CALIBRATION,
    wifi: board.network === "wifi",
    crypto: deviceCrypto(),
    entropy,
    store,
    system,
    slots: openSlots(),
    witness: openWitnessRegion(store),
    releaseKey: text(config.releaseKey),
    logLevel: "info",
    qr: encodeQr,
    openConsole,
    openNetwork,
    openTimeServer: (host) => timeServer(host, entropy),
    openMeter: (settings, events) => openMeter(settings, events, chipStayedOn(system.resetReason)),
  });
  openFront(device);
}
