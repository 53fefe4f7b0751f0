// SPDX-License-Identifier: Apache-2.0
/** What Improv and the console share: one device, its settings and identity, one way to join a network. */
import type { AuthorityStore } from "./authority.ts";
import type { Claim } from "./claim.ts";
import type { Identity } from "./identity.ts";
import type { DeviceFacts, ProvisionPorts, WifiNetwork } from "./ports.ts";
import type { SerialOut } from "./serial-out.ts";
import type { Board, Settings, SettingsStore } from "./settings.ts";

export interface ProvisionContext {
  readonly device: DeviceFacts;
  readonly board: Board;
  readonly ports: ProvisionPorts;
  readonly out: SerialOut;
  readonly store: SettingsStore;
  readonly authority: AuthorityStore;
  readonly identity: Identity;
  /** Undefined without an identity, or where the entropy source is stuck. */
  claim: Claim | undefined;
  /** One of ImprovState. */
  state(): number;
  /**
   * Tries a network and stores it where it works; `done` is called once, in time. False where another
   * attempt runs, or the board has no Wi-Fi; then `done` is not called.
   */
  join(wifi: Pick<Settings, "ssid" | "passphrase">, done: (connected: boolean) => void): boolean;
  /** Looks for networks; `done` is not called where a search runs already. */
  scan(done: (networks: readonly WifiNetwork[]) => void): void;
}
