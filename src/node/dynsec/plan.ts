// SPDX-License-Identifier: Apache-2.0
/**
 * The commands that bring a Mosquitto's accounts and roles from what they are to what they should be. Pure.
 * In between nobody ever has more than before or after: a role is made before it is given, and deleted after
 * it is taken. A client whose account or role changes is disconnected by the plugin.
 */
import {
  type Account,
  type AclRule,
  DEFAULTS,
  type DynsecState,
  gatewayRole,
  markOf,
} from "./state.ts";

/** One command of the plugin: its name, and what belongs to it. */
export type Command = { command: string } & Record<string, unknown>;

export interface PlanOptions {
  area: string;
  /** The account that the gateway itself has. */
  gateway: string;
  accounts: readonly Account[];
}

export interface Plan {
  commands: Command[];
  /** Accounts that somebody else made: they stay as they are. */
  foreign: string[];
}

export function planOf(is: DynsecState, should: DynsecState, options: PlanOptions): Plan {
  const { area, gateway, accounts } = options;
  const commands: Command[] = [];
  const foreign: string[] = [];
  const made = new Set<string>();
  const makeRole = (rolename: string) => {
    const [held, acls] = [is.roles.get(rolename), should.roles.get(rolename)!];
    if (made.has(rolename) || (held && sameRules(held, acls))) return;
    made.add(rolename);
    commands.push({ command: held ? "modifyRole" : "createRole", rolename, acls });
  };
  if (!is.closed) commands.push({ command: "setDefaultACLAccess", acls: defaults() });
  // First, for without it the gateway says nothing to anybody; it cuts the gateway itself off for a moment.
  const own = { username: gateway, rolename: gatewayRole(area) };
  makeRole(own.rolename);
  if (!is.clients.get(gateway)?.roles.includes(own.rolename))
    commands.push({ command: "addClientRole", ...own });
  for (const [username, { ours }] of is.clients)
    if (ours && !should.clients.has(username)) commands.push({ command: "deleteClient", username });
  // Each takes the plugin some time: who loses something comes first.
  for (const account of accounts.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const { username } = account;
    const held = is.clients.get(username);
    if (held && !held.ours) {
      foreign.push(username);
      continue;
    }
    const { roles } = should.clients.get(username)!;
    for (const rolename of roles) makeRole(rolename);
    commands.push(...accountCommands(area, account, held, roles));
  }
  for (const rolename of is.roles.keys())
    if (!should.roles.has(rolename)) commands.push({ command: "deleteRole", rolename });
  return { commands, foreign };
}

function rankOf({ class: kind }: Account): number {
  return kind === "barred" ? 0 : kind === "guest" ? 1 : 2;
}

function accountCommands(
  area: string,
  { username, password, stamp }: Account,
  held: { stamp: string; roles: readonly string[] } | undefined,
  names: readonly string[],
): Command[] {
  const roles = names.map((rolename) => ({ rolename }));
  const secret = { password, textdescription: stamp };
  if (!held) {
    // Its name as client id: nobody with an account takes over another's connection.
    const made = { username, clientid: username, textname: markOf(area), ...secret, roles };
    return [{ command: "createClient", ...made }];
  }
  if (held.stamp !== stamp) return [{ command: "modifyClient", username, ...secret, roles }];
  return sameNames(held.roles, names) ? [] : [{ command: "modifyClient", username, roles }];
}

function defaults() {
  return Object.entries(DEFAULTS).map(([acltype, allow]) => ({ acltype, allow }));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** The plugin gives rules back in an order of its own. */
function sameRules(a: readonly AclRule[], b: readonly AclRule[]): boolean {
  const text = (rules: readonly AclRule[]) =>
    rules.map(({ acltype, topic, allow }) => `${acltype} ${allow} ${topic}`);
  return sameNames(text(a), text(b));
}
