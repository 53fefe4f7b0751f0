// SPDX-License-Identifier: Apache-2.0
/**
 * Who may publish and subscribe what in one area (docs/protocol.md section 7). Pure. Who a client is
 * was settled when it connected (authenticate.ts); whether a node is a member is asked each time.
 *
 * The rights of each class are in rights.ts. The gateway publishes in process and is not asked. A
 * subscription may be narrower than its rule (down/receipt, chain/head) and never wider.
 */
import { assert } from "#core/errors/assert";
import { covered, RIGHTS } from "./rights.ts";

/** Why something is denied: counted and logged under this code. */
export type AclReason =
  | "READ_ONLY_CLIENT"
  | "OUTSIDE_AREA"
  | "NOT_ALLOWED"
  | "RETAIN_NOT_ALLOWED"
  | "TOPIC_TOO_LONG"
  | "NOT_ENROLLED"
  | "BARRED";

export type ClientClass = "node" | "gateway" | "operator" | "outsider";

/** A connected client, as far as rights go. */
export interface Identity {
  /** The client id; of a node or gateway its id. */
  readonly client: string;
  readonly class: ClientClass;
}

/**
 * What a node is to the area just now: `guest` without a valid certificate, `barred` with one that
 * was revoked or has expired.
 */
export type Standing = "member" | "guest" | "barred";

export interface Acl {
  /** Whether a client of this id may connect at all. */
  knows(clientId: string): boolean;
  /** Undefined where `who` may publish to `topic`, also as its last will; else the reason. */
  publish(who: Identity, topic: string, retain: boolean): AclReason | undefined;
  /** Undefined where `who` may subscribe to `filter`; else the reason. */
  subscribe(who: Identity, filter: string): AclReason | undefined;
  /** Whether a message on `topic`, which `who` has subscribed, goes out to it now. */
  hears(who: Identity, topic: string): boolean;
  /** Whether the broker may keep a session for `who` while it is away. */
  keeps(who: Identity): boolean;
}

/** A node's id: 16 bytes in lower-case hex. */
const NODE_ID = /^[0-9a-f]{32}$/;
const PERSON_ID = /^(monitor|operator)-[0-9A-Za-z._-]{1,64}$/;
/** A longer topic than any of the protocol's with a 64-character id and a 40-character area. */
const TOPIC_LENGTH_MAX = 256;
export const isNodeClient = (clientId: string): boolean => NODE_ID.test(clientId);

const REASON = { guest: "NOT_ENROLLED", barred: "BARRED" } as const;

/** Whether a publish was denied for what its node is just now, not for where it went. */
export function isStanding(reason: AclReason): boolean {
  return reason === REASON.guest || reason === REASON.barred;
}

/**
 * The rules of `area`, which is one topic level: assertion `ACL_AREA`. `here`: id (hex) of the gateway whose
 * broker this is; without it no other gateway has anything to say.
 */
export function areaAcl(
  area: string,
  standing: (nodeId: string) => Standing = () => "member",
  here?: string,
): Acl {
  assert(area.length > 0 && !/[/+#\0]/.test(area), "ACL_AREA", area);
  const root = `wattle/1/${area}/`;

  /** The levels below the area's root, or why there are none. */
  const levelsOf = (topic: string): string[] | AclReason => {
    if (topic.length > TOPIC_LENGTH_MAX) return "TOPIC_TOO_LONG";
    return topic.startsWith(root) ? topic.slice(root.length).split("/") : "OUTSIDE_AREA";
  };

  return {
    knows: (clientId) => NODE_ID.test(clientId) || PERSON_ID.test(clientId),

    publish({ client, class: kind }, topic, retain) {
      if (kind !== "node" && kind !== "gateway") return "READ_ONLY_CLIENT";
      const levels = levelsOf(topic);
      if (typeof levels === "string") return levels;
      if (kind === "gateway") {
        if (!covered(levels, RIGHTS.gateway.publishes, client, here)) return "NOT_ALLOWED";
        return retain && levels[3] !== "readers" ? "RETAIN_NOT_ALLOWED" : undefined;
      }
      if (!covered(levels, RIGHTS.member.publishes, client)) return "NOT_ALLOWED";
      // A retained message outlives its sender, and under up/+ there is room for any number.
      if (retain && levels[2] !== "state") return "RETAIN_NOT_ALLOWED";
      const now = standing(client);
      if (now === "member") return undefined;
      return covered(levels, RIGHTS[now].publishes, client) ? undefined : REASON[now];
    },

    subscribe({ client, class: kind }, filter) {
      const levels = levelsOf(filter);
      if (typeof levels === "string") return levels;
      // What a node may subscribe does not hang on its standing.
      const { subscribes } = RIGHTS[kind === "node" ? "member" : kind];
      return covered(levels, subscribes, client) ? undefined : "NOT_ALLOWED";
    },

    hears({ client, class: kind }, topic) {
      const now = kind === "node" ? standing(client) : kind;
      if (kind !== "node" || now === "member") return true;
      const levels = levelsOf(topic);
      return typeof levels !== "string" && covered(levels, RIGHTS[now].hears, client);
    },

    keeps: ({ client, class: kind }) => kind === "node" && standing(client) === "member",
  };
}
