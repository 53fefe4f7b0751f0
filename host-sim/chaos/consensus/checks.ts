// SPDX-License-Identifier: Apache-2.0
/**
 * What has to hold after every event (ledger: I19; docs/consensus.md). Nothing here uses the code that is
 * checked, beyond the encoding of records: quorums, certificates and locks are counted once more.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { checkEquivocation } from "#core/consensus/equivocation";
import { domainHash } from "#core/crypto/domain";
import {
  decisionRecord,
  equivocationRecord,
  gatewayVoteRecord,
  Phase,
  quorumRecord,
} from "#core/records/consensus";
import { decodeStored } from "#gateway/consensus/stored";
import type { Block, ProposedMessage, VoteMessage } from "#gateway/consensus/types";
import { must } from "../violation.ts";
import type { Disk } from "./disk.ts";
import type { Host } from "./host.ts";
import type { Word, Words } from "./words.ts";
import { decodeSimBlock, type SimWorld } from "./world.ts";

/** What is remembered of an honest host for all of a run, whatever it forgets itself. */
interface Memory {
  /** Records by height, round and kind of word. */
  readonly said: Map<string, string>;
  /** The height of its last vote. */
  height: number;
  /** What it precommitted last. */
  lock: { height: number; round: number; block: string } | undefined;
}

export class Checks {
  /** Id of the block of each height, as the first honest host decided it. */
  readonly chain: string[] = [];
  /** That an honest host spoke in. */
  highestRound = 0;
  readonly told = new Set<number>();
  private readonly world: SimWorld;
  private readonly words: Words;
  private readonly byzantine: ReadonlySet<number>;
  private readonly memories = new Map<number, Memory>();
  /** Who prevoted a block in a round, whoever heard it: by height, round and block. */
  private readonly prevoters = new Map<string, Set<string>>();
  private readonly blocks = new Map<string, boolean>();
  private readonly seen = new WeakSet<Uint8Array>();

  constructor(world: SimWorld, words: Words) {
    this.world = world;
    this.words = words;
    this.byzantine = new Set(world.plan.byzantine.map(({ host }) => host));
  }

  /** Somebody sends something, whether or not it arrives. */
  said(sender: Host, word: Word): void {
    if (this.seen.has(word.bytes)) return;
    this.seen.add(word.bytes);
    const message = this.words.open(word, sender.index);
    const honest = !this.byzantine.has(sender.index);
    if (!("type" in message)) {
      must(!honest, "form", () => `host ${sender.index} says what is refused: ${message.code}`);
      return;
    }
    const own = honest && message.from === this.world.idsHex[sender.index];
    if (message.type === "vote") {
      this.noteVote(message);
      if (own) this.checkVote(sender, message);
    } else if (message.type === "proposed") {
      this.blocks.set(message.block.key, decodeSimBlock(message.block)?.sound ?? false);
      for (const vote of message.polka) this.noteVote(vote);
      if (own) this.checkProposal(sender, message);
    } else if (message.type === "polka") for (const vote of message.votes) this.noteVote(vote);
    else if (honest && message.type === "quorum") this.checkCertificate(word.bytes, undefined);
    else if (honest && message.type === "decision") {
      const decoded = decisionRecord.decode(word.bytes);
      must(decoded.ok, "form", () => "a decision");
      this.checkCertificate(decoded.value.quorum, message.block);
    }
  }

  /** A host decided; its chain has the block at its end. */
  decided(host: Host, height: number, block: Block, certificate: Uint8Array): void {
    if (this.byzantine.has(host.index)) return;
    const { chain } = this;
    const name = (): string => `host ${host.index}, height ${height}`;
    must(host.disk.chain.length === height + 1, "I19", () => `${name()}: a gap in the chain`);
    must(height <= chain.length, "I19", () => `${name()}: before the heights below`);
    if (height === chain.length) chain.push(block.key);
    must(chain[height] === block.key, "I19", () => `${name()}: another block than elsewhere`);
    const sim = decodeSimBlock(block);
    const before = chain[height - 1] ?? "";
    must(sim && toHex(sim.prev) === before, "I19", () => `${name()}: not on the block before`);
    must(sim?.sound, "audit", () => `${name()}: a block that no audit accepts`);
    this.checkCertificate(certificate, block);
  }

  /** What a host stored and did not come to send counts for itself. */
  restarts(host: Host): void {
    const { state } = host.disk;
    const prevote = state && decodeStored(this.world.crypto, state)?.prevote;
    if (!prevote) return;
    const message = this.words.open({ kind: "vote", bytes: prevote }, host.index);
    if ("type" in message && message.type === "vote") this.noteVote(message);
  }

  evidence(host: number, gateway: string, bytes: Uint8Array): void {
    if (this.byzantine.has(host)) return;
    const accused = this.world.hostOf(gateway);
    must(this.byzantine.has(accused), "evidence", () => `against host ${accused}, which is honest`);
    const record = equivocationRecord.decode(bytes);
    must(record.ok, "evidence", () => "is no record");
    const shown = checkEquivocation(this.world.crypto, record.value);
    must(shown.ok && toHex(shown.gateway) === gateway, "evidence", () => "proves nothing");
    this.told.add(accused);
  }

  disagreed(host: number, height: number, code: number): void {
    if (this.byzantine.has(host)) return;
    must(false, "audit", () => `host ${host}: a quorum for a block with code ${code} at ${height}`);
  }

  private memoryOf(host: number): Memory {
    let memory = this.memories.get(host);
    if (!memory) {
      memory = { said: new Map(), height: -1, lock: undefined };
      this.memories.set(host, memory);
    }
    return memory;
  }

  private noteVote({ vote, block, from }: VoteMessage): void {
    if (vote.phase !== Phase.prevote || block === "") return;
    const key = `${vote.height}/${vote.round}/${block}`;
    let voters = this.prevoters.get(key);
    if (!voters) this.prevoters.set(key, (voters = new Set()));
    voters.add(from);
  }

  private quorumAt(height: number): number {
    const { size } = this.world.setAt(height);
    return this.world.plan.rule === "unanimous" ? size : Math.floor((2 * size) / 3) + 1;
  }

  /** Whether a quorum of the height's set prevoted the block in the round. */
  private isPolka(height: number, round: number, block: string): boolean {
    const set = this.world.setAt(height);
    let count = 0;
    for (const voter of this.prevoters.get(`${height}/${round}/${block}`) ?? [])
      if (set.indexOf(voter) >= 0) count++;
    return count >= this.quorumAt(height);
  }

  /** The disk has the word itself, or something that was said later: then it is not said again. */
  private isDurable({ state }: Disk, height: number, round: number, bytes: Uint8Array): boolean {
    if (!state) return false;
    if (Buffer.from(state).includes(Buffer.from(bytes))) return true;
    const stored = decodeStored(this.world.crypto, state);
    if (!stored) return false;
    return stored.height > height || (stored.height === height && stored.round > round);
  }

  private checkOnce(host: Host, slot: string, message: VoteMessage | ProposedMessage): boolean {
    const { index, disk } = host;
    const { record, bytes } = message;
    const { height, round } = message.type === "vote" ? message.vote : message.proposal;
    const { said } = this.memoryOf(index);
    const text = toHex(record);
    const before = said.get(slot);
    must(before === undefined || before === text, "twice", () => `host ${index} in ${slot}`);
    if (before !== undefined) return false;
    said.set(slot, text);
    must(
      this.isDurable(disk, height, round, bytes),
      "durable",
      () => `host ${index} sends ${slot} too soon`,
    );
    return true;
  }

  private checkProposal(host: Host, message: ProposedMessage): void {
    const { height, round, validRound } = message.proposal;
    const slot = `${height}/${round}/proposal`;
    if (!this.checkOnce(host, slot, message)) return;
    const name = (): string => `host ${host.index} proposes in ${slot}`;
    if (validRound !== undefined)
      must(this.isPolka(height, validRound, message.block.key), "polka", name);
  }

  private checkVote(host: Host, message: VoteMessage): void {
    const { vote, block } = message;
    const { height, round, phase } = vote;
    const slot = `${height}/${round}/${phase === Phase.prevote ? "prevote" : "precommit"}`;
    if (!this.checkOnce(host, slot, message)) return;
    const memory = this.memoryOf(host.index);
    this.highestRound = Math.max(this.highestRound, round);
    const name = (): string => `host ${host.index} in ${slot}`;
    must(height >= memory.height, "order", () => `${name()} after height ${memory.height}`);
    memory.height = height;
    if (block === "") return;
    must(this.blocks.get(block) !== false, "audit", () => `${name()}: a block that is wrong`);
    if (phase === Phase.precommit) {
      must(this.isPolka(height, round, block), "polka", () => `${name()}: no quorum prevoted it`);
      memory.lock = { height, round, block };
      return;
    }
    const { lock } = memory;
    if (!lock || lock.height !== height || lock.block === block) return;
    let free = false;
    for (let i = lock.round; i < round && !free; i++) free = this.isPolka(height, i, block);
    must(free, "lock", () => `${name()}: bound to another block since round ${lock.round}`);
  }

  /** A quorum's distinct signatures for this block. */
  private checkCertificate(certificate: Uint8Array, block: Block | undefined): void {
    const { crypto } = this.world;
    const decoded = quorumRecord.decode(certificate);
    must(decoded.ok, "I19", () => "a certificate that is none");
    const { net, height, round, header, plan, voices } = decoded.value;
    const name = (): string => `certificate of ${height}/${round}`;
    if (block) {
      must(bytesEqual(header, crypto.sha256(block.header)), "I19", () => `${name()}: header`);
      must(bytesEqual(plan, crypto.sha256(block.plan)), "I19", () => `${name()}: plan`);
      const sim = decodeSimBlock(block);
      must(sim?.height === height, "I19", () => `${name()}: block of another height`);
    }
    const id = domainHash(crypto, "wattle/agreed/1", header, plan);
    const { list } = this.world.setAt(height);
    const signers = new Set<string>();
    for (const { voter, heard, agreed, signature } of voices) {
      const member = list[voter];
      must(member, "I19", () => `${name()}: voter ${voter} of ${list.length}`);
      const said = { phase: Phase.precommit, voter: member.id, block: id, code: 0, heard, agreed };
      const record = gatewayVoteRecord.encode({ net, height, round, ...said });
      const message = domainHash(crypto, gatewayVoteRecord.domain, record);
      const good = crypto.verify(member.publicKey, message, signature);
      must(good, "I19", () => `${name()}: signature of voter ${voter}`);
      signers.add(toHex(member.id));
    }
    const quorum = this.quorumAt(height);
    must(signers.size >= quorum, "I19", () => `${name()}: ${signers.size} signers, not ${quorum}`);
  }
}
