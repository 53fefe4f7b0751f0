// SPDX-License-Identifier: Apache-2.0
/**
 * I6: a message that the gateway has taken before changes nothing when it comes again. Now and then one is
 * given to it once more, and all that it holds is compared. Beside this, the bus repeats messages to
 * everybody, and rogues do, where I5 and the others say that nothing counts twice.
 */
import { upRecord } from "#core/records/receipt";
import { isNumbered, parseNodeTopic, type UpKind } from "#core/topics";
import { EntryKind } from "#gateway/entries";
import type { Gateway } from "#gateway/gateway";
import type { Session } from "#gateway/session";
import { hex } from "./check-dag.ts";
import type { Street } from "./street.ts";
import { must } from "./violation.ts";

/** Messages that may be given again, and how many events lie between two. */
const KEPT = 150;
const EVENTS_BETWEEN = 300;
/** Turns after which what was due is done. */
const TURNS = 4;

interface Message {
  topic: string;
  payload: Uint8Array;
}

export class ReplayCheck {
  replays = 0;
  private readonly street: Street;
  private readonly heard: Message[] = [];
  /** Votes that the gateway passed on. */
  private readonly votes = new Set<string>();
  private messages = 0;
  private events = 0;
  private entries = 0;
  private said = 0;

  constructor(street: Street) {
    this.street = street;
  }

  /** It came to the gateway. */
  delivered(topic: string, payload: Uint8Array): void {
    this.heard[this.messages++ % KEPT] = { topic, payload };
  }

  passedOn(vote: Uint8Array): void {
    this.votes.add(hex(vote));
  }

  /** Whether one was given again. */
  async look(): Promise<boolean> {
    const { street, heard } = this;
    if (++this.events % EVENTS_BETWEEN > 0 || heard.length === 0) return false;
    const { gateway } = street;
    const message = heard[this.events % heard.length];
    const address = parseNodeTopic(gateway.area.topics, message.topic);
    const session = address && gateway.area.sessions.get(address.nodeId);
    if (!session || address.kind === "state") return false;
    if (!this.wasTaken(address.kind, session, message.payload)) return false;
    for (let i = 0; i < TURNS; i++) await gateway.onTimer();
    street.weaken(gateway);
    const before = this.facts(gateway);
    const { saidSeq } = session;
    const up = upRecord.decode(message.payload);
    if (street.off.has("numbers") && up.ok) session.saidSeq = up.value.seq - 1;
    gateway.deliver(message.topic, message.payload);
    await gateway.process();
    if (street.off.has("numbers")) session.saidSeq = saidSeq;
    this.replays++;
    const after = this.facts(gateway);
    must(before === after, "I6", () => `${address.kind} again: ${differing(before, after)}`);
    return true;
  }

  /** Whether the gateway knows what it says already. */
  private wasTaken(kind: UpKind, { id, saidSeq }: Session, payload: Uint8Array): boolean {
    if (isNumbered(kind)) {
      const up = upRecord.decode(payload);
      return up.ok && up.value.seq <= saidSeq;
    }
    if (kind === "vote") return this.votes.has(hex(payload));
    // Two asks of one that breaks the rules may prove it only now.
    const author = this.street.members.find((member) => member.id === id);
    return !author?.rogue && kind !== "evidence";
  }

  /** All that messages may change, but for what is on its way. */
  private facts({ area }: Gateway): string {
    for (const { index, kind } of this.street.store.read(this.entries + 1)) {
      this.entries = index;
      if (kind === EntryKind.said || kind === EntryKind.member) this.said++;
    }
    const { dag, votes, chain } = area;
    const lines = [
      `log ${this.said}`,
      `suspended ${[...area.suspended]}`,
      `head ${chain.head?.id}`,
    ];
    for (const {
      node,
      balanceMicro,
      importMwh,
      exportMwh,
      ...one
    } of chain.state.accounts.values())
      lines.push(`${node} ${balanceMicro} ${importMwh} ${exportMwh} ${one.claimedExportMwh}`);
    for (const { reserve, leftMicro, promisedMicro } of chain.state.locks.values())
      lines.push(`${reserve} ${leftMicro} ${promisedMicro}`);
    for (const [key, { state }] of chain.state.pairs) lines.push(`${key} ${state}`);
    for (const one of area.sessions.values())
      lines.push(`${one.id} ${hex(one.digest)} ${one.txSeq} ${one.txTick} ${one.eventCount}`);
    for (let handle = 0; handle < dag.graph.end; handle++) {
      const id = dag.graph.idOf(handle);
      lines.push(`${hex(id)} ${dag.graph.sealed(handle)} ${votes.countOf(id)?.count}`);
    }
    return lines.join("\n");
  }
}

function differing(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const at = now.findIndex((line, i) => line !== old[i]);
  return `${old[at]} became ${now[at]}`;
}
