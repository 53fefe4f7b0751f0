// SPDX-License-Identifier: Apache-2.0
/** A Mosquitto's accounts for as long as the gateway runs: the folder of logins, and what each node is by now. */
import { mkdirSync } from "node:fs";
import type { GatewayLog } from "#gateway/ports";
import { codeOf } from "../authority/error.ts";
import type { Standing } from "../broker/acl.ts";
import { type ControlBus, DynsecControl } from "./control.ts";
import { type Login, type LoginSource, loginKind, readLogins, secretsOf } from "./logins.ts";
import type { Account } from "./state.ts";

/** How often it is asked what each node is, ms: the shortest slot is a second. */
const REFRESH_MS = 500;

export interface KeeperOptions {
  /** The folder. */
  logins: string;
  source: LoginSource;
  /** The user name of the gateway at the broker. */
  gateway: string;
  bus: ControlBus;
  standing(nodeId: string): Standing;
  log: GatewayLog;
}

export class LoginKeeper {
  private readonly options: KeeperOptions;
  private readonly control: DynsecControl;
  /** Undefined until the folder was read: nobody loses an account by a disk that is away. */
  private held: readonly { login: Login; password: string; stamp: string }[] | undefined;
  private begun = false;
  private timer: NodeJS.Timeout | undefined;
  /** What keeps the folder from being read; said once. */
  private fault: string | undefined;

  constructor(options: KeeperOptions) {
    this.options = options;
    const { gateway, bus, log, source } = options;
    this.control = new DynsecControl({
      ...{ area: source.area, gateway, bus, log },
      accounts: () => this.accounts(),
      uptimeMs: () => performance.now(),
    });
  }

  /** From now on, when it is known what each node is. */
  begin(): void {
    this.begun = true;
    const { logins, log } = this.options;
    try {
      mkdirSync(logins, { recursive: true });
    } catch (error) {
      log("error", "logins-folder", { folder: logins, code: (this.fault = codeOf(error)) });
    }
    this.look();
    this.timer = setInterval(() => this.refresh(), REFRESH_MS).unref();
  }

  /** Reads the folder anew; where it cannot be read everybody keeps what he has. */
  look(): void {
    if (!this.begun) return;
    const { logins, source, log } = this.options;
    try {
      const before = new Map(this.held?.map((one) => [keyOf(one.login), one]));
      this.held = readLogins(logins).map(
        (login) => before.get(keyOf(login)) ?? { login, ...secretsOf(source, login) },
      );
      this.fault = undefined;
    } catch (error) {
      const code = codeOf(error);
      if (this.fault !== code) log("error", "logins-folder", { folder: logins, code });
      this.fault = code;
    }
    this.refresh();
  }

  close(): void {
    clearInterval(this.timer);
    this.begun = false;
  }

  private refresh(): void {
    if (this.held) this.control.refresh();
  }

  private accounts(): Account[] {
    return this.held!.map(({ login: { username }, password, stamp }) => {
      const kind = loginKind(username)!;
      const now = kind === "node" ? this.options.standing(username) : kind;
      return { username, class: now, password, stamp };
    });
  }
}

function keyOf({ username, number }: Login): string {
  return `${username} ${number}`;
}
