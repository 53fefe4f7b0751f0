// SPDX-License-Identifier: Apache-2.0
/**
 * The consensus machine with hands: what it puts out is done in its order, and inputs go in one at a time.
 * What has to be durable is on the disk before anything behind it is said.
 */
import { assert } from "#core/errors/assert";
import { Machine } from "../consensus/machine.ts";
import type { HeightContext, Input, Known, MachineOptions, Output } from "../consensus/types.ts";
import type { GatewayPorts } from "../ports.ts";
import type { ConsortiumPorts } from "./ports.ts";
import { Work } from "./work.ts";

/** What the machine asks for beyond disk, link and timers. */
export interface Hands {
  /** What was audited has to be durable before a word about it. */
  beforeKept(): void;
  make(output: Extract<Output, { type: "make" }>): void;
  check(output: Extract<Output, { type: "check" }>): void;
  decide(output: Extract<Output, { type: "decide" }>): void;
  serve(output: Extract<Output, { type: "serve" }>): void;
  evidence(output: Extract<Output, { type: "evidence" }>): void;
  disagree(output: Extract<Output, { type: "disagree" }>): void;
  drop(output: Extract<Output, { type: "drop" }>): void;
}

/** What is kept beside the log: what the consensus signed last. Without it a gateway asks first. */
export const KEPT_SPEECH = "consensus";

/** After so long without a turn a gateway says where it is, ms. */
const QUIET_MS = 20_000;

export class Driver {
  private readonly machine: Machine;
  private readonly ports: GatewayPorts;
  private readonly outside: ConsortiumPorts;
  private readonly hands: Hands;
  private readonly work: Work;
  private readonly inputs: Input[] = [];
  private taking = false;
  private stopped = false;

  private quiet = 0;

  constructor(
    options: MachineOptions,
    ports: GatewayPorts,
    outside: ConsortiumPorts,
    hands: Hands,
  ) {
    this.machine = new Machine(options, ports);
    this.ports = ports;
    this.outside = outside;
    this.hands = hands;
    this.work = new Work(ports.crypto, outside.after);
  }

  get at(): Machine["at"] {
    return this.machine.at;
  }

  get sieve(): Machine["sieve"] {
    return this.machine.sieve;
  }

  /** Who missed the last turn, and hears of no other, learns that there was one. */
  private arm(): void {
    const mine = ++this.quiet;
    this.outside.after(QUIET_MS, () => {
      if (mine !== this.quiet || this.stopped) return;
      this.take({ type: "here" });
      this.arm();
    });
  }

  /** `used`: this key has signed for this consortium, whether or not anybody remembers what. */
  restart(context: HeightContext, used: boolean): void {
    const state = this.ports.store.kept(KEPT_SPEECH);
    const nonce = this.outside.entropy(16);
    const known: Known = state || used ? { state, nonce } : { fresh: true };
    this.take({ type: "restart", known, context });
    this.arm();
  }

  take(input: Input): void {
    if (this.stopped) return;
    if (input.type === "applied") this.arm();
    this.inputs.push(input);
    if (this.taking) return;
    this.taking = true;
    try {
      for (let next = this.inputs.shift(); next && !this.stopped; next = this.inputs.shift())
        for (const output of this.machine.take(next)) this.perform(output);
    } finally {
      this.taking = false;
    }
  }

  stop(): void {
    this.stopped = true;
    this.work.stop();
  }

  private perform(output: Output): void {
    const { outside, hands } = this;
    if (output.type === "persist") {
      hands.beforeKept();
      this.ports.store.keep(KEPT_SPEECH, output.state);
    } else if (output.type === "send") outside.link.send(output.to, output.kind, output.bytes);
    else if (output.type === "timer") {
      const { kind, height, round, afterMs } = output;
      outside.after(afterMs, () => this.take({ type: "timer", kind, height, round }));
    } else if (output.type === "work") {
      const { height, round, seed, target } = output;
      this.work.search(seed, target, (nonce) =>
        this.take({ type: "worked", height, round, nonce }),
      );
    } else if (output.type === "make") hands.make(output);
    else if (output.type === "check") hands.check(output);
    else if (output.type === "decide") {
      this.work.stop();
      hands.decide(output);
    } else if (output.type === "serve") hands.serve(output);
    else if (output.type === "evidence") hands.evidence(output);
    else if (output.type === "disagree") hands.disagree(output);
    else if (output.type === "drop") hands.drop(output);
    else assert(false, "CONSENSUS_OUTPUT");
  }
}
