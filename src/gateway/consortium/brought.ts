// SPDX-License-Identifier: Apache-2.0
/**
 * What other gateways bring for nodes that are heard here, and of nodes that roam there. One that lies can
 * bring anything: nothing but what reach.ts passes on goes further, in its form, and so much of it.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { type Refusal, refuse } from "#core/errors/codes";
import { BROUGHT_BYTES_MAX, BROUGHT_FAST_PER_SECOND, BROUGHT_PER_SECOND } from "#core/limits";
import {
  creditNoticeRecord,
  creditTokenRecord,
  paymentRecord,
  paymentsRecord,
} from "#core/records/credit";
import { tokenRecord } from "#core/records/witness";
import { SECOND_MS } from "#core/units/time";
import type { Area } from "../area.ts";
import type { GatewayOptions } from "../options.ts";
import { heardOf } from "./heard.ts";

/** What a bank says to a borrower, or to whom it pays. */
const CREDIT_WORDS = Object.freeze([
  creditTokenRecord,
  paymentRecord,
  creditNoticeRecord,
  paymentsRecord,
]);

export class Brought {
  private second = 0;
  /** Messages of each gateway about each node in the present second. */
  private readonly counts = new Map<string, number>();

  /** The whole topic and what is for it, or why it goes no further. `from`: the gateway that brings it, hex. */
  take(
    area: Area,
    from: string,
    kind: "ask" | "down",
    bytes: Uint8Array,
    nowMs: number,
  ): { ok: true; topic: string; payload: Uint8Array } | Refusal {
    if (kind === "down" && bytes.length > BROUGHT_BYTES_MAX)
      return refuse("OVERSIZED", `${kind}: ${bytes.length} bytes`);
    const heard = heardOf(bytes);
    if (!heard) return refuse("MALFORMED", kind);
    const { topic, payload } = heard;
    const node = topic.slice(0, topic.indexOf("/"));
    if (!area.sessions.has(node)) return refuse("UNKNOWN_NODE", kind);
    const whole = { ok: true, topic: `${area.topics.prefix}/node/${topic}`, payload } as const;
    const { topics } = area;
    if (kind === "ask" ? whole.topic !== topics.up(node, "ask") : !isWord(area, node, from, whole))
      return refuse("UNKNOWN_TOPIC", `${kind}: no word for ${topic}`);
    return this.counted(`${from}/${node}/${kind}`, perSecond(area.options.clock), nowMs)
      ? whole
      : refuse("RATE_LIMITED", kind);
  }

  private counted(name: string, most: number, nowMs: number): boolean {
    const second = Math.floor(nowMs / SECOND_MS);
    if (second !== this.second) this.counts.clear();
    this.second = second;
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    return count <= most;
  }
}

/** A faster clock has more to say in a second; that of the barrier is as fast as the machine. */
function perSecond(clock: GatewayOptions["clock"]): number {
  if (clock.kind === "barrier") return BROUGHT_FAST_PER_SECOND;
  const rated = Math.ceil((BROUGHT_PER_SECOND * clock.ratePermille) / 1000);
  return Math.min(BROUGHT_FAST_PER_SECOND, Math.max(BROUGHT_PER_SECOND, rated));
}

/** A token for the node, or what the bank of `from` says. Signatures are the node's to check. */
function isWord(
  { topics, options, ports }: Area,
  node: string,
  from: string,
  { topic, payload }: { topic: string; payload: Uint8Array },
): boolean {
  if (topic === topics.down(node, "token")) {
    const token = tokenRecord.decode(payload);
    return token.ok && token.value.net === options.net;
  }
  if (topic !== topics.down(node, "credit")) return false;
  return CREDIT_WORDS.some((type) => {
    const word = openSigned<{ net: string; bank: Uint8Array }>(type, ports.crypto, payload);
    return word.ok && word.value.net === options.net && toHex(word.value.bank) === from;
  });
}
