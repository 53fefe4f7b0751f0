// SPDX-License-Identifier: Apache-2.0
/**
 * Who may publish and subscribe what in one area (docs/architecture.md section 4). Pure: the same
 * function decides in the embedded broker and writes the rules for an external one.
 *
 *   client            publishes                          subscribes
 *   <id>              node/<id>/up/+, node/<id>/state    node/<id>/down/+,
 *                                                        {dag,market,chain,epoch,update}/#
 *   monitor-<name>    nothing                            monitor/#, node/+/state
 *   anybody else      nothing                            nothing
 *
 * All below wattle/1/<area>/. The gateway publishes in process and is not asked. A subscription may
 * be narrower than its rule (down/receipt, chain/head) and never wider.
 */
import { assert } from "#core/errors/assert";

/** Why something is denied: counted and logged under this code. */
export type AclReason =
  | "UNKNOWN_CLIENT"
  | "READ_ONLY_CLIENT"
  | "OUTSIDE_AREA"
  | "NOT_ALLOWED"
  | "RETAIN_NOT_ALLOWED"
  | "TOPIC_TOO_LONG";

export interface Acl {
  /** Whether a client of this id may connect at all. */
  knows(clientId: string): boolean;
  /** Undefined where `clientId` may publish to `topic`, also as its last will; else the reason. */
  publish(clientId: string, topic: string, retain: boolean): AclReason | undefined;
  /** Undefined where `clientId` may subscribe to `filter`; else the reason. */
  subscribe(clientId: string, filter: string): AclReason | undefined;
}

/** A node's id: 16 bytes in lower-case hex. */
const NODE_ID = /^[0-9a-f]{32}$/;
const MONITOR_ID = /^monitor-[0-9A-Za-z._-]{1,64}$/;
/** A longer topic than any of the protocol's with a 64-character id and a 40-character area. */
const TOPIC_LENGTH_MAX = 256;
const BROADCASTS: readonly string[] = ["dag", "market", "chain", "epoch", "update"];

/** The rules of `area`, which is one topic level: assertion `ACL_AREA`. */
export function areaAcl(area: string): Acl {
  assert(area.length > 0 && !/[/+#\0]/.test(area), "ACL_AREA", area);
  const root = `wattle/1/${area}/`;

  /** The levels below the area's root, or why there are none. */
  const levelsOf = (topic: string): string[] | AclReason => {
    if (topic.length > TOPIC_LENGTH_MAX) return "TOPIC_TOO_LONG";
    return topic.startsWith(root) ? topic.slice(root.length).split("/") : "OUTSIDE_AREA";
  };

  return {
    knows: (clientId) => NODE_ID.test(clientId) || MONITOR_ID.test(clientId),

    publish(clientId, topic, retain) {
      if (MONITOR_ID.test(clientId)) return "READ_ONLY_CLIENT";
      if (!NODE_ID.test(clientId)) return "UNKNOWN_CLIENT";
      const levels = levelsOf(topic);
      if (typeof levels === "string") return levels;
      const [node, id, channel] = levels;
      if (node !== "node" || id !== clientId) return "NOT_ALLOWED";
      if (channel === "state" && levels.length === 3) return undefined;
      if (channel !== "up" || levels.length !== 4) return "NOT_ALLOWED";
      // A retained message outlives its sender, and under up/+ there is room for any number.
      return retain ? "RETAIN_NOT_ALLOWED" : undefined;
    },

    subscribe(clientId, filter) {
      const monitor = MONITOR_ID.test(clientId);
      if (!monitor && !NODE_ID.test(clientId)) return "UNKNOWN_CLIENT";
      const levels = levelsOf(filter);
      if (typeof levels === "string") return levels;
      const allowed = monitor ? monitorMayRead(levels) : nodeMayRead(clientId, levels);
      return allowed ? undefined : "NOT_ALLOWED";
    },
  };
}

function nodeMayRead(id: string, levels: readonly string[]): boolean {
  if (BROADCASTS.includes(levels[0])) return true;
  const [node, owner, channel, kind] = levels;
  return (
    levels.length === 4 && node === "node" && owner === id && channel === "down" && kind !== "#"
  );
}

function monitorMayRead(levels: readonly string[]): boolean {
  if (levels[0] === "monitor") return true;
  // The middle level may be + or one node's id; "#" cannot stand there in a valid filter.
  return levels.length === 3 && levels[0] === "node" && levels[2] === "state";
}
