// SPDX-License-Identifier: Apache-2.0
/**
 * Who may publish and subscribe what in one area (docs/protocol.md section 7). Pure. Who a client is
 * was settled when it connected (authenticate.ts); whether a node is a member is asked each time.
 *
 *   class     publishes                          hears
 *   member    node/<id>/up/+, node/<id>/state    node/<id>/down/+,
 *                                                {dag,market,chain,epoch,update,trust,public}/#
 *   guest     node/<id>/up/{enrol,certificate}   node/<id>/down/+, {trust,public}/#
 *   barred    as a guest                         as a guest
 *   operator  nothing                            monitor/#, node/+/state, {trust,public}/#
 *   outsider  nothing                            monitor/gateway, {trust,public}/#
 *
 * All below wattle/1/<area>/. The gateway publishes in process and is not asked. A subscription may
 * be narrower than its rule (down/receipt, chain/head) and never wider. A guest may subscribe what
 * a member may, and hears the rest from the moment on that it is one: a node asks for all its
 * topics at once and gives a connection up where one of them is refused.
 */
import { assert } from "#core/errors/assert";

/** Why something is denied: counted and logged under this code. */
export type AclReason =
  | "READ_ONLY_CLIENT"
  | "OUTSIDE_AREA"
  | "NOT_ALLOWED"
  | "RETAIN_NOT_ALLOWED"
  | "TOPIC_TOO_LONG"
  | "NOT_ENROLLED"
  | "BARRED";

export type ClientClass = "node" | "operator" | "outsider";

/** A connected client, as far as rights go. */
export interface Identity {
  /** The client id; of a node its node id. */
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
/** What whoever is no member may say. */
const ENROLMENT: readonly string[] = ["enrol", "certificate"];
/** What everybody hears. */
const OPEN: readonly string[] = ["public", "trust"];
const BROADCASTS: readonly string[] = ["dag", "market", "chain", "epoch", "update", ...OPEN];

export const isNodeClient = (clientId: string): boolean => NODE_ID.test(clientId);

const REASON = { guest: "NOT_ENROLLED", barred: "BARRED" } as const;

/** Whether a publish was denied for what its node is just now, not for where it went. */
export function isStanding(reason: AclReason): boolean {
  return reason === REASON.guest || reason === REASON.barred;
}

/** The rules of `area`, which is one topic level: assertion `ACL_AREA`. */
export function areaAcl(
  area: string,
  standing: (nodeId: string) => Standing = () => "member",
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
      if (kind !== "node") return "READ_ONLY_CLIENT";
      const levels = levelsOf(topic);
      if (typeof levels === "string") return levels;
      const [node, id, channel, message] = levels;
      if (node !== "node" || id !== client) return "NOT_ALLOWED";
      const state = channel === "state" && levels.length === 3;
      if (!state && (channel !== "up" || levels.length !== 4)) return "NOT_ALLOWED";
      // A retained message outlives its sender, and under up/+ there is room for any number.
      if (!state && retain) return "RETAIN_NOT_ALLOWED";
      const now = standing(client);
      return now === "member" || ENROLMENT.includes(message) ? undefined : REASON[now];
    },

    subscribe({ client, class: kind }, filter) {
      const levels = levelsOf(filter);
      if (typeof levels === "string") return levels;
      const may = { node: nodeMay, operator: operatorMay, outsider: outsiderMay }[kind];
      return may(levels, client) ? undefined : "NOT_ALLOWED";
    },

    hears({ client, class: kind }, topic) {
      if (kind !== "node" || standing(client) === "member") return true;
      const levels = levelsOf(topic);
      if (typeof levels === "string") return false;
      return OPEN.includes(levels[0]) || isOwn(levels, client);
    },

    keeps: ({ client, class: kind }) => kind === "node" && standing(client) === "member",
  };
}

function nodeMay(levels: readonly string[], id: string): boolean {
  return BROADCASTS.includes(levels[0]) || isOwn(levels, id);
}

/** What goes down to the node `id`, and to no other. */
function isOwn([node, owner, channel, kind, ...more]: readonly string[], id: string): boolean {
  const down = node === "node" && owner === id && channel === "down";
  return down && kind !== undefined && kind !== "#" && more.length === 0;
}

function operatorMay(levels: readonly string[]): boolean {
  if (levels[0] === "monitor" || OPEN.includes(levels[0])) return true;
  // The middle level may be + or one node's id; "#" cannot stand there in a valid filter.
  return levels.length === 3 && levels[0] === "node" && levels[2] === "state";
}

/** Who the gateway is: a token has to be made for it, and a node set up for it. */
function outsiderMay(levels: readonly string[]): boolean {
  return OPEN.includes(levels[0]) || levels.join("/") === "monitor/gateway";
}
