// SPDX-License-Identifier: Apache-2.0
/**
 * Accounts and roles at a Mosquitto with its dynamic security plugin: what an area needs there, from the same
 * table as the embedded broker's rules, and what the plugin says that it has. Pure.
 *
 * Debian's Mosquitto 2.0 knows no %c in the plugin's rules, so that topics of one node need a role of its own:
 *
 *   wattle/<area>/<class>             what all of a class may do
 *   wattle/<area>/node/<id>/<class>   what only this node may, as one of that class
 *   wattle/<area>/gateway             everything of the area
 */
import { TOPIC_ROOT } from "#core/topics";
import { OWN, RIGHTS, type RightsClass } from "../broker/rights.ts";

/** Of one client: user name and client id are the same. */
export interface Account {
  readonly username: string;
  readonly class: RightsClass;
  /** Changes with the password, and does not give it away. */
  readonly stamp: string;
  readonly password: string;
}

/** As the plugin's commands have it. */
export interface AclRule {
  acltype: string;
  topic: string;
  allow: boolean;
}

export interface HeldClient {
  /** Ours: made for this area. */
  ours: boolean;
  stamp: string;
  roles: readonly string[];
}

/** What is, or should be, at the broker. */
export interface DynsecState {
  /** Whether what no rule speaks of is refused. */
  closed: boolean;
  clients: ReadonlyMap<string, HeldClient>;
  /** Rules by role, of this area only. */
  roles: ReadonlyMap<string, readonly AclRule[]>;
}

/** What the plugin does where no rule of a role matches; a client may always unsubscribe. */
export const DEFAULTS: Readonly<Record<string, boolean>> = {
  publishClientSend: false,
  publishClientReceive: false,
  subscribe: false,
  unsubscribe: true,
};

/** Begins the name of each role of the area, and is the text name of each account. */
export const markOf = (area: string): string => `wattle/${area}`;
export const gatewayRole = (area: string): string => `${markOf(area)}/gateway`;

/** The roles of an account, each with its rules. */
export function rolesOf(area: string, { username, class: kind }: Account): Map<string, AclRule[]> {
  const roles = new Map([[`${markOf(area)}/${kind}`, rulesOf(area, kind, undefined)]]);
  const own = rulesOf(area, kind, username);
  if (own.length > 0) roles.set(`${markOf(area)}/node/${username}/${kind}`, own);
  return roles;
}

/** What the area of the gateway with these accounts needs. */
export function wanted(area: string, accounts: readonly Account[]): DynsecState {
  const all = `${TOPIC_ROOT}/${area}/#`;
  const everything = ["publishClientSend", "publishClientReceive", "subscribePattern"];
  const roles = new Map<string, readonly AclRule[]>();
  roles.set(
    gatewayRole(area),
    everything.map((acltype) => ({ acltype, topic: all, allow: true })),
  );
  const clients = new Map<string, HeldClient>();
  for (const account of accounts) {
    const own = rolesOf(area, account);
    for (const [name, rules] of own) roles.set(name, rules);
    const { username, stamp } = account;
    clients.set(username, { ours: true, stamp, roles: [...own.keys()] });
  }
  return { closed: true, clients, roles };
}

/** Of a class: with `own` the rules on this client's topics, without it those on all others. */
function rulesOf(area: string, kind: RightsClass, own: string | undefined): AclRule[] {
  const { publishes, subscribes, hears } = RIGHTS[kind];
  const rules = (acltype: string, topics: readonly string[]): AclRule[] =>
    topics
      .filter((topic) => topic.includes(OWN) === (own !== undefined))
      .map((topic) => {
        const levels = own === undefined ? topic : topic.replace(OWN, own);
        return { acltype, topic: `${TOPIC_ROOT}/${area}/${levels}`, allow: true };
      });
  return [
    ...rules("publishClientSend", publishes),
    ...rules("publishClientReceive", hears),
    ...rules("subscribePattern", subscribes),
  ];
}

/** What the plugin says that it has, as its listings give it. */
export interface Listing {
  clients: {
    username: string;
    textname?: string;
    textdescription?: string;
    roles?: { rolename: string }[];
  }[];
  roles: { rolename: string; acls?: AclRule[] }[];
  defaults: { acltype: string; allow: boolean }[];
}

export function listed(area: string, { clients, roles, defaults }: Listing): DynsecState {
  const mark = markOf(area);
  const ours = roles.filter(({ rolename }) => rolename.startsWith(`${mark}/`));
  return {
    closed: defaults.every(({ acltype, allow }) => DEFAULTS[acltype] === allow),
    clients: new Map(
      clients.map(({ username, textname, textdescription = "", roles: held = [] }) => [
        username,
        {
          ours: textname === mark,
          stamp: textdescription,
          roles: held.map(({ rolename }) => rolename),
        },
      ]),
    ),
    roles: new Map(ours.map(({ rolename, acls = [] }) => [rolename, acls])),
  };
}
