// SPDX-License-Identifier: Apache-2.0
/**
 * The firmware in the SDK's desktop simulator: the device application of src/xs on the computer's clock, files
 * and network, SimHome as its chip, and the panel (simulator/wattle.js) as its house.
 */
import type { EnergyMeter, KeyValueStore } from "#meter/ports";
import { openConsole } from "#platform/console";
import { deviceCrypto } from "#platform/crypto";
import { openEntropy } from "#platform/entropy";
import { openNetwork } from "#platform/network";
import { openStore } from "#platform/store";
import { openSystem } from "#platform/system";
import { openTimeServer } from "#platform/time";
import { openWitnessRegion } from "#platform/witness";
import { Device } from "#xs/device/device";
import { guarded } from "#xs/device/guard";
import { encodeQr } from "#xs/device/qr";
import { deviceTimer, uptimeMs } from "#xs/device/timer";
import { versionText } from "#xs/device/version";
import { Alarms, faceOf } from "./face.ts";
import { errorText, type PanelMessage, parsePanelMessage, stateText } from "./protocol.ts";
import { SimHome } from "./sim-home.ts";

/** The window that the simulator gives an app, as far as it is used here. */
interface Screen {
  onMessage?: (message: string) => void;
  postMessage(message: string): void;
}
declare const screen: Screen | undefined;

/** How often the panel is told, ms. */
const TELL_MS = 1000;
const CHIP_KEY = "chip";

class SimulatedMeter {
  private readonly store: KeyValueStore = openStore();
  private readonly home = new SimHome(uptimeMs);
  private alarms = new Alarms();
  private device: Device | undefined;

  constructor() {
    const kept = this.store.get(CHIP_KEY);
    if (kept) this.home.restore(String.fromCharCode(...kept));
    if (typeof screen !== "undefined")
      screen.onMessage = (message) => guarded(() => this.onMessage(String(message)));
    this.powerOn();
    this.tell();
  }

  private powerOn(): void {
    this.device = new Device({
      facts: { firmware: "Wattle", version: versionText(), chip: "simulator" },
      board: "sim",
      drivers: { sim: [] },
      wifi: false,
      crypto: deviceCrypto(),
      entropy: openEntropy(),
      store: this.store,
      system: openSystem(() => this.powerCut()),
      slots: undefined,
      witness: openWitnessRegion(this.store),
      releaseKey: undefined,
      logLevel: "info",
      onLog: (level, event, facts) => this.alarms.note(level, event, facts),
      qr: encodeQr,
      openConsole,
      openNetwork,
      openTimeServer,
      openMeter: () => ({ meter: this.meter(), close: () => {} }),
    });
  }

  /** What the chip has shown is kept before the node counts on it: a chip does not go back. */
  private meter(): EnergyMeter {
    const { home } = this;
    return {
      counters: home.counters,
      sample: (atMs) => {
        const sample = home.sample(atMs);
        this.keepChip();
        return sample;
      },
    };
  }

  /** Everything in memory is gone; the chip and the flash keep what they have. */
  private powerCut(): void {
    this.keepChip();
    this.device?.close();
    this.alarms = new Alarms();
    this.powerOn();
  }

  private onMessage(text: string): void {
    const parsed = parsePanelMessage(text);
    if (!parsed.ok) return this.say(errorText(parsed.reason));
    this.act(parsed.value);
    this.sayState();
  }

  private act(message: PanelMessage): void {
    if (message.kind === "set") this.home.set(message.set);
    else if (message.kind === "power-cut") this.powerCut();
    else if (message.kind === "clock-step") this.device?.running?.stepClock(message.byMs);
    else if (message.kind === "meter-fault") this.home.fail(message.fault, message.forMs);
  }

  private tell(): void {
    this.sayState();
    deviceTimer.after(TELL_MS, () => this.tell());
  }

  private sayState(): void {
    const running = this.device?.running;
    const node = running?.node;
    if (!running || !node) {
      const missing = this.device?.provisioner.missing().join(" ") ?? "";
      return this.say(errorText(`not provisioned: ${missing}`));
    }
    const { name } = running.config;
    const connected = running.session.online;
    const face = faceOf(node, { name, connected, alarms: this.alarms.texts });
    this.home.setRate(face.ratePermille > 0 ? face.ratePermille : 1000);
    this.say(stateText({ ...face, ...this.home.face(), update: "" }));
  }

  private say(text: string): void {
    if (typeof screen !== "undefined") screen.postMessage(text);
  }

  private keepChip(): void {
    const text = this.home.kept();
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    this.store.set(CHIP_KEY, bytes);
  }
}

export default function main(): void {
  guarded(() => new SimulatedMeter());
}
