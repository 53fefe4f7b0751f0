// SPDX-License-Identifier: Apache-2.0
/** The dynamic security plugin as its documentation has it: commands, listings, and the judgement of rules. */
import type { Command } from "#node/dynsec/plan";
import type { AclRule, Listing } from "#node/dynsec/state";
import { topicMatches } from "#node/mqtt/topic-filter";

interface Client {
  clientid?: string;
  password?: string;
  textname?: string;
  textdescription?: string;
  roles: string[];
}

export class Plugin {
  readonly clients = new Map<string, Client>();
  readonly roles = new Map<string, AclRule[]>();
  defaults: Record<string, boolean> = {
    publishClientSend: false,
    publishClientReceive: true,
    subscribe: false,
    unsubscribe: true,
  };
  /** Who was cut off, in order. */
  kicked: string[] = [];

  constructor(gateway: string) {
    const acls = [{ acltype: "subscribePattern", topic: "#", allow: true }];
    this.roles.set("admin", acls);
    this.clients.set(gateway, { roles: ["admin"] });
  }

  /** An error's text, or undefined. */
  run({ command, ...what }: Command): string | undefined {
    const named = (what.roles as { rolename: string }[] | undefined)?.map((one) => one.rolename);
    const [username, rolename] = [String(what.username), String(what.rolename)];
    const client = this.clients.get(username);
    if (named?.some((name) => !this.roles.has(name))) return "Role not found";
    if (command === "setDefaultACLAccess")
      for (const { acltype, allow } of what.acls as AclRule[]) this.defaults[acltype] = allow;
    else if (command === "createRole") {
      if (this.roles.has(rolename)) return "Role already exists";
      this.roles.set(rolename, what.acls as AclRule[]);
    } else if (command === "modifyRole" || command === "deleteRole") {
      if (!this.roles.has(rolename)) return "Role not found";
      for (const [name, { roles }] of this.clients)
        if (roles.includes(rolename)) this.kicked.push(name);
      if (command === "modifyRole") this.roles.set(rolename, what.acls as AclRule[]);
      else {
        this.roles.delete(rolename);
        for (const one of this.clients.values())
          one.roles = one.roles.filter((name) => name !== rolename);
      }
    } else if (command === "createClient") {
      if (client) return "Client already exists";
      this.clients.set(username, { ...(what as object), roles: named ?? [] });
    } else if (!client) return "Client not found";
    else {
      this.kicked.push(username);
      if (command === "deleteClient") this.clients.delete(username);
      else if (command === "addClientRole") client.roles.push(rolename);
      else if (command === "modifyClient")
        Object.assign(client, what, { roles: named ?? client.roles });
      else return "Unknown command";
    }
    return undefined;
  }

  listing(): Listing {
    return {
      clients: [...this.clients].map(([username, { password: _, roles, ...texts }]) => ({
        ...{ username, ...texts },
        roles: roles.map((rolename) => ({ rolename })),
      })),
      // The plugin sorts rules by their kind.
      roles: [...this.roles].map(([rolename, acls]) => ({ rolename, acls: [...acls].reverse() })),
      defaults: Object.entries(this.defaults).map(([acltype, allow]) => ({ acltype, allow })),
    };
  }

  /** Whether `username` may do that with a topic, or with a filter that has no wildcards. */
  may(username: string, acltype: string, topic: string): boolean {
    const rules = this.clients.get(username)!.roles.flatMap((name) => this.roles.get(name)!);
    const match = rules.find((rule) => rule.acltype === acltype && topicMatches(rule.topic, topic));
    if (match) return match.allow;
    return this.defaults[acltype === "subscribePattern" ? "subscribe" : acltype];
  }
}
