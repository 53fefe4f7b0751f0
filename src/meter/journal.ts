// SPDX-License-Identifier: Apache-2.0
/**
 * Journal and outbox in one: every message is stored together with the whole state after it, in one atomic
 * write, before it is sent. A power cut before the write: the message was never said. After it: it will be
 * sent. The newest entry therefore always holds the newest state, and is deleted only when a newer one
 * stands. A CRC tells a torn write from a whole one.
 */
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { FieldFault } from "#core/codec/schema";
import { assert } from "#core/errors/assert";
import { OUTBOX_MAX, OUTBOX_RECENT } from "#core/limits";
import { UP_KINDS, type UpKind } from "#core/topics";
import type { KeyValueStore } from "./ports.ts";
import { sealed, unsealed } from "./sealed.ts";
import { decodeState, firstState, type NodeState, nodeState } from "./state.ts";

/** A message that the gateway has not receipted. */
export interface Said {
  seq: number;
  kind: UpKind;
  content: Uint8Array;
}

const MESSAGE_PREFIX = "o";
/** Two alternating slots for a state without a message. */
const STATE_KEYS = ["s0", "s1"];

export class Journal {
  /**
   * Numbers of un-receipted messages, rising. What they say stays in the store: days without a gateway would
   * fill a chip's memory.
   */
  readonly outbox: number[] = [];
  /** The latest of them: while the gateway answers, nothing is read back from the store. */
  private readonly recent: Said[] = [];
  /** The registers that were stored last: their `seq`, and the sum of both. */
  readonly registers = { seq: 0, sumMwh: 0n };
  /**
   * Entries of a firmware whose state has another layout. They count as lost: the node goes on from what its
   * gateway knows, as after a damage of its flash.
   */
  foreign = 0;
  private readonly store: KeyValueStore;
  /** Numbers in the store that are receipted, but not yet deleted. */
  private readonly spent: number[] = [];

  constructor(store: KeyValueStore) {
    this.store = store;
  }

  /** The newest whole state, or a first one; fills the outbox. Torn and receipted entries are deleted. */
  recover(): NodeState {
    let newest: NodeState | undefined;
    for (const key of STATE_KEYS) {
      const entry = this.load(key);
      if (entry && (!newest || entry.state.version > newest.version)) newest = entry.state;
    }
    const found: number[] = [];
    for (const key of this.store.keys(MESSAGE_PREFIX)) {
      const entry = this.load(key);
      if (!entry?.said) {
        this.store.delete(key);
        continue;
      }
      found.push(entry.said.seq);
      if (!newest || entry.state.version > newest.version) newest = entry.state;
    }
    const state = newest ?? firstState();
    found.sort((a, b) => a - b);
    for (const seq of found) {
      // The newest state lives in its message: that one stays until the next is written.
      if (seq > state.receiptedSeq) this.outbox.push(seq);
      else this.spent.push(seq);
    }
    return state;
  }

  /** Whether one more message can be kept. */
  get full(): boolean {
    return this.outbox.length >= OUTBOX_MAX;
  }

  /** Stores a message with the state after it, durable on return, and then what is spent goes. */
  say(state: NodeState, kind: UpKind, content: Uint8Array): void {
    assert(!this.full, "OUTBOX_FULL", String(this.outbox.length));
    state.version++;
    state.saidSeq++;
    const said = { seq: state.saidSeq, kind, content };
    this.write(messageKey(said.seq), state, said);
    this.outbox.push(said.seq);
    this.recent.push(said);
    if (this.recent.length > OUTBOX_RECENT) this.recent.shift();
    while (this.spent.length > 0) this.store.delete(messageKey(this.spent.shift()!));
  }

  /** What was said under number `seq`; undefined where it is receipted, or cannot be read any more. */
  said(seq: number): Said | undefined {
    for (const said of this.recent) if (said.seq === seq) return said;
    return this.outbox.indexOf(seq) < 0 ? undefined : this.load(messageKey(seq))?.said;
  }

  /** Stores a state without a message, in the older of the two slots. */
  save(state: NodeState): void {
    state.version++;
    this.write(STATE_KEYS[state.version % 2], state, undefined);
  }

  /** Messages up to `seq` are receipted: they leave the outbox, and the store with the next message. */
  receipted(seq: number): void {
    while (this.outbox.length > 0 && this.outbox[0] <= seq) this.spent.push(this.outbox.shift()!);
    while (this.recent.length > 0 && this.recent[0].seq <= seq) this.recent.shift();
  }

  /**
   * Nothing that waits will be sent any more, and the next number is `upTo` + 1. It counts with the write of
   * the next message: cut before that, the node has all that it had.
   */
  giveUp(state: NodeState, upTo: number): void {
    this.receipted(state.saidSeq);
    state.saidSeq = upTo;
    state.receiptedSeq = upTo;
  }

  private write(key: string, state: NodeState, said: Said | undefined): void {
    this.store.set(key, entryOf(state, said));
    this.registers.seq = state.registers.seq;
    this.registers.sumMwh = state.registers.importMwh + state.registers.exportMwh;
  }

  private load(key: string): { state: NodeState; said: Said | undefined } | undefined {
    const value = this.store.get(key);
    const body = value && unsealed(value);
    if (!body) return undefined;
    const decoded = decodeCbor(body);
    assert("value" in decoded, "JOURNAL_ENTRY", key); // whole by its CRC: only a bug makes it unreadable
    const [rawState, message] = decoded.value as [CborValue, [number, number, Uint8Array]];
    const [seq, kind, content] = message;
    try {
      const state = decodeState(rawState, key);
      return { state, said: seq > 0 ? { seq, kind: UP_KINDS[kind], content } : undefined };
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      this.foreign++;
      return undefined;
    }
  }
}

/** A function of its own, so that nothing but the entry is in memory when it is stored. */
function entryOf(state: NodeState, said: Said | undefined): Uint8Array {
  const message: CborValue = said
    ? [said.seq, UP_KINDS.indexOf(said.kind), said.content]
    : [0, 0, new Uint8Array(0)];
  return sealed(encodeCbor([nodeState.encode(state, "state"), message]));
}

/** At most 15 characters, as the ESP32's store asks. */
function messageKey(seq: number): string {
  return MESSAGE_PREFIX + seq.toString(36);
}
