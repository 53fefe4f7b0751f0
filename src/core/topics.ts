// SPDX-License-Identifier: Apache-2.0
/** The MQTT topics of an area (architecture: wire). Broadcasts come from the gateway only. */

export const TOPIC_ROOT = "wattle/1";

/** What a node publishes under `…/node/<id>/up/`. Logs and journals hold the index: new ones go to the end. */
export const UP_KINDS = Object.freeze([
  "enrol",
  "reading",
  "order",
  "tx",
  "event",
  "update",
  "certificate",
  "wallets",
  "ask",
  "token",
  "vote",
  "evidence",
  "arrival",
  "plan",
  "loan",
] as const);
export type UpKind = (typeof UP_KINDS)[number];
/** What follows from no number: a repeat does nothing, or is found out by what it says. */
const UNNUMBERED = Object.freeze([
  "enrol",
  "update",
  "certificate",
  "ask",
  "token",
  "vote",
  "evidence",
  "plan",
] as const);
/** What is said under a number and kept until it is receipted. */
export type SaidKind = Exclude<UpKind, (typeof UNNUMBERED)[number]>;

/** Whether messages of this kind are said under a number. */
export function isNumbered(kind: UpKind): kind is SaidKind {
  return !UNNUMBERED.some((other) => other === kind);
}

/** The kind with this index in logs and journals; undefined for one that takes no number. */
export function saidKindAt(index: number): SaidKind | undefined {
  const kind = UP_KINDS[index];
  return kind !== undefined && isNumbered(kind) ? kind : undefined;
}

/** What a gateway publishes under `…/node/<id>/down/`. */
export const DOWN_KINDS = Object.freeze([
  "config",
  "receipt",
  "contract",
  "tx",
  "account",
  "update",
  "certificate",
  "proof",
  "ask",
  "token",
  "window",
  "settlement",
  "credit",
] as const);
export type DownKind = (typeof DOWN_KINDS)[number];

/** The authority's record, the gateway's certificate, and the lists of certificates that count no more. */
export type TrustTopic = "authority" | "gateway" | "revoked-nodes" | "revoked-gateways";

export class Topics {
  readonly area: string;
  readonly prefix: string;
  constructor(area: string) {
    this.area = area;
    this.prefix = `${TOPIC_ROOT}/${area}`;
  }
  up(nodeId: string, kind: UpKind): string {
    return `${this.prefix}/node/${nodeId}/up/${kind}`;
  }
  down(nodeId: string, kind: DownKind): string {
    return `${this.prefix}/node/${nodeId}/down/${kind}`;
  }
  /** Retained: birth and last will of a node. */
  state(nodeId: string): string {
    return `${this.prefix}/node/${nodeId}/state`;
  }
  /** Retained: the notice that drives the area's slots. */
  get epoch(): string {
    return `${this.prefix}/epoch`;
  }
  get demand(): string {
    return `${this.prefix}/market/demand`;
  }
  get clearing(): string {
    return `${this.prefix}/market/clearing`;
  }
  /** Retained: what to attach transactions to. */
  get caps(): string {
    return `${this.prefix}/dag/caps`;
  }
  /** Every transaction that the gateway took into the DAG. */
  get tx(): string {
    return `${this.prefix}/dag/tx`;
  }
  /** Retained: the epoch of proof-of-time, with its beacon and members. */
  get dagEpoch(): string {
    return `${this.prefix}/dag/epoch`;
  }
  /** Votes, as they came. */
  get vote(): string {
    return `${this.prefix}/dag/vote`;
  }
  /** Proofs of fraud. */
  get evidence(): string {
    return `${this.prefix}/dag/evidence`;
  }
  /** Retained: the latest signed block header. */
  get chainHead(): string {
    return `${this.prefix}/chain/head`;
  }
  /** Retained, of several gateways: the latest certified turn, and the block that it stands for. */
  get certified(): string {
    return `${this.prefix}/chain/certified`;
  }
  /** Retained: one of the latest changes of the gateways, each in its place among CHANGES_SHOWN. */
  changed(place: number | "+"): string {
    return `${this.prefix}/chain/changed/${place}`;
  }
  /** Retained: the firmware release for one kind of board. */
  update(board: string): string {
    return `${this.prefix}/update/${board}`;
  }
  /** Retained: what the authority says, open to everybody. */
  trust(what: TrustTopic): string {
    return `${this.prefix}/trust/${what}`;
  }
  /** Retained: the latest public block, which tells an outsider no more than it has to. */
  get publicBlock(): string {
    return `${this.prefix}/public/block`;
  }
  /** What gateway `from` has for gateway `to`, whose area this is (docs/protocol.md section 7). */
  peer(to: string, from: string, kind: string): string {
    return `${this.prefix}/gateway/${to}/${from}/${kind}`;
  }
  /** Retained: with whom no bank deals any more. */
  get blacklist(): string {
    return `${this.prefix}/chain/blacklist`;
  }
  /** Retained JSON for people and tools. */
  monitor(path: string): string {
    return `${this.prefix}/monitor/${path}`;
  }
}

/** Nothing is retained here any more. */
const NOTHING = 0x80;

/**
 * What takes the place of a retained message that no longer holds: an empty CBOR array, which is no record.
 * An empty payload would delete it, but the MQTT client of the Moddable SDK (8.2.3) hears nothing more after
 * one.
 */
export function nothingRetained(): Uint8Array {
  return Uint8Array.of(NOTHING);
}

/** Whether `payload` stands for nothing: that, or an empty one of a broker's operator. */
export function isNothing(payload: Uint8Array): boolean {
  return payload.length === 0 || (payload.length === 1 && payload[0] === NOTHING);
}

/** Node id and kind of an `up/…` or `state` topic of this area, or undefined for any other topic. */
export function parseNodeTopic(
  topics: Topics,
  topic: string,
): { nodeId: string; kind: UpKind | "state" } | undefined {
  const start = `${topics.prefix}/node/`;
  if (!topic.startsWith(start)) return undefined;
  const parts = topic.slice(start.length).split("/");
  if (!/^[0-9a-f]{32}$/.test(parts[0])) return undefined;
  if (parts.length === 2 && parts[1] === "state") return { nodeId: parts[0], kind: "state" };
  if (parts.length !== 3 || parts[1] !== "up") return undefined;
  const kind = UP_KINDS.find((known) => known === parts[2]);
  return kind && { nodeId: parts[0], kind };
}
