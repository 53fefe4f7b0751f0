// SPDX-License-Identifier: Apache-2.0
/**
 * What each class of client may say and hear (docs/protocol.md section 7): the one table that the embedded
 * broker's rules (acl.ts) and the roles at a Mosquitto (dynsec.ts) both follow from. All topics are below
 * wattle/1/<area>/; OWN stands for the client's own id, and HERE for that of the gateway whose broker it is.
 */

/** A node without a certificate is a guest, with one that does not count barred. */
export type RightsClass = "member" | "guest" | "barred" | "gateway" | "operator" | "outsider";

export interface Rights {
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
  /** What goes out to it of what it has subscribed. */
  readonly hears: readonly string[];
}

/** A level that is the client's id. */
export const OWN = "{id}";
/** A level that is the id of the gateway whose broker this is. */
export const HERE = "{here}";

/** What everybody hears. */
const OPEN: readonly string[] = ["public/#", "trust/#"];
const DOWN = `node/${OWN}/down/+`;
const NODE: readonly string[] = [
  DOWN,
  ...["dag/#", "market/#", "chain/#", "epoch/#", "update/#"],
  ...OPEN,
];
const PEOPLE: readonly string[] = ["monitor/#", "node/+/state", ...OPEN];
const ANYBODY: readonly string[] = ["monitor/gateway", ...OPEN];

/**
 * A guest may subscribe what a member may, and hears the rest from the moment on that it is one: a node asks
 * for all its topics at once and gives a connection up where one of them is refused.
 */
const GUEST: Rights = {
  publishes: [`node/${OWN}/up/enrol`, `node/${OWN}/up/certificate`],
  subscribes: NODE,
  hears: [DOWN, ...OPEN],
};

export const RIGHTS: Readonly<Record<RightsClass, Rights>> = {
  member: {
    publishes: [`node/${OWN}/up/+`, `node/${OWN}/state`],
    subscribes: NODE,
    hears: NODE,
  },
  guest: GUEST,
  barred: GUEST,
  // Another gateway of the consortium: it leaves here what it has to say to this one.
  gateway: { publishes: [`gateway/${HERE}/${OWN}/+`], subscribes: [], hears: [] },
  operator: { publishes: [], subscribes: PEOPLE, hears: PEOPLE },
  outsider: { publishes: [], subscribes: ANYBODY, hears: ANYBODY },
};

/**
 * Whether one of `rules` covers all that `levels`, a topic or a filter of `client`, stands for, at the broker
 * of gateway `here` (undefined: at that of none).
 */
export function covered(
  levels: readonly string[],
  rules: readonly string[],
  client: string,
  here?: string,
): boolean {
  const named = new Map([
    [OWN, client],
    [HERE, here],
  ]);
  return rules.some((rule) => covers(rule.split("/"), levels, named));
}

function covers(
  rule: readonly string[],
  levels: readonly string[],
  named: ReadonlyMap<string, string | undefined>,
): boolean {
  for (let i = 0; i < rule.length; i++) {
    if (rule[i] === "#") return true; // the level above as well [MQTT-4.7.1-2]
    const level = levels[i];
    if (level === undefined || level === "#") return false;
    if (rule[i] === "+") continue;
    if (level !== (named.has(rule[i]) ? named.get(rule[i]) : rule[i])) return false;
  }
  return levels.length === rule.length;
}
