// SPDX-License-Identifier: Apache-2.0
/**
 * Whom a node speaks with, and from which number on. Numbers and the chain of transactions go on over all
 * gateways, so that a node signs one body for each, wherever it goes. With another gateway it begins a new
 * conversation: what waits for the old one's receipts is given up, and an arrival says so to the new one. All of
 * it counts with one write: cut before, the node is still with the old gateway, and after, with the new one.
 *
 * Readings are not said again: registers are cumulative, so that the next one carries the energy.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { EVENTS_BURST } from "#core/limits-device";
import { arrivalRecord } from "#core/records/arrival";
import { eventRecord } from "#core/records/event";
import type { Config } from "#core/records/member";
import type { Alarm } from "./birth.ts";
import type { NodeConfig } from "./config.ts";
import type { Metering } from "./metering.ts";
import type { Log } from "./ports.ts";
import type { Purse } from "./purse.ts";
import { putBackEvents } from "./register/events.ts";
import type { WaitingEvent } from "./register/registers.ts";
import type { Speaker } from "./speaker.ts";
import {
  dropPending,
  type NodeState,
  receiptedBy,
  speaksElsewhere,
  speakWith,
  spokeWithAny,
  Uncertain,
} from "./state.ts";

interface Speaking {
  readonly idBytes: Uint8Array;
  readonly state: NodeState;
  readonly speaker: Speaker;
  readonly metering: Metering;
  readonly purse: Purse;
}

export class Conversation {
  /** The gateway's key: the pin's, or that of a gateway which the authority has certified. */
  key: Uint8Array;
  /**
   * What another gateway greeted the node with: it comes before the config, and is looked at when the node
   * speaks with that gateway.
   */
  private account: { payload: Uint8Array; walletSet: number } | undefined;
  private proof: Uint8Array | undefined;
  private gateway: Uint8Array;
  /** Gateways of one ledger, ascending by id: what was said to one of them all know. */
  private fellows: readonly { node: Uint8Array; publicKey: Uint8Array }[];
  private readonly node: Speaking;
  private readonly config: NodeConfig;
  private readonly crypto: Crypto;
  private readonly log: Log;

  constructor(node: Speaking, config: NodeConfig, { crypto, log }: { crypto: Crypto; log: Log }) {
    this.node = node;
    this.config = config;
    this.crypto = crypto;
    this.log = log;
    this.key = config.gatewayKey;
    this.gateway = nodeIdOf(crypto, this.key);
    this.fellows = (config.gateways ?? [])
      .map((publicKey) => ({ node: nodeIdOf(crypto, publicKey), publicKey }))
      .sort((a, b) => compareBytes(a.node, b.node));
  }

  /** The gateways of the ledger are these from now on. */
  follow(fellows: Conversation["fellows"]): void {
    this.fellows = fellows;
  }

  /** Another gateway than so far is there. */
  meet(key: Uint8Array): void {
    this.key = key;
    this.gateway = nodeIdOf(this.crypto, key);
    this.reconnected();
  }

  /** The connection is new: it brings its own greeting. */
  reconnected(): void {
    this.account = undefined;
    this.proof = undefined;
  }

  /** Keeps the account of a gateway that the node does not speak with yet; false where it is its own. */
  holdsAccount(payload: Uint8Array, walletSet: number): boolean {
    if (this.elsewhere) this.account = { payload, walletSet };
    return this.elsewhere;
  }

  /** The same for its proof. */
  holdsProof(payload: Uint8Array): boolean {
    if (this.elsewhere) this.proof = payload;
    return this.elsewhere;
  }

  /** What was kept, once. */
  greeting(): { account: { payload: Uint8Array } | undefined; proof: Uint8Array | undefined } {
    const { account, proof } = this;
    this.reconnected();
    return { account, proof };
  }

  /** Whether the node spoke last with another gateway than the one that is there, of another ledger. */
  get elsewhere(): boolean {
    return speaksElsewhere(this.node.state, this.gateway) && !this.withFellow;
  }

  /** Those whose tokens count where witnesses are missing. */
  get gateways(): readonly { node: Uint8Array; publicKey: Uint8Array }[] {
    const { fellows, gateway, key } = this;
    return fellows.length > 0 ? fellows : [{ node: gateway, publicKey: key }];
  }

  /** How many there are of them: the node may not know all. */
  get gatewayCount(): number {
    return Math.max(this.config.gatewayCount ?? 0, this.gateways.length);
  }

  /** Whether it spoke last with one that shares the ledger of the one that is there. */
  private get withFellow(): boolean {
    const { fellows, gateway } = this;
    const ids = fellows.map(({ node }) => node);
    return ids.some((id) => bytesEqual(id, gateway)) && spokeWithAny(this.node.state, ids);
  }

  /** The gateway admits the node and says how far it heard it; an alarm where it may be told nothing. */
  admitted(config: Config): Alarm | undefined {
    const { state, speaker } = this.node;
    const same = state.gateways.length === 0 || this.withFellow;
    const receipted = same ? state.receiptedSeq : (receiptedBy(state, this.gateway) ?? 0);
    // It forgot what it receipted: a restored backup.
    if (config.upTo < receipted)
      return { code: "GATEWAY_BEHIND", detail: `${config.upTo} of ${receipted} receipted` };
    if (this.elsewhere) this.arrive(config);
    else if (config.upTo > state.saidSeq) this.restore(config);
    else if (!speaker.receipted(state, { ...config, refused: [] }))
      return { code: "RECEIPT_DIGEST", detail: "config" };
    else if (same) {
      // Never on before, or its state was lost before its first message was receipted.
      if (state.boot === 1 && state.gateways.length === 0) this.beginUncertain(config);
      speakWith(state, this.gateway, state.receiptedSeq);
    }
    return undefined;
  }

  /** An earlier life may have asked witnesses for the next number of the chain. */
  private beginUncertain(config: Config): void {
    const { state } = this.node;
    state.txMs = Math.max(config.txMs, config.atMs);
    state.pending = undefined;
    state.uncertain = Uncertain.lost;
  }

  /** This node's store was lost, not its key: numbers that it used must never be used again. */
  private restore(config: Config): void {
    const { state, metering, purse } = this.node;
    this.log("error", "state-lost", { said: state.saidSeq, receipted: config.upTo });
    state.saidSeq = config.upTo;
    state.receiptedSeq = config.upTo;
    state.digest = config.digest;
    this.followChain(config);
    this.beginUncertain(config);
    speakWith(state, this.gateway, config.upTo);
    metering.adopt(config);
    purse.lost();
  }

  private followChain({ txSeq, txid }: Config): void {
    this.node.state.txSeq = txSeq;
    this.node.state.txid = txSeq === 0 ? undefined : txid;
  }

  private arrive(config: Config): void {
    const { idBytes, state, speaker, metering, purse } = this.node;
    const from = state.gateways[0].mark;
    const dropped = speaker.outbox.length;
    this.log(dropped > 0 ? "warn" : "info", "roamed", {
      from: toHex(from),
      to: toHex(this.gateway),
      dropped,
    });
    putBackEvents(state.registers, this.waitingEvents());
    if (config.upTo > state.saidSeq)
      metering.adopt(config); // an older store, set in again
    else metering.begin(config);
    dropPending(state);
    // It may have heard more of the chain than a store that is older; never less counts.
    if (config.txSeq > state.txSeq) this.followChain(config);
    // Δ is counted from what this gateway heard last: it has a protocol time of its own.
    state.txMs = config.txMs;
    state.slots = [];
    state.freeMicro = 0;
    state.lockedMicro = 0;
    state.accountMs = 0;
    state.arrived = 1;
    purse.arrived(this.account?.walletSet);
    speakWith(state, this.gateway, config.upTo);
    speaker.giveUp(state, Math.max(state.saidSeq, config.upTo));
    const { bytes } = signRecord(arrivalRecord, this.crypto, this.config.secretKey, {
      net: this.config.net,
      node: idBytes,
      gateway: this.gateway,
      from,
      txSeq: state.txSeq,
      txid: state.txid,
      dropped,
      said: state.saidSeq + 1,
    });
    speaker.say(state, "arrival", bytes);
  }

  /** Events that the gateway before has not receipted: what happened to the registers is said here, too. */
  private waitingEvents(): WaitingEvent[] {
    const { speaker } = this.node;
    const events: WaitingEvent[] = [];
    for (const seq of speaker.outbox) {
      const said = speaker.waiting(seq);
      const opened = said?.kind === "event" && openSigned(eventRecord, this.crypto, said.content);
      if (opened === false || !opened?.ok) continue;
      const { net: _net, node: _node, said: _said, ...event } = opened.value;
      events.push(event);
      if (events.length <= EVENTS_BURST) continue;
      const [{ suppressed }] = events.splice(0, 1);
      events[0].suppressed += 1 + suppressed;
    }
    return events;
  }
}
