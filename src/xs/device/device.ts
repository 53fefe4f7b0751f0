// SPDX-License-Identifier: Apache-2.0
/**
 * The device: provisioning always, and the node application once everything is set. Other settings start it
 * anew: on the chip by a restart, in the simulator by a new instance.
 */
import type { Crypto, Entropy } from "#core/crypto/port";
import { BootGuard, type BootPorts } from "#meter/health/boot-guard";
import type { LampState } from "#meter/health/lamp";
import type { ResetReason } from "#meter/health/reset-reason";
import type { KeyValueStore, Log, LogLevel } from "#meter/ports";
import type { Changed, ProvisionPorts, WifiNetwork, WifiPort } from "#meter/provision/ports";
import { Provisioner } from "#meter/provision/provisioner";
import type { Console } from "#xs/device/console";
import { asciiBytes, LOG_RANK, logLine } from "#xs/device/log";
import type { Network } from "#xs/device/network";
import { RunningNode } from "#xs/device/node";
import type { DeviceParts } from "#xs/device/parts";
import { deviceTimer, uptimeMs, waker } from "#xs/device/timer";

/**
 * Silence on the serial line after which other settings start the device again, ms: whoever sets it up with
 * several commands is through, and has the answers.
 */
const RESTART_AFTER_MS = 1000;

/** As RunningNode it is itself the port of its parts, and none of closures. */
export class Device implements BootPorts, ProvisionPorts, WifiPort {
  readonly provisioner: Provisioner;
  readonly log: Log;
  readonly timer = deviceTimer;
  readonly uptimeMs = uptimeMs;
  readonly wakeAfter = waker(() => this.provisioner.onTimer());
  /** Undefined until everything is set. */
  readonly running: RunningNode | undefined;
  private readonly parts: DeviceParts;
  private readonly console: Console | undefined;
  private readonly network: Network;
  private readonly guard: BootGuard;
  /** A restart that is due; undefined: none. */
  private cancelRestart: (() => void) | undefined;

  constructor(parts: DeviceParts) {
    this.parts = parts;
    this.console = parts.openConsole((bytes) => {
      if (this.cancelRestart) this.restartSoon();
      this.provisioner.onBytes(bytes);
    });
    this.log = (level, event, facts) => this.note(level, event, facts);
    this.log("info", "start", {
      firmware: parts.facts.version,
      board: parts.board,
      crypto: parts.crypto.name,
      reset: parts.system.resetReason,
    });
    this.guard = new BootGuard(this);
    this.provisioner = new Provisioner(parts.facts, parts.drivers, this);
    // It needs the settings that the provisioner reads.
    this.network = parts.openNetwork({
      wifi: this.provisioner.link().wifi,
      onChange: () => this.networkChanged(),
    });
    const provisioned = this.provisioner.provisioned();
    if (provisioned) {
      // What all others say is checked by those with more memory (docs/firmware.md).
      provisioned.node.policy = { ...provisioned.node.policy, follow: "own" };
      // After repeated failures the node meters and does not trade (meter/health/boot-guard.ts).
      if (this.guard.safe) provisioned.node.policy = { ...provisioned.node.policy, trade: false };
      const restart = () => this.restart();
      this.running = new RunningNode(
        parts,
        this.network,
        provisioned,
        this.log,
        this.guard,
        restart,
        () => this.provisioner.onClaimed(),
        (place, flights) => {
          this.provisioner.moveTo(place, flights);
          this.restart();
        },
      );
    } else {
      this.log("warn", "not-provisioned", { missing: this.provisioner.missing().join(" ") });
      // Only a node that is set up takes an update. An image that finds it otherwise, for want of the driver
      // that is set, was made for another meter: the bootloader goes back at the next start.
      if (parts.slots?.bootState === "trial") this.restartSoon();
    }
    this.networkChanged();
    this.guard.start();
  }

  /** The first thing that is missing, for a lamp. */
  get lampState(): LampState {
    const { running, guard } = this;
    if (!running) return "not-set";
    if (!running.node) return "no-meter";
    return guard.safe && running.linkState === "online" ? "safe" : running.linkState;
  }

  /** Ends everything without a word, as a power cut does. */
  close(): void {
    this.cancelRestart?.();
    this.running?.close();
    this.network.close();
    this.console?.close();
  }

  get crypto(): Crypto {
    return this.parts.crypto;
  }

  get entropy(): Entropy {
    return this.parts.entropy;
  }

  get store(): KeyValueStore {
    return this.parts.store;
  }

  get reset(): ResetReason {
    return this.parts.system.resetReason;
  }

  get image(): string {
    return this.parts.facts.version;
  }

  get qr(): DeviceParts["qr"] {
    return this.parts.qr;
  }

  get time(): ProvisionPorts["time"] {
    return this;
  }

  get serial(): ProvisionPorts["serial"] {
    return this;
  }

  get wifi(): WifiPort | undefined {
    return this.parts.wifi ? this : undefined;
  }

  healthy(): boolean {
    return this.running?.healthy ?? true;
  }

  /** Messages without a receipt. */
  waiting(): number {
    return this.running?.unreceipted ?? 0;
  }

  /** To whoever is at the serial line. */
  write(bytes: Uint8Array): void {
    this.console?.write(bytes);
  }

  tryNetwork(ssid: string, passphrase: string, done: (connected: boolean) => void): () => void {
    return this.network.wifi!.tryNetwork(ssid, passphrase, done);
  }

  scan(done: (networks: readonly WifiNetwork[]) => void): void {
    this.network.wifi!.scan(done);
  }

  /** One that is wanted does not count as a failed start. */
  restart(): void {
    this.guard.announce();
    this.parts.system.restart();
  }

  private networkChanged(): void {
    this.provisioner.onLink(this.network.up());
    this.running?.networkChanged();
  }

  /** Settings, or the identity. */
  changed(what: Changed): void {
    this.log("info", "restart", { because: what });
    // A reset of the identity must not be followed by anything that the old one still says.
    if (what === "reset") this.running?.close();
    this.restartSoon();
  }

  private restartSoon(): void {
    this.cancelRestart?.();
    this.cancelRestart = deviceTimer.after(RESTART_AFTER_MS, () => {
      // An attempt to join a network ends by itself, and is answered.
      if (this.provisioner.joining) this.restartSoon();
      else this.restart();
    });
  }

  private note(level: LogLevel, event: string, facts?: Record<string, string | number>): void {
    const { logLevel, onLog, system } = this.parts;
    onLog?.(level, event, facts);
    if (LOG_RANK[level] < LOG_RANK[logLevel]) return;
    const line = logLine(level, event, facts, uptimeMs());
    this.write(asciiBytes(`${line}\r\n`));
    system.print?.(line);
  }
}
