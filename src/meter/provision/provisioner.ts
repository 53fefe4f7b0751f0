// SPDX-License-Identifier: Apache-2.0
/**
 * A node's provisioning on its serial line: bytes in, bytes out, everything else by ports. Construct it before
 * anything else reads the store: it carries out a reset that was planned, and makes the identity of a device
 * that has none. It is there for as long as the device runs.
 */
import { IMPROV_GAP_MS } from "#core/limits-device";
import type { NodeConfig } from "../config.ts";
import { AuthorityStore } from "./authority.ts";
import { type Claim, openClaim, spendClaim } from "./claim.ts";
import { LineBuffer, parseCommand } from "./console.ts";
import { ConsoleCommands } from "./console-commands.ts";
import type { ProvisionContext } from "./context.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { ImprovDecoder, type ImprovSink, ImprovState } from "./improv.ts";
import { ImprovService } from "./improv-service.ts";
import type { DeviceFacts, ProvisionPorts, WifiNetwork } from "./ports.ts";
import { finishReset, resetSettings } from "./reset.ts";
import { SerialOut } from "./serial-out.ts";
import {
  type Board,
  type LinkSettings,
  linkOf,
  type MeterSettings,
  meterOf,
  missingOf,
  nodeConfigOf,
  roamingOf,
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
  roaming: { place: number; next: number; flights: number };
}

/** It is what Improv and the console share; outside of this folder only what has no such comment is used. */
export class Provisioner implements ProvisionContext, ImprovSink {
  readonly identity: Identity;
  /** Shared. */
  readonly device: DeviceFacts;
  readonly board: Board;
  readonly ports: ProvisionPorts;
  readonly out: SerialOut;
  readonly store: SettingsStore;
  readonly authority: AuthorityStore;
  claim: Claim | undefined;
  private readonly wifi: WifiTry | undefined;
  private readonly decoder: ImprovDecoder;
  private readonly lines = new LineBuffer();
  private readonly improv: ImprovService;
  private readonly commands: ConsoleCommands;
  private linkUp = false;
  private lastByteMs = 0;

  /** `drivers`: the metering drivers that the board has, with their calibration values. */
  constructor(device: DeviceFacts, drivers: Board["drivers"], ports: ProvisionPorts) {
    this.device = device;
    this.board = { wifi: ports.wifi !== undefined, drivers };
    this.ports = ports;
    finishReset(ports);
    const identity = openIdentity(ports);
    this.identity = identity;
    this.wifi = ports.wifi && new WifiTry(ports.wifi);
    this.out = new SerialOut(ports.serial);
    this.store = new SettingsStore(ports.store, ports.log);
    this.authority = new AuthorityStore(ports.store, ports.log);
    if (identity.ok)
      this.claim = openClaim(ports.store, ports.crypto, ports.entropy, identity.generation);
    this.improv = new ImprovService(this);
    this.commands = new ConsoleCommands(this);
    this.decoder = new ImprovDecoder(this);
  }

  /** What the device starts with, or undefined while something is missing (see `missing`). */
  provisioned(): Provisioned | undefined {
    const { identity, board, store, authority } = this;
    const missing = missingOf(store.settings, board, authority.certificate);
    if (!identity.ok || missing.length > 0) return undefined;
    return {
      node: nodeConfigOf(store.settings, missing, identity.secretKey, this.claimCode()),
      link: linkOf(store.settings, authority.certificate),
      meter: meterOf(store.settings, board),
      roaming: roamingOf(store.settings),
    };
  }

  private claimCode(): string {
    const { claim } = this;
    return claim && !claim.claimed ? claim.code : "";
  }

  /** Names of what is not set yet, `identity` where the node has none. */
  missing(): string[] {
    const { board, store, authority } = this;
    const missing = missingOf(store.settings, board, authority.certificate);
    return this.identity.ok ? missing : ["identity", ...missing];
  }

  /** A network is being tried. */
  get joining(): boolean {
    return this.wifi?.busy ?? false;
  }

  /** The stored network, also of a node that is not provisioned any further. */
  link(): LinkSettings {
    return linkOf(this.store.settings, this.authority.certificate);
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
    const { identity } = this;
    if (identity.ok) this.claim = spendClaim(this.ports.store, identity.generation);
  }

  /** The node starts at this one of its gateways from now on. */
  moveTo(place: number, flights: number): void {
    this.store.save({ ...this.store.settings, place, flights });
  }

  /** As `wattle reset settings --yes`: for a button that was held. */
  resetSettings(): void {
    resetSettings(this);
    this.ports.changed("reset");
  }

  /** Shared. */
  state(): number {
    if (this.wifi?.busy) return ImprovState.provisioning;
    return this.linkUp ? ImprovState.provisioned : ImprovState.authorized;
  }

  /** Shared. */
  join(wifi: Pick<Settings, "ssid" | "passphrase">, done: (connected: boolean) => void): boolean {
    if (!this.wifi || this.wifi.busy || !wifi.ssid) return false;
    const { store } = this;
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

  /** Shared. */
  scan(done: (networks: readonly WifiNetwork[]) => void): void {
    // A radio cannot search while it joins.
    if (!this.wifi || this.wifi.busy) return done([]);
    this.wifi.scan(this.nowMs(), done);
    this.plan();
  }

  /** Improv's state, where somebody listens who speaks it: in a terminal it is rubbish. */
  private tell(state: number): void {
    if (this.improv.heard) this.out.state(state);
  }

  /** Of the line, as the two below. */
  text(byte: number): void {
    const line = this.lines.push(byte);
    const command = line && parseCommand(line);
    if (command) this.commands.run(command);
  }

  packet(type: number, data: Uint8Array): void {
    this.improv.packet(type, data);
  }

  fault(): void {
    this.improv.fault();
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
