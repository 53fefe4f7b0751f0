// SPDX-License-Identifier: Apache-2.0
/** Gateways with keys, and one machine that a test talks to in the others' names. */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import {
  decisionRecord,
  type GatewayVote,
  gatewayVoteRecord,
  Phase,
  proposalRecord,
  proposedRecord,
  type Quorum,
  quorumRecord,
  type Status,
  statusRecord,
} from "#core/records/consensus";
import { Machine } from "#gateway/consensus/machine";
import { blockOf, openMessage } from "#gateway/consensus/open";
import { DEFAULT_TIMEOUTS } from "#gateway/consensus/timeouts";
import type {
  Block,
  HeightContext,
  Input,
  Known,
  Message,
  MessageKind,
  Output,
  TimerKind,
} from "#gateway/consensus/types";
import { keyedCrypto } from "#host-sim/smartchain/crypto";

export const NET = "test";
const NONE = new Uint8Array(0);

type Of<T extends Output["type"]> = Extract<Output, { type: T }>;

/** `size` gateways; their places in the set are their numbers here. */
export class Consortium {
  readonly crypto: Crypto;
  readonly set: ValidatorSet;
  readonly secrets: Uint8Array[];

  constructor(size: number, rule: "quorum" | "unanimous" = "quorum", crypto = keyedCrypto()) {
    this.crypto = crypto;
    const all = Array.from({ length: size }, (_, i) => {
      const secretKey = crypto.sha256(Uint8Array.of(7, i));
      const publicKey = crypto.publicKey(secretKey);
      return { secretKey, publicKey, id: nodeIdOf(crypto, publicKey) };
    });
    this.set = new ValidatorSet(all, rule);
    this.secrets = this.set.list.map(
      ({ id }) => all.find((one) => toHex(one.id) === toHex(id))!.secretKey,
    );
  }

  id(place: number): Uint8Array {
    return this.set.list[place].id;
  }

  context(height: number, target?: bigint): HeightContext {
    const base = { height, validators: this.set, prev: Uint8Array.of(height) };
    return target === undefined ? base : { ...base, target };
  }

  /** A block that is told apart by its number. */
  block(number: number): Block {
    return blockOf(this.crypto, {
      header: Uint8Array.of(1, number),
      plan: Uint8Array.of(2, number),
    });
  }

  open(kind: MessageKind, bytes: Uint8Array, sender = 0): Message {
    const message = this.tryOpen(kind, bytes, sender);
    assert.ok("type" in message, JSON.stringify(message));
    return message;
  }

  tryOpen(kind: MessageKind, bytes: Uint8Array, sender = 0): ReturnType<typeof openMessage> {
    const { crypto, set } = this;
    const keysOf = (idHex: string): Uint8Array[] => {
      const place = set.indexOf(idHex);
      return place < 0 ? [] : [set.list[place].publicKey];
    };
    return openMessage({ net: NET, crypto, keysOf }, kind, bytes, set.idHexAt(sender));
  }

  voteBytes(
    voter: number,
    phase: number,
    [height, round]: readonly [number, number],
    block: Block | undefined,
    more: Partial<GatewayVote> = {},
  ): Uint8Array {
    const vote: GatewayVote = {
      net: NET,
      height,
      round,
      phase,
      voter: this.id(voter),
      block: block?.id,
      code: 0,
      heard: NONE,
      agreed: NONE,
      ...more,
    };
    return signRecord(gatewayVoteRecord, this.crypto, this.secrets[voter], vote).bytes;
  }

  prevote(voter: number, at: readonly [number, number], block?: Block): Message {
    return this.open("vote", this.voteBytes(voter, Phase.prevote, at, block));
  }

  precommit(voter: number, at: readonly [number, number], block?: Block): Message {
    return this.open("vote", this.voteBytes(voter, Phase.precommit, at, block));
  }

  proposedBytes(
    proposer: number,
    [height, round]: readonly [number, number],
    block: Block,
    more: { validRound?: number; polka?: Uint8Array[]; nonce?: number } = {},
  ): Uint8Array {
    const value = {
      net: NET,
      height,
      round,
      validRound: more.validRound,
      proposer: this.id(proposer),
      block: block.id,
      nonce: more.nonce,
    };
    const { bytes } = signRecord(proposalRecord, this.crypto, this.secrets[proposer], value);
    const { header, plan } = block;
    return proposedRecord.encode({ proposal: bytes, header, plan, polka: more.polka ?? [] });
  }

  proposal(...args: Parameters<Consortium["proposedBytes"]>): Message {
    return this.open("proposed", this.proposedBytes(...args));
  }

  status(gateway: number, said: Partial<Status>): Message {
    const status: Status = {
      net: NET,
      gateway: this.id(gateway),
      height: 0,
      round: 0,
      wants: 0,
      ask: undefined,
      answer: undefined,
      ...said,
    };
    return this.open(
      "status",
      signRecord(statusRecord, this.crypto, this.secrets[gateway], status).bytes,
    );
  }

  quorum([height, round]: readonly [number, number], block: Block, voters: number[]): Quorum {
    const voices = voters.map((voter) => {
      const bytes = this.voteBytes(voter, Phase.precommit, [height, round], block);
      return { voter, heard: NONE, agreed: NONE, signature: bytes.slice(-64) };
    });
    const { crypto } = this;
    const [header, plan] = [crypto.sha256(block.header), crypto.sha256(block.plan)];
    return { net: NET, height, round, header, plan, voices };
  }

  decision(at: readonly [number, number], block: Block, voters: number[], sender = 0): Message {
    const quorum = quorumRecord.encode(this.quorum(at, block, voters));
    const { header, plan } = block;
    return this.open("decision", decisionRecord.encode({ header, plan, quorum }), sender);
  }
}

/** A machine at one place, and what it put out in its last turn. */
export class Bench {
  readonly group: Consortium;
  readonly place: number;
  machine: Machine;
  out: Output[] = [];
  /** As on its disk. */
  state: Uint8Array | undefined;

  constructor(
    group: Consortium,
    place: number,
    options: { known?: Known; context?: HeightContext } = {},
  ) {
    this.group = group;
    this.place = place;
    this.machine = this.build();
    const { known = { fresh: true }, context = group.context(0) } = options;
    this.take({ type: "restart", known, context });
  }

  private build(): Machine {
    const { group, place } = this;
    const options = {
      net: NET,
      id: group.id(place),
      secretKey: group.secrets[place],
      timeouts: DEFAULT_TIMEOUTS,
    };
    return new Machine(options, { crypto: group.crypto });
  }

  take(input: Input): Output[] {
    this.out = this.machine.take(input);
    for (const output of this.out) if (output.type === "persist") this.state = output.state;
    return this.out;
  }

  /** The process ends and begins again with what is on the disk. */
  restart(context: HeightContext, state: Uint8Array | undefined = this.state): Output[] {
    this.machine = this.build();
    const nonce = new Uint8Array(16).fill(9);
    return this.take({ type: "restart", known: { state, nonce }, context });
  }

  hear(...messages: Message[]): Output[] {
    const all: Output[] = [];
    for (const message of messages) all.push(...this.take({ type: "message", message }));
    this.out = all;
    return all;
  }

  timer(kind: TimerKind, height: number, round: number): Output[] {
    return this.take({ type: "timer", kind, height, round });
  }

  checked(height: number, block: Block, code = 0, certified = false): Output[] {
    return this.take({ type: "checked", height, block: block.id, certified, code });
  }

  /** Outputs of one type of the last turn. */
  all<T extends Output["type"]>(type: T): Of<T>[] {
    return this.out.filter((output): output is Of<T> => output.type === type);
  }

  /** Its votes of the last turn: `prevote 0: <block or nil>`. */
  votes(): { phase: number; round: number; block: string }[] {
    const words = this.all("send").filter(({ kind }) => kind === "vote");
    return words.map(({ bytes }) => {
      const message = this.group.open("vote", bytes);
      assert.ok(message.type === "vote");
      return { phase: message.vote.phase, round: message.vote.round, block: message.block };
    });
  }

  codes(): string[] {
    return this.all("drop").map(({ code }) => code);
  }
}
