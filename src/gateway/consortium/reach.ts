// SPDX-License-Identifier: Apache-2.0
/** What is for nodes of other gateways. */
import { heardStruct } from "#core/records/turn";
import type { Topics } from "#core/topics";
import type { Area } from "../area.ts";
import type { Send } from "../batch.ts";
import { packEntry } from "../entries.ts";
import type { Asked } from "./asked.ts";
import type { Replica } from "./replica.ts";

/** A node's message, or one for it, as gateways pass it to each other. */
export function passedOn({ prefix }: Topics, topic: string, payload: Uint8Array): Uint8Array {
  return packEntry(heardStruct, { topic: topic.slice(`${prefix}/node/`.length), payload });
}

/** What is for nodes of other areas their gateways say; only tokens have to be brought there. */
export function reachable(
  { area, replica, asked }: { area: Area; replica: Replica; asked: Asked },
  sends: readonly Send[],
  bring: boolean,
): Send[] {
  const { topics, sessions, near } = area;
  const start = `${topics.prefix}/node/`;
  return sends.filter(({ topic, payload }) => {
    if (!topic.startsWith(start)) return true;
    const node = topic.slice(start.length, start.length + 32);
    const session = sessions.get(node);
    if (session ? area.serves(session) : near.has(node)) return true;
    // Tokens of witnesses on their way; what a bank says to its own borrowers, wherever they are.
    const brings = bring ? "/down/token" : "/down/credit";
    if (session && topic.endsWith(brings))
      for (const to of bring ? asked.from(node, session.home) : [session.home])
        replica.pass(to, "down", passedOn(topics, topic, payload));
    return false;
  });
}
