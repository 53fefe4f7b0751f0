// SPDX-License-Identifier: Apache-2.0
/**
 * A node's provisioning on its serial line: bytes in, bytes out, everything else by ports. Construct it before
 * anything else reads the store: it carries out a reset that was planned, and makes the identity of a device
 * that has none. It is there for as long as the device runs.
 */
import { IMPROV_GAP_MS } from "#core/limits";
import type { NodeConfig } from "../config.ts";
import { openClaim, spendClaim } from "./claim.ts";
import { LineBuffer, parseCommand } from "./console.ts";
import { ConsoleCommands } from "./console-commands.ts";
import type { ProvisionContext } from "./context.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { ImprovDecoder, ImprovState } from "./improv.ts";
import { ImprovService } from "./improv-service.ts";
import type { DeviceFacts, ProvisionPorts, WifiNetwork } from "./ports.ts";
import { finishReset } from "./reset.ts";
import { SerialOut } from "./serial-out.ts";
import {
  type Board,
  type LinkSettings,
  linkOf,
  type MeterSettings,
  meterOf,
  missingOf,
  nodeConfigOf,
  type Settings,
  SettingsStore,
  textOf,
} from "./settings.ts";
import { WifiTry } from "./wifi-try.ts";

/** What a provisioned device starts with. */
export interface Provisioned {
  node: NodeConfig;
  link: LinkSettings;
  meter: MeterSettings;
}

export class Provisioner {
  readonly identity: Identity;
  private readonly ports: ProvisionPorts;
  private readonly context: ProvisionContext;
  private readonly wifi: WifiTry | undefined;
  private readonly decoder: ImprovDecoder;
  private readonly lines = new LineBuffer();
  private readonly improv: ImprovService;
  private readonly commands: ConsoleCommands;
  private linkUp = false;
  private lastByteMs = 0;

  /** `drivers`: the metering drivers that the board has, with their calibration values. */
  constructor(device: DeviceFacts, drivers: Board["drivers"], ports: ProvisionPorts) {
    this.ports = ports;
    finishReset(ports);
    this.identity = openIdentity(ports);
    this.wifi = ports.wifi && new WifiTry(ports.wifi);
    const { identity } = this;
    this.context = {
      device,
      board: { wifi: ports.wifi !== undefined, drivers },
      ports,
      out: new SerialOut((bytes) => ports.serial.write(bytes)),
      store: new SettingsStore(ports.store, ports.log),
      identity,
      claim: identity.ok
        ? openClaim(ports.store, ports.crypto, ports.entropy, identity.generation)
        : undefined,
      state: () => this.state(),
      join: (wifi, done) => this.join(wifi, done),
      scan: (done) => this.scan(done),
    };
    this.improv = new ImprovService(this.context);
    this.commands = new ConsoleCommands(this.context);
    this.decoder = new ImprovDecoder({
      text: (byte) => this.onText(byte),
      packet: (type, data) => this.improv.packet(type, data),
      fault: () => this.improv.fault(),
    });
  }

  /** What the device starts with, or undefined while something is missing (see `missing`). */
  provisioned(): Provisioned | undefined {
    const { identity } = this;
    const { board, store } = this.context;
    if (!identity.ok || missingOf(store.settings, board).length > 0) return undefined;
    return {
      node: nodeConfigOf(store.settings, board, identity.secretKey),
      link: linkOf(store.settings),
      meter: meterOf(store.settings, board),
    };
  }

  /** Names of what is not set yet, `identity` where the node has none. */
  missing(): string[] {
    const { board, store } = this.context;
    const missing = missingOf(store.settings, board);
    return this.identity.ok ? missing : ["identity", ...missing];
  }

  /** The stored network, also of a node that is not provisioned any further. */
  link(): LinkSettings {
    return linkOf(this.context.store.settings);
  }

  /** Bytes from the serial line, in pieces of any size. */
  onBytes(bytes: Uint8Array): void {
    const nowMs = this.nowMs();
    if (nowMs - this.lastByteMs > IMPROV_GAP_MS) this.decoder.idle();
    this.lastByteMs = nowMs;
    for (let i = 0; i < bytes.length; i++) this.decoder.push(bytes[i]);
  }

  onTimer(): void {
    this.plan();
  }

  /** The network of the settings has an address now, or has lost it. */
  onLink(up: boolean): void {
    const before = this.state();
    this.linkUp = up;
    const state = this.state();
    if (state !== before) this.tell(state);
  }

  /** The gateway knows the owner: the claim code is spent, until `wattle claim new`. */
  onClaimed(): void {
    const { context, identity } = this;
    if (identity.ok) context.claim = spendClaim(this.ports.store, identity.generation);
  }

  private state(): number {
    if (this.wifi?.busy) return ImprovState.provisioning;
    return this.linkUp ? ImprovState.provisioned : ImprovState.authorized;
  }

  private join(
    wifi: Pick<Settings, "ssid" | "passphrase">,
    done: (connected: boolean) => void,
  ): boolean {
    if (!this.wifi || this.wifi.busy || !wifi.ssid) return false;
    const { store } = this.context;
    const { log } = this.ports;
    this.tell(ImprovState.provisioning);
    log("info", "wifi-try");
    this.wifi.start(this.nowMs(), textOf(wifi.ssid), textOf(wifi.passphrase), (connected) => {
      log(connected ? "info" : "warn", connected ? "wifi-joined" : "wifi-failed");
      this.linkUp = connected;
      if (connected) {
        // Stored only now: a mistyped passphrase must not take the place of one that works.
        store.save({ ...store.settings, ...wifi });
        this.tell(this.state());
      }
      done(connected);
      if (connected) this.ports.changed("network");
      else this.tell(this.state());
    });
    this.plan();
    return true;
  }

  private scan(done: (networks: readonly WifiNetwork[]) => void): void {
    // A radio cannot search while it joins.
    if (!this.wifi || this.wifi.busy) return done([]);
    this.wifi.scan(this.nowMs(), done);
    this.plan();
  }

  /** Improv's state, where somebody listens who speaks it: in a terminal it is rubbish. */
  private tell(state: number): void {
    if (this.improv.heard) this.context.out.state(state);
  }

  private onText(byte: number): void {
    const line = this.lines.push(byte);
    const command = line && parseCommand(line);
    if (command) this.commands.run(command);
  }

  /** Ends what has run out of time, and asks to be called at the next limit. */
  private plan(): void {
    const delayMs = this.wifi?.check(this.nowMs());
    if (delayMs !== undefined) this.ports.time.wakeAfter(delayMs);
  }

  private nowMs(): number {
    return this.ports.time.uptimeMs();
  }
}
