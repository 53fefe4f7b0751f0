// SPDX-License-Identifier: Apache-2.0
/** The stages that every message goes through: what it is, whether its signatures are right, what it does. */
import { type Code, refuse, type Verdict } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { takeRequest } from "../identity/requests.ts";
import { greet, refuseMember, sendConfig } from "../outbound.ts";
import type { VerifyJob } from "../ports.ts";
import { takeExchanged } from "../smartchain/intake.ts";
import { type Tokens, tokensOf } from "../smartchain/tokens.ts";
import type { Updates } from "../update/updates.ts";
import { repeat, takeEnrol, takeSaid, takeState } from "./apply.ts";
import { decodeMessage, type Parsed } from "./decode.ts";

/** A message as it came, and the gateway (hex) whose broker heard it. */
export interface Inbound {
  topic: string;
  payload: Uint8Array;
  via: string;
  /** Real time of its arrival; of a message of a turn that of the turn. */
  atMs: number;
}

/** What it is. */
export interface Decoded extends Inbound {
  message: Parsed;
}

/** What the signatures of a message say. */
export interface Verified {
  valid: boolean;
  tokens: Tokens | undefined;
}

interface How {
  /** The answers, where they were found before, by the order of the signatures. */
  known?: (job: number) => boolean;
  /** Is told which of them are not right. */
  wrong?: (job: number) => void;
  tokens?: boolean;
}

export class Intake {
  private readonly area: Area;
  private readonly updates: Updates;
  /** A certificate that a node brought along. */
  private readonly present: (message: Extract<Parsed, { what: "present" }>) => void;

  constructor(
    area: Area,
    updates: Updates,
    present: (message: Extract<Parsed, { what: "present" }>) => void,
  ) {
    this.area = area;
    this.updates = updates;
    this.present = present;
  }

  decode(inbound: readonly Inbound[]): Decoded[] {
    const { area } = this;
    const { options, topics, sessions, ports } = area;
    const context = { net: options.net, topics, crypto: ports.crypto, sessions };
    const decoded: Decoded[] = [];
    for (const one of inbound) {
      const message = decodeMessage(context, one.topic, one.payload);
      if (!("ok" in message)) decoded.push({ ...one, message });
      else this.refused(message.code, message.nodeId, message.detail);
    }
    return decoded;
  }

  /** Whether the signature of each is right; and what the tokens of transactions say, with theirs. */
  async verify(decoded: readonly Decoded[], how: How = {}): Promise<Verified[]> {
    const { known, wrong = () => {}, tokens: withTokens = true } = how;
    const jobs: VerifyJob[] = [];
    const verified = decoded.map(({ message }): Verified => {
      if ("job" in message) jobs.push(message.job);
      const tokens = withTokens ? this.tokensIn(message) : undefined;
      if (tokens?.ok) jobs.push(...tokens.jobs);
      return { valid: true, tokens };
    });
    if (jobs.length === 0) return verified;
    const answers = known ? jobs.map((_, i) => known(i)) : await this.ask(jobs);
    answers.forEach((right, i) => {
      if (!right) wrong(i);
    });
    let next = 0;
    decoded.forEach(({ message }, i) => {
      const found = verified[i];
      if ("job" in message) found.valid = answers[next++];
      if (!found.tokens?.ok) return;
      const { length } = found.tokens.jobs;
      if (answers.slice(next, next + length).includes(false))
        found.tokens = refuse("TX_TOKENS", "a token's signature is wrong");
      next += length;
    });
    return verified;
  }

  private ask(jobs: VerifyJob[]): Promise<boolean[]> | boolean[] {
    this.area.counters.signaturesVerified += jobs.length;
    return this.area.ports.verifier.verify(jobs);
  }

  private tokensIn(message: Parsed): Tokens | undefined {
    if (message.what !== "said" || message.said.kind !== "tx") return undefined;
    return tokensOf(this.area, message.session, message.said.tx);
  }

  /** Takes a message in; what does not follow the rules is counted, and changes nothing. */
  apply(batch: Batch, { message, via }: Decoded, { valid, tokens }: Verified): void {
    const nodeId = "nodeId" in message ? message.nodeId : message.session.id;
    if (!valid) return this.refused("BAD_SIGNATURE", nodeId, message.what);
    if (message.what === "present") return this.present(message);
    const verdict = this.take(batch, message, tokens, nodeId, via);
    if (!verdict.ok) this.refused(verdict.code, nodeId, verdict.detail);
  }

  private take(
    batch: Batch,
    message: Exclude<Parsed, { what: "present" }>,
    tokens: Tokens | undefined,
    nodeId: string,
    via: string,
  ): Verdict {
    const { area } = this;
    switch (message.what) {
      case "repeat":
        return repeat(message.session);
      case "fetch":
        return this.updates.serve(batch, message.session, message.asked);
      case "state":
        return takeState(area, nodeId, message.payload, via);
      case "said":
        return takeSaid(area, batch, message, tokens, via);
      case "ask":
      case "token":
      case "evidence":
        return takeExchanged(area, batch, message);
      case "vote":
        return area.votes.take(area, batch, message.session, message.vote, message.payload);
      case "plan":
        return area.scheduler.take(area, message.session, message.plan.value);
      case "request": {
        const { signed, bytes } = message;
        const verdict = takeRequest(area, batch, nodeId, signed.value, bytes);
        if (!verdict.ok) sendConfig(area, batch, nodeId, verdict.code);
        return verdict;
      }
      default: {
        const verdict = takeEnrol(area, batch, message, via);
        if (verdict.ok) greet(area, batch, area.sessions.get(nodeId)!);
        else refuseMember(area, batch, nodeId, verdict.code);
        return verdict;
      }
    }
  }

  refused(code: Code, nodeId: string | undefined, detail: string): void {
    const { counters, ports } = this.area;
    counters.count(code);
    if (code === "DUPLICATE") counters.duplicates++;
    const level = MEANINGS[code].action === "ignore" ? "debug" : "warn";
    ports.log(level, "not-accepted", { code, node: nodeId ?? "", detail });
  }
}
