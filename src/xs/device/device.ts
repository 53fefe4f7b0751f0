// SPDX-License-Identifier: Apache-2.0
/**
 * The device: provisioning always, and the node application once everything is set. Other settings start it
 * anew: on the chip by a restart, in the simulator by a new instance.
 */
import { BootGuard } from "#meter/health/boot-guard";
import type { Log } from "#meter/ports";
import type { Changed, WifiPort } from "#meter/provision/ports";
import { Provisioner } from "#meter/provision/provisioner";
import type { Console } from "#xs/device/console";
import { lineLog } from "#xs/device/log";
import type { Network } from "#xs/device/network";
import { RunningNode } from "#xs/device/node";
import type { DeviceParts } from "#xs/device/parts";
import { deviceTimer, uptimeMs, waker } from "#xs/device/timer";

/** An answer on the serial line has left by then, before the device starts again, ms. */
const RESTART_AFTER_MS = 500;

export class Device {
  readonly provisioner: Provisioner;
  readonly log: Log;
  /** Undefined until everything is set. */
  readonly running: RunningNode | undefined;
  private readonly parts: DeviceParts;
  private readonly console: Console | undefined;
  private readonly network: Network;
  private readonly guard: BootGuard;

  constructor(parts: DeviceParts) {
    this.parts = parts;
    this.console = parts.openConsole((bytes) => this.provisioner.onBytes(bytes));
    const lines = lineLog(parts.logLevel, uptimeMs, (line) => this.print(line));
    this.log = (level, event, facts) => {
      parts.onLog?.(level, event, facts);
      lines(level, event, facts);
    };
    this.log("info", "start", {
      firmware: parts.facts.version,
      board: parts.board,
      crypto: parts.crypto.name,
      reset: parts.system.resetReason,
    });
    this.guard = this.openGuard();
    this.provisioner = this.openProvisioner();
    this.network = parts.openNetwork({
      wifi: this.provisioner.link().wifi,
      onChange: () => this.networkChanged(),
    });
    const provisioned = this.provisioner.provisioned();
    if (provisioned) {
      // After repeated failures the node meters and does not trade (meter/health/boot-guard.ts).
      if (this.guard.safe) provisioned.node.policy = { ...provisioned.node.policy, trade: false };
      const restart = () => this.restart();
      this.running = new RunningNode(parts, this.network, provisioned, this.log, restart);
    } else this.log("warn", "not-provisioned", { missing: this.provisioner.missing().join(" ") });
    this.networkChanged();
    this.guard.start();
  }

  /** Ends everything without a word, as a power cut does. */
  close(): void {
    this.running?.close();
    this.network.close();
    this.console?.close();
  }

  private openGuard(): BootGuard {
    const { store, system, facts } = this.parts;
    return new BootGuard({
      store,
      timer: deviceTimer,
      log: this.log,
      reset: system.resetReason,
      image: facts.version,
      healthy: () => this.running?.healthy ?? true,
      restart: () => system.restart(),
    });
  }

  /** A restart that is wanted does not count as a failed start. */
  private restart(): void {
    this.guard.announce();
    this.parts.system.restart();
  }

  private openProvisioner(): Provisioner {
    const { facts, drivers, crypto, entropy, store, qr, wifi } = this.parts;
    // The network needs the settings that the provisioner reads, so it is there a moment later.
    const port: WifiPort = {
      tryNetwork: (ssid, passphrase, done) => this.network.wifi!.tryNetwork(ssid, passphrase, done),
      scan: (done) => this.network.wifi!.scan(done),
    };
    return new Provisioner(facts, drivers, {
      crypto,
      entropy,
      store,
      time: { uptimeMs, wakeAfter: waker(() => this.provisioner.onTimer()) },
      log: this.log,
      serial: { write: (bytes) => this.console?.write(bytes) },
      wifi: wifi ? port : undefined,
      changed: (what) => this.changed(what),
      waiting: () => this.running?.unreceipted ?? 0,
      ...(qr && { qr }),
    });
  }

  private networkChanged(): void {
    this.provisioner.onLink(this.network.up());
    this.running?.networkChanged();
  }

  private changed(what: Changed): void {
    this.log("info", "restart", { because: what });
    // A reset of the identity must not be followed by anything that the old one still says.
    if (what === "reset") this.running?.close();
    deviceTimer.after(RESTART_AFTER_MS, () => this.restart());
  }

  private print(line: string): void {
    const text = `${line}\r\n`;
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
    this.console?.write(bytes);
    this.parts.system.print?.(line);
  }
}
